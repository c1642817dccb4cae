package thread

import (
	"sync/atomic"
	"testing"
)

// explore runs what start starts many times, with other seeds and numbers of cores. Start is called
// as the first thread's program.
func explore(t *testing.T, start func(m *model)) {
	t.Helper()
	runs := uint64(600)
	if testing.Short() {
		runs = 50
	}
	for seed := range runs {
		m := newModel(t, seed, 1+int(seed%4))
		m.run(func() { start(m) })
	}
}

// A mutex is one as lock_futex would make it: 0 free, 1 held, 2 held and perhaps waited for.
type mutex struct{ word uint32 }

func (l *mutex) lock(m *model) {
	if atomic.CompareAndSwapUint32(&l.word, 0, 1) {
		return
	}
	for m.step(); atomic.SwapUint32(&l.word, 2) != 0; m.step() {
		FutexSleep(&l.word, 2, 0)
	}
}

func (l *mutex) unlock(m *model) {
	if atomic.SwapUint32(&l.word, 0) == 2 {
		m.step()
		FutexWake(&l.word, 1)
	}
}

// work is what a program does between calls.
func (m *model) work() {
	for range m.chance.IntN(5) {
		m.step()
	}
}

// block is how a thread sleeps for a time.
func (m *model) block(duration int64) (late int64) {
	deadline := m.now + duration
	flags := m.saveAndDisable()
	Block(deadline, nil)
	m.restore(flags)
	return m.now - deadline
}

// TestMutex: nobody is left asleep on a futex, and no two hold what it guards.
func TestMutex(t *testing.T) {
	explore(t, func(m *model) {
		var l mutex
		var inside, total int
		threads := 1 + m.chance.IntN(6)
		for range threads {
			m.spawn(func() {
				for range 5 {
					l.lock(m)
					if inside++; inside != 1 {
						m.fail("%d hold the mutex", inside)
					}
					m.work()
					inside--
					total++
					l.unlock(m)
					m.work()
				}
			})
		}
	})
}

// TestSemaphores passes things on from thread to thread, as the runtime's semaphores do: one sleeper
// a word, woken once for each thing, with and without a deadline.
func TestSemaphores(t *testing.T) {
	explore(t, func(m *model) {
		ring := make([]uint32, 2+m.chance.IntN(5))
		const rounds = 8
		for i := range ring {
			m.spawn(func() {
				for range rounds {
					for atomic.LoadUint32(&ring[i]) == 0 {
						m.step()
						deadline := int64(0)
						if m.chance.IntN(2) == 0 {
							deadline = m.now + m.chance.Int64N(100_000)
						}
						FutexSleep(&ring[i], 0, deadline)
					}
					atomic.AddUint32(&ring[i], ^uint32(0))
					m.work()
					if m.chance.IntN(4) == 0 {
						m.block(m.chance.Int64N(50_000))
					}
					next := &ring[(i+1)%len(ring)]
					atomic.AddUint32(next, 1)
					m.step()
					FutexWake(next, 1)
				}
			})
		}
		for range 1 + m.chance.IntN(len(ring)) {
			atomic.AddUint32(&ring[0], 1)
			FutexWake(&ring[0], 1)
		}
	})
}

// TestSleepers: nobody sleeps longer than it takes until there is a core for him.
func TestSleepers(t *testing.T) {
	explore(t, func(m *model) {
		for range 1 + m.chance.IntN(8) {
			m.spawn(func() {
				for range 6 {
					if late := m.block(m.chance.Int64N(3_000_000)); late < 0 {
						m.fail("a thread slept %d ns less than it wanted", -late)
					} else if late > 10*Slice {
						m.fail("a thread slept %d ns more than it wanted", late)
					}
					for range m.chance.IntN(30) {
						m.step()
					}
				}
			})
		}
	})
}

