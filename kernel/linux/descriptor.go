package linux

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
)

// descriptors is the table of descriptors. Looking one up takes no lock: chunks are made when they
// are needed and never move, and the list of them is replaced when one is added.
var descriptors struct {
	mu     sync.Mutex
	chunks atomic.Pointer[[]*chunk] // never nil; what it points to never changes
	first  int                      // no chunk before this one has a free slot
	limit  atomic.Int64             // RLIMIT_NOFILE; 0 is maxDescriptors
}

func init() { descriptors.chunks.Store(new([]*chunk)) }

const (
	chunkSize      = 64
	maxDescriptors = 1 << 20
)

// A chunk is chunkSize descriptors; all but open is guarded by descriptors.mu.
type chunk struct {
	open        [chunkSize]atomic.Pointer[Description]
	used        uint64
	closeOnExec uint64
	polled      [chunkSize]*registration
}

// find returns what fd leads to, nil if it is not open.
func find(fd uintptr) *Description {
	chunks, i := *descriptors.chunks.Load(), uint(int32(fd))
	if i/chunkSize >= uint(len(chunks)) || chunks[i/chunkSize] == nil {
		return nil
	}
	return chunks[i/chunkSize].open[i%chunkSize].Load()
}

// at returns the slot of fd, nil if there is none yet.
func at(fd int) (c *chunk, i int) {
	chunks := *descriptors.chunks.Load()
	if uint(fd) >= uint(len(chunks)*chunkSize) {
		return nil, 0
	}
	return chunks[fd/chunkSize], fd % chunkSize
}

// Lookup returns what the descriptor in an argument leads to, EBADF if it is not open or was opened
// with O_PATH.
func Lookup(fd uintptr) (*Description, syscall.Errno) {
	d := find(fd)
	if d == nil || d.path {
		return nil, syscall.EBADF
	}
	return d, 0
}

// lookupPath is Lookup for the calls that accept descriptors opened with O_PATH too.
func lookupPath(fd uintptr) (*Description, syscall.Errno) {
	d := find(fd)
	if d == nil {
		return nil, syscall.EBADF
	}
	return d, 0
}

// lookupAs returns the file of kind T that fd leads to, with its description; EINVAL if it is of another
// kind.
func lookupAs[T file.File](fd uintptr) (f T, d *Description, errno syscall.Errno) {
	if d, errno = Lookup(fd); errno != 0 {
		return f, nil, errno
	}
	f, ok := d.File.(T)
	if !ok {
		return f, nil, syscall.EINVAL
	}
	return f, d, 0
}

// Install opens the lowest free descriptor for a new file.
func Install(f file.File, flags int, closeOnExec bool) (fd int, errno syscall.Errno) {
	fd, errno = InstallDescription(NewDescription(f, flags), 0, closeOnExec)
	if errno != 0 {
		f.Close()
	}
	return fd, errno
}

// InstallDescription opens the lowest free descriptor that is not below least for d.
func InstallDescription(d *Description, least int, closeOnExec bool) (fd int, errno syscall.Errno) {
	descriptors.mu.Lock()
	defer descriptors.mu.Unlock()
	fd = lowestFree(least)
	if fd >= descriptorLimit() {
		return -1, syscall.EMFILE
	}
	grow(fd)
	install(d, fd, closeOnExec)
	return fd, 0
}

// descriptorLimit is the first descriptor that cannot be opened.
func descriptorLimit() int {
	if limit := descriptors.limit.Load(); limit != 0 {
		return int(limit)
	}
	return maxDescriptors
}

// lowestFree returns the lowest free descriptor that is not below least. descriptors.mu is held.
func lowestFree(least int) int {
	chunks := *descriptors.chunks.Load()
	from := max(least/chunkSize, descriptors.first)
	for i := from; i < len(chunks); i++ {
		free := ^uint64(0)
		if c := chunks[i]; c != nil {
			free = ^c.used
		}
		if free == 0 && i == descriptors.first {
			descriptors.first++
		}
		if i == least/chunkSize {
			free &= ^uint64(0) << (least % chunkSize)
		}
		if free != 0 {
			return i*chunkSize + bits.TrailingZeros64(free)
		}
	}
	return max(least, len(chunks)*chunkSize)
}

