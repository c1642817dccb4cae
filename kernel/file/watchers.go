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
// Watch: so one of them sees the other, and Notify need not take the lock where nobody asks for that event.
//
// Once Unwatch has returned, the watch's Notify is not running and will not run again.
type Watchers struct {
	mu    sync.Mutex
	first *Watch

	// asked are the events that watches ask for, perhaps also some that watches asked for which have gone while
	// others are still there. 0 if there is no watch.
	asked atomic.Uint32
}

// Watch adds w and returns true, as File.Watch of a file that may block does. A watch is on one
// list at a time.
func (l *Watchers) Watch(w *Watch) bool {
	l.mu.Lock()
	w.next, w.previous = l.first, nil
	if l.first != nil {
		l.first.previous = w
	}
	l.first = w
	w.listed = true
	l.asked.Store(l.asked.Load() | uint32(w.Events|Error|HangUp))
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
		l.first = w.next
	}
	if l.first == nil {
		l.asked.Store(0)
	}
	w.next, w.previous, w.listed = nil, nil, false
}

// Notify tells every watch that is interested in one of events, or in any case of Error and HangUp.
func (l *Watchers) Notify(events Events) {
	if l.asked.Load()&uint32(events) != 0 {
		l.notify(events)
	}
}

func (l *Watchers) notify(events Events) {
	l.mu.Lock()
	for w := l.first; w != nil; w = w.next {
		if hit := events & (w.Events | Error | HangUp); hit != 0 {
			w.Notify(hit)
		}
	}
	l.mu.Unlock()
}

// Empty reports whether nobody watches.
func (l *Watchers) Empty() bool { return l.asked.Load() == 0 }
