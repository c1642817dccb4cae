package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
)

// What a program says about how it will read and write a file changes nothing: the file is in memory. But what is wrong
// with saying so is told.

// kind returns the type of d's file.
func (d *Description) kind() uint32 {
	var st syscall.Stat_t
	d.File.Status(&st)
	return st.Mode & syscall.S_IFMT
}

func sysFadvise64(a *call.Arguments) (uintptr, syscall.Errno) {
	const last = 5 // POSIX_FADV_NOREUSE
	d, errno := Lookup(a.Value[0])
	switch {
	case errno != 0:
		return 0, errno
	case d.kind() == syscall.S_IFIFO:
		return 0, syscall.ESPIPE
	case int64(a.Value[2]) < 0, uint32(a.Value[3]) > last:
		return 0, syscall.EINVAL
	}
	return 0, 0
}

func sysReadahead(a *call.Arguments) (uintptr, syscall.Errno) {
	d := source(a.Value[0])
	if d == nil {
		return 0, syscall.EBADF
	}
	if d.kind() != syscall.S_IFREG || int64(a.Value[2]) < 0 {
		return 0, syscall.EINVAL
	}
	return 0, 0
}

func sysSyncFileRange(a *call.Arguments) (uintptr, syscall.Errno) {
	const all = 7 // SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE and _WAIT_AFTER
	offset, count := int64(a.Value[1]), int64(a.Value[2])
	d, errno := Lookup(a.Value[0])
	switch {
	case errno != 0:
		return 0, errno
	case uint32(a.Value[3])&^all != 0, offset < 0, offset+count < offset:
		return 0, syscall.EINVAL
	}
	switch d.kind() {
	case syscall.S_IFREG, syscall.S_IFDIR, syscall.S_IFBLK, syscall.S_IFLNK:
		return 0, 0
	}
	return 0, syscall.ESPIPE
}
