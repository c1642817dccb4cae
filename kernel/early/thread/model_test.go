package thread

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"unsafe"
)

// A model is a machine of a few cores, one step at a time: of all that the cores do, only one goes on
// at any moment, until a place where another core could matter (step), and then chance says which is
// next. So a seed says all that happens, and the cores meet in ways that real ones rarely do.
//
// Each thread is a goroutine. That of a core's current thread is the only one of the core that can go
// on; interrupts are calls in it.
type model struct {
	t      *testing.T
	seed   uint64
	chance *rand.Rand
	now    int64
	steps  int
	cores  []*modelCore
	at     *modelCore // the one that goes on
	of     map[*Thread]*modelThread
	free   *Thread
	left   uint32 // what exited threads clear
	device func() // interrupts now and then, if set
	alive  int    // threads whose program has not ended
	over   bool
	failed string
	done   chan struct{}

	generation, dropped int // of translations: made invalid, and known to be dropped everywhere
}

type modelCore struct {
	Core
	loaded      *modelThread
	enabled     bool // interrupts
	kicked      bool
	timer       int64 // 0: not armed
	halted      bool
	translation int // the generation that it may still know
}

type modelThread struct {
	t       *Thread
	resume  chan struct{}
	program func()
	// user says that the thread is in its own program, and not in a call or in an interrupt.
	user     bool
	answered int
}

// testLimit is how many steps a run may take: programs end long before.
const testLimit = 400_000

func newModel(t *testing.T, seed uint64, count int) *model {
	m := &model{t: t, seed: seed, chance: rand.New(rand.NewPCG(seed, 0)), of: map[*Thread]*modelThread{}, done: make(chan struct{})}
	processor = m
	Clock = func() int64 { return m.now }
	Arm = func(deadline int64) { m.at.timer = max(deadline, 1) }
	Kick = func(c *Core) { (*modelCore)(unsafe.Pointer(c)).kicked = true }
	Silent = func(c *Core) { m.fail("core %d has been silent", c.ID) }
	watcher.Store(0)
	Release = func(t *Thread) { t.NextFree, m.free = m.free, t }
	Answer = func(t *Thread, r *Registers) { m.answer(t, r) }
	clear(cores[:])
	clear(futexes[:])
	idlers.Store(0)
	for id := range count {
		c := &modelCore{}
		c.ID = uint32(id)
		m.cores = append(m.cores, c)
		idle := m.thread(IdleLoop)
		idle.t.core = &c.Core
		c.self = &c.Core
		c.loaded = idle
		c.Start(idle.t, idle.t, false)
	}
	SetCount(uint32(count))
	return m
}

// thread makes a thread that runs program; an exited one's page is used again.
func (m *model) thread(program func()) *modelThread {
	t := m.free
	if t != nil {
		m.free, t.NextFree = t.NextFree, nil
	} else {
		t = new(Thread)
	}
	s := &modelThread{t: t, resume: make(chan struct{}), program: program}
	m.of[t] = s
	t.state = Blocked
	t.preempted = 0
	go func() {
		m.wait(s)
		s.program()
	}()
	return s
}

// spawn starts a thread from within another.
func (m *model) spawn(program func()) *modelThread {
	s := m.prepare(program)
	s.t.core = &m.at.Core
	flags := m.saveAndDisable()
	Ready(s.t)
	m.restore(flags)
	return s
}

// prepare makes a thread that runs program and exits.
func (m *model) prepare(program func()) *modelThread {
	m.alive++
	s := m.thread(nil)
	s.program = func() {
		m.at.enabled = true
		s.user = true
		program()
		s.user = false
		m.alive--
		m.at.enabled = false
		Exit(&m.left)
	}
	return s
}

// run runs a thread, and what it spawns, until all have ended.
func (m *model) run(program func()) {
	m.at = m.cores[0]
	first := m.prepare(program).t
	first.core = &m.at.Core
	first.state = Runnable
	m.at.head, m.at.tail = first, first
	m.at.loaded.resume <- struct{}{}
	<-m.done
	if m.failed != "" {
		m.t.Fatalf("seed %d, %d cores, step %d: %s\n%s", m.seed, len(m.cores), m.steps, m.failed, m)
	}
}

