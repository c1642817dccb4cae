package linux

import (
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
)

// Events of epoll_ctl beyond those of poll.
const (
	epollOneShot   = 1 << 30
	epollEdge      = 1 << 31
	epollExclusive = 1 << 28
	epollWakeup    = 1 << 29
	epollModifiers = epollOneShot | epollEdge | epollExclusive | epollWakeup
)

// An epoll is an epoll instance: the files that it watches, and those of them that may be ready.
type epoll struct {
	anonymous

	mu       sync.Mutex
	interest map[interestKey]*interest
	ready    []*interest
}

// A file is watched once for each descriptor that was given for it.
type interestKey struct {
	fd          int32
	description *Description
}

// An interest is one file that an epoll instance watches.
type interest struct {
	epoll *epoll
	key   interestKey
	watch file.Watch

	// Below is guarded by epoll.mu.
	events uint32 // as given: the events and how to tell them
	data   uint64 // the program's own
	queued bool
	gone   bool
	off    bool // told once, with epollOneShot
}

// wants returns the events that i is to be told of.
func (i *interest) wants() file.Events {
	return file.Events(i.events&^epollModifiers) | file.Error | file.HangUp
}

// notify queues i. It is called when the file may have become ready.
func (i *interest) notify(file.Events) {
	e := i.epoll
	e.mu.Lock()
	e.queue(i)
	e.mu.Unlock()
	e.Notify(file.Readable)
}

// queue puts i among those that may be ready. e.mu is held.
func (e *epoll) queue(i *interest) {
	if !i.queued && !i.gone && !i.off {
		i.queued = true
		e.ready = append(e.ready, i)
	}
}

// add begins to watch what key leads to.
func (e *epoll) add(key interestKey, events uint32, data uint64) syscall.Errno {
	i := &interest{epoll: e, key: key, events: events, data: data}
	i.watch = file.Watch{Events: i.wants(), Notify: i.notify}
	e.mu.Lock()
	if e.interest[key] != nil {
		e.mu.Unlock()
		return syscall.EEXIST
	}
	if e.interest == nil {
		e.interest = make(map[interestKey]*interest)
	}
	e.interest[key] = i
	e.mu.Unlock()
	if !key.description.File.Watch(&i.watch) {
		e.forget(i)
		return syscall.EPERM
	}
	key.description.epolls.add(i)
	i.refresh()
	return 0
}

// refresh queues i if its file is ready already.
func (i *interest) refresh() {
	i.epoll.mu.Lock()
	wants := i.wants()
	i.epoll.mu.Unlock()
	if ready := i.key.description.File.Ready(); ready&wants != 0 {
		i.notify(ready)
	}
}

// modify changes what is watched for.
func (e *epoll) modify(key interestKey, events uint32, data uint64) syscall.Errno {
	e.mu.Lock()
	i := e.interest[key]
	if i == nil {
		e.mu.Unlock()
		return syscall.ENOENT
	}
	e.mu.Unlock()
	key.description.File.Unwatch(&i.watch)
	e.mu.Lock()
	i.events, i.data, i.off = events, data, false
	i.watch.Events = i.wants()
	gone := i.gone
	e.mu.Unlock()
	if !gone {
		key.description.File.Watch(&i.watch)
		i.refresh()
	}
	return 0
}

// remove ends what add began.
func (e *epoll) remove(key interestKey) syscall.Errno {
	e.mu.Lock()
	i := e.interest[key]
	e.mu.Unlock()
	if i == nil {
		return syscall.ENOENT
	}
	key.description.epolls.remove(i)
	i.stop()
	return 0
}

// stop ends the interest.
func (i *interest) stop() {
	i.key.description.File.Unwatch(&i.watch)
	i.epoll.forget(i)
}

// forget takes i out of the instance.
func (e *epoll) forget(i *interest) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i.gone = true
	if e.interest[i.key] == i {
		delete(e.interest, i.key)
	}
}

// A report is struct epoll_event.
type report struct {
	events uint32
	data   uint64
}

// next takes the first interest off the queue; nil if there is none.
func (e *epoll) next() *interest {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.ready) == 0 {
		return nil
	}
	i := e.ready[0]
	e.ready[0] = nil
	e.ready = e.ready[1:]
	i.queued = false
	return i
}

// collect fills list with the files that are ready, and returns how many those are. What is not told
// at its edge only is queued again, behind the others.
func (e *epoll) collect(list []report) (n int) {
	var again []*interest
	for n < len(list) {
		i := e.next()
		if i == nil {
			break
		}
		// A file may hold its locks while it notifies: it must not be asked with e.mu held.
		ready := i.key.description.File.Ready()
		e.mu.Lock()
		if events := ready & i.wants(); events != 0 && !i.gone && !i.off {
			list[n] = report{uint32(events), i.data}
			n++
			i.off = i.events&epollOneShot != 0
			if i.events&(epollEdge|epollOneShot) == 0 {
				again = append(again, i)
			}
		}
		e.mu.Unlock()
	}
	if again != nil {
		e.mu.Lock()
		for _, i := range again {
			e.queue(i)
		}
		e.mu.Unlock()
	}
	return n
}

// Ready reports whether a call of epoll_wait would return something.
func (e *epoll) Ready() file.Events {
	e.mu.Lock()
	var ask []file.File
	var wants []file.Events
	for _, i := range e.ready {
		if !i.gone && !i.off {
			ask = append(ask, i.key.description.File)
			wants = append(wants, i.wants())
		}
	}
	e.mu.Unlock()
	for k, f := range ask {
		if f.Ready()&wants[k] != 0 {
			return file.Readable
		}
	}
	return 0
}

func (e *epoll) Close() syscall.Errno {
	e.mu.Lock()
	all := make([]*interest, 0, len(e.interest))
	for _, i := range e.interest {
		all = append(all, i)
	}
	e.mu.Unlock()
	for _, i := range all {
		i.key.description.epolls.remove(i)
		i.stop()
	}
	e.Notify(file.HangUp)
	return 0
}

// interests are those of all epoll instances in one description, which end with it.
type interests struct {
	mu  sync.Mutex
	all map[*interest]struct{}
}

func (s *interests) add(i *interest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = make(map[*interest]struct{})
	}
	s.all[i] = struct{}{}
}

func (s *interests) remove(i *interest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, i)
}

// closed ends them all.
func (s *interests) closed() {
	s.mu.Lock()
	all := s.all
	s.all = nil
	s.mu.Unlock()
	for i := range all {
		i.stop()
	}
}
