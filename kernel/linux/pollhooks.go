package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/machine"
)

// A registration is a descriptor that package internal/poll has handed to the netpoller: the
// goroutines that wait for it are the runtime's, found by token.
type registration struct {
	watch file.Watch
	file  file.File
}

func (r *registration) stop() { r.file.Unwatch(&r.watch) }

// PollOpen is the netpoller's hook for a descriptor that package internal/poll opens; see
// machine.SetPollHooks.
func PollOpen(fd int32, token uintptr) uintptr {
	descriptors.mu.Lock()
	defer descriptors.mu.Unlock()
	c, i := at(int(fd))
	if c == nil || c.used&(1<<i) == 0 {
		return uintptr(syscall.EBADF)
	}
	if c.polled[i] != nil {
		return uintptr(syscall.EEXIST)
	}
	d := c.open[i].Load()
	r := &registration{file: d.File}
	r.watch.Events = file.Readable | file.Writable | file.ReadHalf
	r.watch.Notify = func(events file.Events) { ready(token, events) }
	if !d.File.Watch(&r.watch) {
		return uintptr(syscall.EPERM)
	}
	c.polled[i] = r
	ready(token, d.File.Ready())
	return 0
}

// PollClose ends what PollOpen began.
func PollClose(fd int32) uintptr {
	descriptors.mu.Lock()
	defer descriptors.mu.Unlock()
	c, i := at(int(fd))
	if c == nil || c.polled[i] == nil {
		return uintptr(syscall.ENOENT)
	}
	c.polled[i].stop()
	c.polled[i] = nil
	return 0
}

// ready tells the netpoller of events.
func ready(token uintptr, events file.Events) {
	const both = file.Error | file.HangUp
	r := events&(file.Readable|file.ReadHalf|both) != 0
	w := events&(file.Writable|both) != 0
	if r || w {
		machine.Ready(token, r, w)
	}
}