func (m *model) fail(format string, args ...any) {
	if !m.over {
		m.failed = fmt.Sprintf(format, args...)
	}
	m.end()
}

// end stops the goroutine that calls it, and with it the run.
func (m *model) end() {
	if !m.over {
		m.over = true
		close(m.done)
	}
	runtime.Goexit()
}

// wait waits until s is what its core goes on with.
func (m *model) wait(s *modelThread) {
	select {
	case <-s.resume:
	case <-m.done:
		runtime.Goexit()
	}
}

// give lets the core that is next go on, and from wait until it is its turn again.
func (m *model) give(next *modelCore, from *modelThread) {
	m.at = next
	to := next.loaded
	if to == from {
		return
	}
	select {
	case to.resume <- struct{}{}:
	case <-m.done:
	}
	m.wait(from)
}

// ready reports whether c can go on.
func (m *model) ready(c *modelCore) bool {
	return !c.halted || c.kicked || c.timer != 0 && c.timer <= m.now
}

// step lets chance choose who goes on, and interrupts come.
func (m *model) step() {
	c := m.at
	m.steps++
	m.now += m.chance.Int64N(20_000)
	if m.steps > testLimit {
		m.fail("it does not end")
	}
	if m.alive == 0 {
		m.end()
	}
	m.check()
	next := m.cores[m.chance.IntN(len(m.cores))]
	for tries := 0; !m.ready(next); tries++ {
		if tries < 20 {
			next = m.cores[m.chance.IntN(len(m.cores))]
			continue
		}
		// Nobody, it seems: time passes until somebody's timer.
		tries = 0
		earliest := int64(0)
		for _, o := range m.cores {
			if m.ready(o) {
				next, earliest = o, 0
				break
			}
			if o.timer != 0 && (earliest == 0 || o.timer < earliest) {
				next, earliest = o, o.timer
			}
		}
		if earliest != 0 {
			m.now = max(m.now, earliest)
		} else if !m.ready(next) {
			m.fail("all cores halt, and %d threads have not ended", m.alive)
		}
	}
	m.give(next, c.loaded)
	m.interrupts()
}

// interrupts delivers what is pending, as the machine's handler does.
func (m *model) interrupts() {
	for c := m.at; c.enabled; c = m.at {
		device := m.device != nil && m.chance.IntN(20) == 0
		pending := c.kicked || c.timer != 0 && c.timer <= m.now
		if !device && (!pending || !c.halted && m.chance.IntN(2) == 0) {
			break
		}
		c.enabled, c.halted = false, false
		s := c.loaded
		user := s.user
		s.user = false
		c.Attend()
		giveWay := false
		switch {
		case device:
			m.device()
		case c.kicked:
			c.kicked = false
			c.Kicked()
			c.AnswerPreempt(&Registers{})
		default:
			c.timer = 0
			giveWay = c.Tick()
		}
		if giveWay || c.Idle() && Contended() {
			var state [8]byte
			if next := c.Preempt(&Registers{}, unsafe.Pointer(&state), 0); next != nil {
				m.load(s, next)
				c = m.at
			}
		}
		s.user = user
		c.enabled = true
	}
}

// load goes on with another thread, and returns when s is loaded again.
func (m *model) load(s *modelThread, next *Thread) {
	c := m.at
	c.loaded = m.of[next]
	c.lock.release()
	if c.loaded == s {
		return
	}
	if s.t.state == Exited {
		select {
		case c.loaded.resume <- struct{}{}:
		case <-m.done:
		}
		runtime.Goexit()
	}
	m.give(c, s)
}

func (m *model) this() *Core { return &m.at.Core }

func (m *model) switchTo(from, to *Thread) {
	from.preempted = 0
	m.load(m.of[from], to)
}

func (m *model) saveAndDisable() uint64 {
	was := m.at.enabled
	m.at.enabled = false
	if was {
		m.at.loaded.user = false
		return 1
	}
	return 0
}

