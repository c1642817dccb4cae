package file

import (
	"sync"
	"sync/atomic"
)

// Watchers is the list of the watches of one file, for implementations of File: Watch, Unwatch and
// Notify do what File asks for. The zero value is an empty list.
//
// The list's lock comes after every lock of the file: Watch, Unwatch and Notify may be called with
// those held. Notify comes after what it tells of has happened, and whoever watches looks once more after
// Watch: so one of them sees the other, and Notify need not take the lock where there is no watch.
//
// Once Unwatch has returned, the watch's Notify is not running and will not run again.
type Watchers struct {
	mu    sync.Mutex
	first atomic.Pointer[Watch]
}

// Watch adds w and returns true, as File.Watch of a file that may block does. A watch is on one
// list at a time.
func (l *Watchers) Watch(w *Watch) bool {
	l.mu.Lock()
	first := l.first.Load()
	w.next, w.previous = first, nil
	if first != nil {
		first.previous = w
	}
	l.first.Store(w)
	w.listed = true
	l.mu.Unlock()
	return true
}

// Unwatch removes w, if it is on the list.
func (l *Watchers) Unwatch(w *Watch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !w.listed {
		return
	}
	if w.next != nil {
		w.next.previous = w.previous
	}
	if w.previous != nil {
		w.previous.next = w.next
	} else {
		l.first.Store(w.next)
	}
	w.next, w.previous, w.listed = nil, nil, false
}

// Notify tells every watch that is interested in one of events, or in any case of Error and HangUp.
func (l *Watchers) Notify(events Events) {
	if l.first.Load() != nil {
		l.notify(events)
	}
}

func (l *Watchers) notify(events Events) {
	l.mu.Lock()
	for w := l.first.Load(); w != nil; w = w.next {
		if hit := events & (w.Events | Error | HangUp); hit != 0 {
			w.Notify(hit)
		}
	}
	l.mu.Unlock()
}

// Empty reports whether nobody watches.
func (l *Watchers) Empty() bool { return l.first.Load() == nil }
