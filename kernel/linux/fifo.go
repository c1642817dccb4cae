package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/fs"
)

// A namedPipe is an open end of a pipe that has a place in the tree of files (mkfifo).
type namedPipe struct {
	pipeEnd
	entry *fs.Entry
}

func (f *namedPipe) Entry() *fs.Entry { return f.entry }

func (f *namedPipe) Close() syscall.Errno {
	errno := f.pipeEnd.Close()
	f.entry.Release()
	return errno
}

func (f *namedPipe) Status(st *syscall.Stat_t) syscall.Errno {
	f.entry.Node().Status(st)
	return 0
}

// openNamedPipe opens the pipe e, which is held for the open file. Unless O_NONBLOCK is set, it waits
// until somebody has opened the other end.
func openNamedPipe(e *fs.Entry, flags int) (file.File, syscall.Errno) {
	mode := flags & syscall.O_ACCMODE
	if mode == syscall.O_ACCMODE {
		return nil, syscall.EINVAL
	}
	p := e.Node().Attach(func() any { return &pipe{size: pipeSize} }).(*pipe)
	f := &namedPipe{pipeEnd{pipe: p, flags: mode}, e}
	f.join()
	switch other := f.others(); {
	case mode == syscall.O_RDWR:
	case flags&syscall.O_NONBLOCK == 0:
		f.await(other)
	case mode == syscall.O_WRONLY && other.here == 0:
		f.pipeEnd.Close()
		return nil, syscall.ENXIO
	}
	return f, 0
}

// others says how many ends of the other kind there are now, and ever were.
type others struct {
	here int
	ever uint64
}

func (f *namedPipe) others() others {
	f.pipe.mu.Lock()
	defer f.pipe.mu.Unlock()
	if f.flags == syscall.O_RDONLY {
		return others{f.writers, f.joined.writers}
	}
	return others{f.readers, f.joined.readers}
}

// await waits until there is another end, or was one since before.
func (f *namedPipe) await(before others) {
	w := newWaiter(file.Readable | file.Writable)
	defer w.put()
	f.Watch(&w.watch)
	defer f.Unwatch(&w.watch)
	for now := f.others(); now.here == 0 && now.ever == before.ever; now = f.others() {
		w.park(Never)
	}
}
