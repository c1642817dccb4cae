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
	ready    queue
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
	events uint32    // as given: the events and how to tell them
	data   uint64    // the program's own
	next   *interest // in a queue
	queued bool      // in one
	gone   bool
	off    bool // told once, with epollOneShot
}

// wants returns the events that i is to be told of.
func (i *interest) wants() file.Events {
	return file.Events(i.events&^epollModifiers) | file.Error | file.HangUp
}

// queue puts i among those that may be ready. e.mu is held.
func (e *epoll) queue(i *interest) {
	if !i.queued && !i.gone && !i.off {
		e.ready.put(i)
	}
}

// A queue is a list of interests, of which each is in one list at most.
type queue struct {
	first, last *interest
	length      int
}

func (q *queue) put(i *interest) {
	i.queued, i.next = true, nil
	if q.last != nil {
		q.last.next = i
	} else {
		q.first = i
	}
	q.last = i
	q.length++
}

// take takes the first one out; nil if there is none.
func (q *queue) take() *interest {
	i := q.first
	if i == nil {
		return nil
	}
	q.first = i.next
	if q.first == nil {
		q.last = nil
	}
	q.length--
	i.queued, i.next = false, nil
	return i
}

// join moves what is in other to the end of q.
func (q *queue) join(other *queue) {
	if other.first == nil {
		return
	}
	if q.last != nil {
		q.last.next = other.first
	} else {
		q.first = other.first
	}
	q.last = other.last
	q.length += other.length
	*other = queue{}
}

// add begins to watch what key leads to.
func (e *epoll) add(key interestKey, events uint32, data uint64) syscall.Errno {
	i := &interest{epoll: e, key: key, events: events, data: data}
	// When the file may have become ready, so may the instance.
	i.watch = file.Watch{Events: i.wants(), Notify: func(file.Events) {
		e.mu.Lock()
		e.queue(i)
		e.mu.Unlock()
		e.Notify(file.Readable)
	}}
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
		i.watch.Notify(ready)
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

// collect writes to told which files are ready, at most as many as it has room for, and returns how many
// those are. What is not told at its edge only is queued again, behind the others.
func (e *epoll) collect(told []byte) (n int) {
	var again queue
	e.mu.Lock()
	for rest := e.ready.length; rest > 0 && len(told) >= epollEventSize; rest-- {
		i := e.ready.take()
		if i == nil {
			break // another goroutine collects too
		}
		// A file may hold its locks while it notifies: it must not be asked with e.mu held.
		e.mu.Unlock()
		ready := i.key.description.File.Ready()
		e.mu.Lock()
		events := ready & i.wants()
		if events == 0 || i.gone || i.off {
			continue
		}
		putEpollEvent(told, uint32(events), i.data)
		told = told[epollEventSize:]
		n++
		i.off = i.events&epollOneShot != 0
		if i.events&(epollEdge|epollOneShot) == 0 && !i.queued {
			again.put(i)
		}
	}
	more := again.first != nil
	e.ready.join(&again)
	e.mu.Unlock()
	if more {
		e.Notify(file.Readable) // whoever has found nothing meanwhile
	}
	return n
}

// Ready reports whether a call of epoll_wait would return something.
func (e *epoll) Ready() file.Events {
	type question struct {
		file  file.File
		wants file.Events
	}
	var few [8]question
	questions := few[:0]
	e.mu.Lock()
	for i := e.ready.first; i != nil; i = i.next {
		if !i.gone && !i.off {
			questions = append(questions, question{i.key.description.File, i.wants()})
		}
	}
	e.mu.Unlock()
	for _, q := range questions {
		if q.file.Ready()&q.wants != 0 {
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
