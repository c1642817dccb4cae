package linux

import (
	"sync"
	"time"

	"github.com/ringo-os/ringo/kernel/machine"
)

// A timeSource is a clock that timers go by.
type timeSource struct {
	now   func() int64 // nanoseconds
	speed func() int64 // how many seconds of its own the clock shows in a second, at most
	rest  int64        // how soon, at least, to look again at the clock if it has not got to a time
}

// The clocks: the time that passes; that of the wall clock, which can be set; and that for which the cores were busy.
var (
	realTime    = timeSource{now: machine.Uptime, speed: func() int64 { return 1 }}
	wallTime    = timeSource{now: func() int64 { return time.Now().UnixNano() }, speed: func() int64 { return 1 }}
	processTime = timeSource{now: busyTime, speed: func() int64 { return int64(statistics().Cores) }, rest: int64(time.Millisecond)}
)

// wait returns when the clock, which shows now, may get to next.
func (s *timeSource) wait(now, next int64) time.Duration {
	return time.Duration(max(next-now, 0) / s.speed())
}

// An alarm goes off once it has been set. Whoever has it locks it.
type alarm struct{ timer *time.Timer }

// set makes f be called after wait, in place of what was set before.
func (a *alarm) set(wait time.Duration, f func()) {
	a.stop()
	if a.timer == nil {
		a.timer = time.AfterFunc(wait, f)
	} else {
		a.timer.Reset(wait)
	}
}

func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}

// A clockFollower is a timer that the setting of the wall clock matters to.
type clockFollower interface{ clockSet() }

// wallTimers are all of these. The lock comes after those of the timers.
var wallTimers wallTimerSet

type wallTimerSet struct {
	mu  sync.Mutex
	all map[clockFollower]struct{}
}

func (s *wallTimerSet) change(t clockFollower, in bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !in {
		delete(s.all, t)
		return
	}
	if s.all == nil {
		s.all = make(map[clockFollower]struct{})
	}
	s.all[t] = struct{}{}
}

// clockSet lets the timers follow the wall clock, which has been set.
func (s *wallTimerSet) clockSet() {
	s.mu.Lock()
	all := make([]clockFollower, 0, len(s.all))
	for t := range s.all {
		all = append(all, t)
	}
	s.mu.Unlock()
	for _, t := range all {
		t.clockSet()
	}
}
