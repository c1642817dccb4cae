package linux

import (
	"syscall"
	"testing"
	"time"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/machine"
	"golang.org/x/sys/unix"
)

// A hastyFile becomes readable between a read that has nothing and the wait for it.
type hastyFile struct {
	anonymous
	reads int
}

func (f *hastyFile) Read(p []byte) (int, syscall.Errno) {
	if f.reads++; f.reads == 1 {
		return 0, syscall.EAGAIN
	}
	return 1, 0
}

func (f *hastyFile) Ready() file.Events   { return file.Readable }
func (f *hastyFile) Close() syscall.Errno { return 0 }

func TestNoEventIsMissed(t *testing.T) {
	reset()
	fd, _ := Install(new(hastyFile), syscall.O_RDWR, false)
	soon(t, "read", later(func() { must(t, unix.SYS_READ, fd, make([]byte, 1), 1) }))
}

// A quietFile is never ready.
type quietFile struct{ anonymous }

func (f *quietFile) Ready() file.Events   { return 0 }
func (f *quietFile) Close() syscall.Errno { return 0 }

func TestWaitEnds(t *testing.T) {
	f := new(quietFile)
	d := NewDescription(f, syscall.O_RDWR)
	for range 5 { // whatever the waiters that are used again have heard before
		w := newWaiter(file.Readable)
		f.Watch(&w.watch)
		f.Notify(file.Readable)
		f.Unwatch(&w.watch)
		w.put()
		began := time.Now()
		if errno := d.Wait(file.Readable, machine.Uptime()+5e6); errno != syscall.EAGAIN || time.Since(began) < 5*time.Millisecond {
			t.Errorf("%v after %v", errno, time.Since(began))
		}
	}
	if errno := d.Wait(file.Readable, machine.Uptime()-1); errno != syscall.EAGAIN {
		t.Error("a deadline that has passed:", errno)
	}
	if !f.Empty() {
		t.Error("still watched")
	}
	d.Hold()
	d.Release()
	if errno := d.Wait(file.Readable, Never); errno != syscall.EBADF {
		t.Error("closed:", errno)
	}
}
