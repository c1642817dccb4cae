package syslog

import (
	"strconv"
	"sync"
	"time"
)

// A queue keeps records until they are sent, as long as there is room. What comes then is dropped, and counted: what
// was there before is what tells how things began to go wrong.
type queue struct {
	room int

	// mu guards what follows. Nothing is called and nobody waits while it is held, but for the conditions.
	mu      sync.Mutex
	some    sync.Cond // there is something to do for who takes
	records []record
	used    int             // what records cost
	dropped uint64          // since the last time that this was said
	waiting []chan struct{} // of those in drain
	hand    record          // what was taken last, if handed: it may be on its way still
	handed  bool
}

func (q *queue) init(room int) {
	q.room = room
	q.some.L = &q.mu
}

// put appends r, or drops it.
func (q *queue) put(r record) {
	q.mu.Lock()
	defer q.mu.Unlock()
	cost := r.cost()
	if q.used+cost > q.room {
		q.dropped++
		q.some.Signal()
		return
	}
	q.admit()
	q.records = append(q.records, r)
	q.used += cost
	q.some.Signal()
}

// drop counts what was lost before it could be put here.
func (q *queue) drop(lost uint64) {
	if lost > 0 {
		q.mu.Lock()
		q.dropped++
		q.some.Signal()
		q.mu.Unlock()
	}
}

// admit appends how many records were dropped here, if any were. q.mu is held.
func (q *queue) admit() {
	if q.dropped == 0 {
		return
	}
	lines := " lines were"
	if q.dropped == 1 {
		lines = " line was"
	}
	r := record{time: time.Now(), priority: kernel | warning, kind: "kernel",
		text: "ringo: " + strconv.FormatUint(q.dropped, 10) + lines + " dropped here: there was no room while the log's server was away"}
	q.dropped = 0
	q.records = append(q.records, r)
	q.used += r.cost()
}

// take waits for a record, and takes it; the one before was sent. Where none is left and somebody waits in drain, it
// returns false: settled is to be called.
func (q *queue) take() (r record, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hand, q.handed = record{}, false
	for {
		if len(q.records) == 0 {
			q.admit()
		}
		switch {
		case len(q.records) > 0:
			r = q.records[0]
			q.records[0] = record{}
			if q.records = q.records[1:]; len(q.records) == 0 {
				q.records = nil // nor its array
			}
			q.used -= r.cost()
			q.hand, q.handed = r, true
			return r, true
		case len(q.waiting) > 0:
			return r, false
		}
		q.some.Wait()
	}
}

// settled says that everything that was taken has got to where it should.
func (q *queue) settled() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.records) > 0 {
		return // the next time
	}
	for _, c := range q.waiting {
		close(c)
	}
	q.waiting = nil
}

// drain waits until everything is sent and settled, or patience is at an end.
func (q *queue) drain(patience time.Duration) bool {
	done := make(chan struct{})
	q.mu.Lock()
	q.waiting = append(q.waiting, done)
	q.some.Signal()
	q.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