func (m *model) restore(flags uint64) {
	if t := m.at.current; t.waitKey != 0 {
		m.fail("thread %d returns from a futex and still sleeps on it", t.ID)
	}
	m.at.enabled = flags != 0
	m.at.loaded.user = m.at.enabled
}

func (m *model) waitForInterrupt() {
	c := m.at
	c.enabled, c.halted = true, true
	s := c.loaded
	for c.halted {
		m.step()
		if c = m.at; c.loaded != s {
			panic("an idle thread has moved")
		}
		m.interrupts()
	}
	c.enabled = false
}

func (m *model) interruptWindow() {
	m.at.enabled = true
	m.interrupts()
	m.at.enabled = false
}

func (m *model) dropTranslations() { m.at.translation = m.generation }

// answer is called with the lock held that t belongs to.
func (m *model) answer(t *Thread, r *Registers) {
	if t.core.lock.held == 0 {
		m.fail("a request was answered without the lock")
	}
	m.of[t].answered++
}

// check looks at the whole machine when no core is inside the kernel.
func (m *model) check() {
	running := map[*Thread]bool{}
	for _, c := range m.cores {
		if running[c.current] {
			m.fail("a thread runs on two cores")
		}
		running[c.current] = true
		if c.lock.held != 0 {
			return
		}
	}
	for i := range futexes {
		if futexes[i].lock.held != 0 {
			return
		}
	}
	for _, c := range m.cores {
		if c.polling != 0 && c.current != c.idle {
			m.fail("core %d polls with a thread", c.ID)
		}
	}
	for _, c := range m.cores {
		pending := c.kicked || c.timer != 0 && c.timer <= m.now
		switch {
		case pending || !c.halted && !c.loaded.user:
			return // something is on its way
		case c.loaded.user && c.translation < m.dropped:
			m.fail("core %d runs a program with translations that are no longer valid", c.ID)
		}
	}
	gone := map[*Thread]bool{}
	for t := m.free; t != nil; t = t.NextFree {
		gone[t] = true
	}
	for _, c := range m.cores {
		for t := c.reap; t != nil; t = t.next {
			gone[t] = true
		}
	}
	for t := range m.of {
		if t.state == Exited && !gone[t] {
			m.fail("nobody gives back what thread %d had", t.ID)
		}
	}
	waiting, halted := false, false
	for _, c := range m.cores {
		waiting = waiting || c.head != nil
		halted = halted || c.halted
		if c.sleepers != nil && (c.timer == 0 || c.timer > c.sleepers.deadline) {
			m.fail("core %d has a sleeper and no timer", c.ID)
		}
		if c.head != nil && c.timer == 0 {
			m.fail("core %d has a thread that waits and no timer", c.ID)
		}
		if c.halted != (c.current == c.idle) {
			m.fail("core %d halts with a thread", c.ID)
		}
		if bit := idlers.Load()>>c.ID&1 != 0; bit != c.halted {
			m.fail("core %d halts: %v; seems to: %v", c.ID, c.halted, bit)
		}
	}
	if waiting && halted {
		m.fail("a thread waits, and a core halts")
	}
}

func (m *model) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "time %d, idle %b\n", m.now, idlers.Load())
	for _, c := range m.cores {
		fmt.Fprintf(&b, "core %d: idle %v, halted %v, enabled %v, kicked %v, timer %d, armed %d, locked %d", c.ID,
			c.Idle(), c.halted, c.enabled, c.kicked, c.timer, c.armed, c.lock.held)
		for t := c.head; t != nil; t = t.next {
			fmt.Fprintf(&b, ", queued %d", t.ID)
		}
		for t := c.sleepers; t != nil; t = t.later {
			fmt.Fprintf(&b, ", sleeping %d until %d", t.ID, t.deadline)
		}
		b.WriteString("\n")
	}
	for _, s := range m.of {
		fmt.Fprintf(&b, "thread %d: state %d, key %#x, user %v\n", s.t.ID, s.t.state, s.t.waitKey, s.user)
	}
	return b.String()
}