// TestTurns: threads that never call anything share the cores, and those that sleep come between.
func TestTurns(t *testing.T) {
	explore(t, func(m *model) {
		stop := false
		for range 1 + m.chance.IntN(6) {
			m.spawn(func() {
				for !stop {
					m.step()
					if m.chance.IntN(50) == 0 {
						flags := m.saveAndDisable()
						Yield()
						m.restore(flags)
					}
				}
			})
		}
		for range 5 {
			if late := m.block(Slice); late > 2*Slice {
				m.fail("a thread slept %d ns more than it wanted", late)
			}
		}
		stop = true
	})
}

// TestRequests: a request to stop a goroutine is answered, once, wherever its thread goes meanwhile.
func TestRequests(t *testing.T) {
	explore(t, func(m *model) {
		stop := false
		var targets []*modelThread
		for range 1 + m.chance.IntN(4) {
			var word uint32
			targets = append(targets, m.spawn(func() {
				for !stop {
					for range m.chance.IntN(100) {
						m.step()
					}
					switch m.chance.IntN(4) {
					case 0:
						m.block(m.chance.Int64N(200_000))
					case 1:
						FutexSleep(&word, 0, m.now+m.chance.Int64N(200_000))
					}
				}
			}))
			if m.chance.IntN(2) == 0 {
				m.spawn(func() {
					for !stop {
						m.block(m.chance.Int64N(200_000))
						FutexWake(&word, 1)
					}
				})
			}
		}
		for i := range 20 {
			s := targets[m.chance.IntN(len(targets))]
			before := s.answered
			flags := m.saveAndDisable()
			RequestPreempt(s.t)
			m.restore(flags)
			for asked := m.now; s.answered == before; m.step() {
				if m.now-asked > 20*Slice {
					m.fail("request %d has not been answered", i)
				}
			}
			if s.answered != before+1 {
				m.fail("request %d was answered %d times", i, s.answered-before)
			}
		}
		stop = true
	})
}

// TestExits: threads end and others take their pages, while somebody may still be about to wake them.
func TestExits(t *testing.T) {
	explore(t, func(m *model) {
		var word uint32
		for range 1 + m.chance.IntN(3) {
			m.spawn(func() {
				for range 10 {
					m.spawn(func() {
						m.work()
						FutexSleep(&word, 0, m.now+m.chance.Int64N(40_000))
						m.work()
					})
					m.work()
					FutexWake(&word, 1+m.chance.Uint32N(2))
				}
			})
		}
	})
}

// TestFlush: when FlushOthers returns, no core runs a program with old translations.
func TestFlush(t *testing.T) {
	explore(t, func(m *model) {
		for range 1 + m.chance.IntN(4) {
			m.spawn(func() {
				for range 6 {
					m.generation++
					generation := m.generation
					flags := m.saveAndDisable()
					m.dropTranslations()
					if stuck := FlushOthers(20 * Slice); stuck != nil {
						m.fail("core %d is taken for stuck", stuck.ID)
					}
					m.restore(flags)
					m.dropped = max(m.dropped, generation)
					m.work()
					if m.chance.IntN(2) == 0 {
						m.block(m.chance.Int64N(100_000))
					}
				}
			})
		}
	})
}

// TestEverything mixes all of that.
func TestEverything(t *testing.T) {
	explore(t, func(m *model) {
		var l mutex
		var words [3]uint32
		var program func(depth int) func()
		program = func(depth int) func() {
			return func() {
				for range 8 {
					w := &words[m.chance.IntN(len(words))]
					switch m.chance.IntN(8) {
					case 0:
						l.lock(m)
						m.work()
						l.unlock(m)
					case 1:
						FutexSleep(w, 0, m.now+m.chance.Int64N(100_000))
					case 2:
						FutexWake(w, 1+m.chance.Uint32N(3))
					case 3:
						m.block(m.chance.Int64N(100_000))
					case 4:
						flags := m.saveAndDisable()
						Yield()
						m.restore(flags)
					case 5:
						if depth > 0 {
							m.spawn(program(depth - 1))
						}
					case 6:
						m.work()
					}
				}
			}
		}
		for range 2 + m.chance.IntN(4) {
			m.spawn(program(1))
		}
	})
}
