package fs

import "syscall"

// Seals say what can never again happen to a file, for whoever shares its memory. Only a file that memfd_create made so
// takes any: all others have SealSeal from the start.
type Seals uint32

// The seals (Linux, include/uapi/linux/fcntl.h).
const (
	SealSeal Seals = 1 << iota // no seal is added
	SealShrink
	SealGrow
	SealWrite
	SealFutureWrite // but by the mappings that there are
	SealExecute     // the permission to execute stays as it is

	allSeals = 1<<iota - 1
)

// Seals returns those of n; EINVAL if it is no regular file in memory.
func (n *Node) Seals() (Seals, syscall.Errno) {
	if n.data == nil {
		return 0, syscall.EINVAL
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.data.seals(), 0
}

// seals are what may not happen to the file. The node's lock is held.
func (d *data) seals() Seals {
	if !d.sealable {
		return SealSeal
	}
	return d.sealed
}

// Seal adds seals. busy says that the program has mapped the file to write to it.
func (n *Node) Seal(added Seals, busy bool) syscall.Errno {
	switch {
	case added&^allSeals != 0, n.data == nil:
		return syscall.EINVAL
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	switch old := n.data.seals(); {
	case old&SealSeal != 0:
		return syscall.EPERM
	case added&SealWrite != 0 && old&SealWrite == 0 && busy:
		return syscall.EBUSY
	case added&SealExecute != 0 && n.mode&0o111 != 0:
		added |= SealShrink | SealGrow | SealWrite | SealFutureWrite
	}
	n.data.sealed |= added
	return 0
}

// mayResize says whether the file may become size bytes long. The node's lock is held.
func (d *data) mayResize(size int64) syscall.Errno {
	if s := d.seals(); size < d.size && s&SealShrink != 0 || size > d.size && s&SealGrow != 0 {
		return syscall.EPERM
	}
	return 0
}

// mayWrite returns how many of n bytes may be written at offset: where the file may not grow, whole pages up to the one
// where it would. The node's lock is held.
func (d *data) mayWrite(offset int64, n int) (int, syscall.Errno) {
	s := d.seals()
	switch {
	case s&(SealWrite|SealFutureWrite) != 0:
		return 0, syscall.EPERM
	case s&SealGrow == 0 || offset+int64(n) <= d.size:
		return n, 0
	}
	if fit := d.size&^(pageSize-1) - offset; fit > 0 {
		return int(fit), 0
	}
	return 0, syscall.EPERM
}
