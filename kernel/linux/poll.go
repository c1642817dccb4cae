package linux

import (
	"math"
	"sync"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/machine"
)

// invalid is POLLNVAL: the descriptor is not open.
const invalid file.Events = 0x20

// A pollFD is struct pollfd.
type pollFD struct {
	fd      int32
	events  int16
	revents int16
}

// A pollWait is one call of poll that waits: a bell, and a watch for each of its files.
type pollWait struct {
	bell
	watches []file.Watch
	files   []file.File
}

var pollWaits = sync.Pool{New: func() any { return &pollWait{bell: newBell()} }}

// waitAny fills in the revents of list, and waits until the deadline for one to have some. It returns
// how many have.
func waitAny(list []pollFD, deadline int64) int {
	if n := pollNow(list); n > 0 || deadline <= machine.Uptime() {
		return n
	}
	w := pollWaits.Get().(*pollWait)
	defer pollWaits.Put(w)
	w.watch(list)
	defer w.unwatch()
	for {
		if n := pollNow(list); n > 0 {
			return n
		}
		if !w.park(deadline) {
			return pollNow(list)
		}
	}
}

// pollNow fills in the revents of list, and returns how many have some.
func pollNow(list []pollFD) (n int) {
	for i := range list {
		p := &list[i]
		p.revents = 0
		if p.fd < 0 {
			continue
		}
		events := invalid
		if d, errno := Lookup(uintptr(p.fd)); errno == 0 {
			events = d.File.Ready() & (file.Events(uint16(p.events)) | file.Error | file.HangUp)
		}
		if events != 0 {
			p.revents = int16(events)
			n++
		}
	}
	return n
}

// watch begins to watch the files of list.
func (w *pollWait) watch(list []pollFD) {
	if cap(w.watches) < len(list) {
		w.watches = make([]file.Watch, len(list))
	}
	w.watches = w.watches[:len(list)]
	for i, p := range list {
		var f file.File
		if d, errno := Lookup(uintptr(p.fd)); p.fd >= 0 && errno == 0 {
			w.watches[i] = file.Watch{
				Events: file.Events(uint16(p.events)),
				Notify: func(file.Events) { w.ring() },
			}
			if d.File.Watch(&w.watches[i]) {
				f = d.File
			}
		}
		w.files = append(w.files, f)
	}
}

// unwatch ends what watch began, and forgets the files.
func (w *pollWait) unwatch() {
	for i, f := range w.files {
		if f != nil {
			f.Unwatch(&w.watches[i])
		}
	}
	clear(w.files)
	clear(w.watches)
	w.files = w.files[:0]
	w.silence()
}

// after returns the deadline that is d from now.
func after(d time.Duration) int64 {
	now := machine.Uptime()
	if int64(d) > math.MaxInt64-now {
		return Never
	}
	return now + int64(d)
}

// deadline returns when the timeout passes that is a struct timespec at p, null for never.
func deadline(p Pointer) (int64, syscall.Errno) {
	if p.IsNil() {
		return Never, 0
	}
	d, errno := duration(p)
	return after(d), errno
}

// milliseconds returns when a timeout in milliseconds passes, negative for never.
func milliseconds(timeout int32) int64 {
	if timeout < 0 {
		return Never
	}
	return after(time.Duration(timeout) * time.Millisecond)
}

func sysPoll(a *call.Arguments) (uintptr, syscall.Errno) {
	return poll(a, milliseconds(int32(a.Value[2])))
}

func sysPpoll(a *call.Arguments) (uintptr, syscall.Errno) {
	end, errno := deadline(Argument(a, 2))
	if errno != 0 {
		return 0, errno
	}
	return poll(a, end)
}

// poll waits for the struct pollfds that the first two arguments give.
func poll(a *call.Arguments, end int64) (uintptr, syscall.Errno) {
	const size = 8
	count := uintptr(uint32(a.Value[1]))
	if count > maxDescriptors {
		return 0, syscall.EINVAL
	}
	m, errno := Borrow(Argument(a, 0), count*size, In|Out)
	if errno != 0 {
		return 0, errno
	}
	list := make([]pollFD, count)
	for i := range list {
		p := m.Bytes[i*size:]
		list[i] = pollFD{fd: int32(getUint32(p)), events: int16(getUint32(p[4:]))}
	}
	n := waitAny(list, end)
	for i, p := range list {
		m.Bytes[i*size+6] = byte(p.revents)
		m.Bytes[i*size+7] = byte(p.revents >> 8)
	}
	return uintptr(n), m.Return(Argument(a, 0), len(m.Bytes))
}