// grow makes room for fd. descriptors.mu is held.
func grow(fd int) {
	if c, _ := at(fd); c != nil {
		return
	}
	old := *descriptors.chunks.Load()
	grown := make([]*chunk, max(len(old), fd/chunkSize+1))
	copy(grown, old)
	grown[fd/chunkSize] = new(chunk)
	descriptors.chunks.Store(&grown)
}

// install puts d, held once more, into the free slot fd. descriptors.mu is held.
func install(d *Description, fd int, closeOnExec bool) {
	c, i := at(fd)
	d.Hold()
	c.used |= 1 << i
	setBit(&c.closeOnExec, i, closeOnExec)
	c.open[i].Store(d)
}

func setBit(word *uint64, i int, set bool) {
	*word &^= 1 << i
	if set {
		*word |= 1 << i
	}
}

// remove frees slot fd and returns what was there, nil if nothing was. descriptors.mu is held; the
// caller releases the description after that lock.
func remove(fd int) *Description {
	c, i := at(fd)
	if c == nil || c.used&(1<<i) == 0 {
		return nil
	}
	if r := c.polled[i]; r != nil {
		c.polled[i] = nil
		r.stop()
	}
	c.used &^= 1 << i
	descriptors.first = min(descriptors.first, fd/chunkSize)
	return c.open[i].Swap(nil)
}

// closeDescriptor is close(2).
func closeDescriptor(fd int) syscall.Errno {
	descriptors.mu.Lock()
	d := remove(fd)
	descriptors.mu.Unlock()
	if d == nil {
		return syscall.EBADF
	}
	return d.dropped()
}

// dropped gives up what a descriptor held. As POSIX has it, the process loses its locks on a file
// with any descriptor for it.
func (d *Description) dropped() syscall.Errno {
	if e, ok := d.entry(); ok && d.Flags()&oPath == 0 {
		e.Node().ReleaseLocks(&process)
	}
	return d.Release()
}

// replace makes fd lead to d, whatever it led to before.
func replace(fd int, d *Description, closeOnExec bool) syscall.Errno {
	if uint(fd) >= uint(descriptorLimit()) {
		return syscall.EBADF
	}
	descriptors.mu.Lock()
	old := remove(fd)
	grow(fd)
	install(d, fd, closeOnExec)
	descriptors.mu.Unlock()
	if old != nil {
		old.dropped()
	}
	return 0
}

// closeOnExec and setCloseOnExec are the flag that nobody ever acts upon: there is no exec.
func closeOnExec(fd int) bool {
	descriptors.mu.Lock()
	defer descriptors.mu.Unlock()
	c, i := at(fd)
	return c != nil && c.closeOnExec>>i&1 != 0
}

func setCloseOnExec(fd int, on bool) {
	descriptors.mu.Lock()
	defer descriptors.mu.Unlock()
	if c, i := at(fd); c != nil {
		setBit(&c.closeOnExec, i, on)
	}
}

// openDescriptors returns the descriptors that are open, in order.
func openDescriptors() []int {
	descriptors.mu.Lock()
	defer descriptors.mu.Unlock()
	var list []int
	for n, c := range *descriptors.chunks.Load() {
		if c == nil {
			continue
		}
		for used := c.used; used != 0; used &= used - 1 {
			list = append(list, n*chunkSize+bits.TrailingZeros64(used))
		}
	}
	return list
}

// OpenDescriptions returns what the open descriptors lead to, each once, in their order.
func OpenDescriptions() []*Description {
	var list []*Description
	seen := make(map[*Description]bool)
	for _, fd := range openDescriptors() {
		if d := find(uintptr(fd)); d != nil && !seen[d] {
			seen[d] = true
			list = append(list, d)
		}
	}
	return list
}
