package linux

import (
	"sync/atomic"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
)

// A Description is an open file description: a file with the status flags it was opened with.
// Descriptors lead to it, several after dup.
type Description struct {
	File file.File

	reads, writes bool // what it was opened for
	path          bool // it was opened with O_PATH, and for nothing
	immediate     bool // File is file.Immediate

	seeker  file.Seeker  // File, if it has positions
	flags   atomic.Int32 // O_...: access mode and status flags
	holders atomic.Int32 // descriptors, and others that called Hold
	closed  atomic.Bool
	epolls  interests
}

// Flags of open(2) that package syscall does not have.
const (
	oPath      = 0x200000
	oTmpfile   = 0x400000 | syscall.O_DIRECTORY
	oLargefile = 0x8000

	// The flags that stay with a description; the others matter at open only.
	statusFlags = syscall.O_APPEND | syscall.O_NONBLOCK | syscall.O_SYNC | syscall.O_ASYNC |
		syscall.O_DIRECT | syscall.O_NOATIME
	// The flags that F_SETFL changes.
	settableFlags = syscall.O_APPEND | syscall.O_NONBLOCK | syscall.O_ASYNC |
		syscall.O_DIRECT | syscall.O_NOATIME
)

// NewDescription returns a description of f with the given access mode and status flags. Nobody
// holds it yet.
func NewDescription(f file.File, flags int) *Description {
	d := NewStream(f, flags)
	d.seeker, _ = f.(file.Seeker)
	return d
}

// NewStream is NewDescription of a file without positions, which saves finding that out.
func NewStream(f file.File, flags int) *Description {
	d := &Description{File: f}
	mode := flags&syscall.O_ACCMODE + 1 // bits for reading and for writing; mode 3 has neither
	d.path = flags&oPath != 0
	d.reads, d.writes = mode&1 != 0 && !d.path, mode&2 != 0 && !d.path
	_, d.immediate = f.(file.Immediate)
	d.flags.Store(int32(flags & (syscall.O_ACCMODE | statusFlags | oPath | oLargefile |
		oTmpfile | syscall.O_NOFOLLOW)))
	return d
}

// Flags returns the access mode and status flags.
func (d *Description) Flags() int { return int(d.flags.Load()) }

// NonBlocking reports whether O_NONBLOCK is set.
func (d *Description) NonBlocking() bool { return d.flags.Load()&syscall.O_NONBLOCK != 0 }

// setFlags is F_SETFL.
func (d *Description) setFlags(flags int) {
	for {
		old := d.flags.Load()
		changed := old&^settableFlags | int32(flags)&settableFlags
		if d.flags.CompareAndSwap(old, changed) {
			break
		}
	}
	if f, ok := d.File.(file.FlagSetter); ok {
		f.SetFlags(d.Flags())
	}
}

// Hold keeps the description open until Release, as a descriptor would (a message that carries it
// does).
func (d *Description) Hold() { d.holders.Add(1) }

// Release gives up what Hold or a descriptor held; the last one closes the file.
func (d *Description) Release() syscall.Errno {
	if d.holders.Add(-1) != 0 {
		return 0
	}
	d.closed.Store(true)
	d.epolls.closed()
	d.tellClosed()
	if e, ok := d.entry(); ok {
		e.Node().ReleaseLocks(d)
	}
	return d.File.Close()
}
