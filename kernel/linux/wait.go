package linux

import (
	"math"
	"sync"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/machine"
)

// Never is the deadline of a party that waits for ever. Deadlines are times of machine.Uptime.
const Never = math.MaxInt64

// Wait parks the calling goroutine until the file may be ready for one of events. It returns EAGAIN
// at the deadline, EBADF when the file is closed, 0 otherwise.
func (d *Description) Wait(events file.Events, deadline int64) syscall.Errno {
	w := newWaiter(events)
	if !d.File.Watch(&w.watch) {
		waiters.Put(w)
		return syscall.EAGAIN
	}
	var errno syscall.Errno
	if !d.closed.Load() && d.File.Ready()&(events|file.Error|file.HangUp) == 0 && !w.park(deadline) {
		errno = syscall.EAGAIN
	}
	d.File.Unwatch(&w.watch)
	w.put()
	if d.closed.Load() {
		return syscall.EBADF
	}
	return errno
}

// A waiter is one goroutine that waits for one file.
type waiter struct {
	watch file.Watch
	bell
}

var waiters = sync.Pool{New: func() any {
	w := &waiter{bell: newBell()}
	w.watch.Notify = func(file.Events) { w.ring() }
	return w
}}

func newWaiter(events file.Events) *waiter {
	w := waiters.Get().(*waiter)
	w.watch.Events = events
	return w
}

// put keeps w, whose watch has ended, for the next one who waits.
func (w *waiter) put() {
	w.silence()
	waiters.Put(w)
}

// A bell wakes one goroutine. Rung before anybody parks, it wakes the next one at once.
type bell chan struct{}

func newBell() bell { return make(bell, 1) }

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// silence forgets that the bell was rung.
func (b bell) silence() {
	select {
	case <-b:
	default:
	}
}

// park waits for the bell; false means that the deadline came first.
func (b bell) park(deadline int64) bool {
	// What rings it may come from outside: the program is not deadlocked.
	machine.BeginWait()
	defer machine.EndWait()
	if deadline == Never {
		<-b
		return true
	}
	left := time.Duration(deadline - machine.Uptime())
	if left <= 0 {
		select {
		case <-b:
			return true
		default:
			return false
		}
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-b:
		return true
	case <-timer.C:
		return false
	}
}
