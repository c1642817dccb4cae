package apic

import (
	"math/bits"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/clock"
)

// The timer of the local APIC (SDM vol. 3, 11.5.4) counts down from 32 bits at a frequency of its
// own, or, in deadline mode, compares with the TSC.
const (
	maxCount = 1<<32 - 1

	// Counts above far are shortened by 1/1024, more than the calibration can be wrong: better to
	// come early and be armed again than late.
	far      = 1 << 26
	shortfar = 10
)

// enableTimer sets the timer up, disarmed.
func (l *Local) enableTimer() {
	if l.deadline {
		l.write(registerTimer, timerDeadline|uint32(l.vectors.Timer))
		fence() // the mode is set before the first deadline is (11.5.4.1)
		writeMSR(msrDeadline, 0)
		return
	}
	l.write(registerDivide, divideBy1)
	l.write(registerTimer, uint32(l.vectors.Timer))
	l.write(registerInitial, 0)
}

// DeadlineMode reports whether the timer compares with the TSC itself.
func (l *Local) DeadlineMode() bool { return l.deadline }

// StartCalibration lets the timer of the core that calls count, for Calibrate to see how fast it is
// (in deadline mode that is not needed). After Enable; interrupts must be off until Calibrate.
func (l *Local) StartCalibration() {
	if l.deadline {
		return
	}
	l.write(registerTimer, masked|uint32(l.vectors.Timer))
	l.write(registerInitial, maxCount)
	l.first = l.reading()
}

// Calibrate measures the timer against c, over the time since StartCalibration, or 1 ms if less has gone
// by. Once for all cores, on the core that called StartCalibration.
func (l *Local) Calibrate(c *clock.Clock) boot.Problem {
	if l.deadline {
		return ""
	}
	if l.read(registerCurrent) == 0 {
		l.StartCalibration() // it has run out: the machine stood still for seconds
	}
	first := l.first
	window := c.Frequency() / 1000
	for range 1 << 20 {
		if readTSC()-first.tsc >= window {
			break
		}
	}
	last := l.reading()
	l.write(registerInitial, 0)
	l.write(registerTimer, uint32(l.vectors.Timer))
	if last.count >= first.count || last.tsc-first.tsc < window {
		return "The timer of the local APIC does not count, so nothing could ever time out; boot on another machine."
	}
	ticks := uint64(first.count - last.count)
	elapsed := last.tsc - first.tsc
	if ticks > elapsed<<8 {
		return "The timer of the local APIC counts nonsense, so nothing could time out; boot on another machine."
	}
	l.scale, _ = bits.Div64(ticks>>32, ticks<<32, elapsed)
	if l.scale == 0 {
		return "The timer of the local APIC is too slow to be used; boot on another machine."
	}
	return ""
}

// A reading is a count and the TSC at that time.
type reading struct {
	count uint32
	tsc   uint64
}

// reading takes the tightest of several readings.
func (l *Local) reading() (best reading) {
	width := ^uint64(0)
	for range 16 {
		before := readTSC()
		count := l.read(registerCurrent)
		after := readTSC()
		if after-before < width {
			width = after - before
			best = reading{count, before + width/2}
		}
	}
	return best
}

// SetDeadline arms the timer of the core that calls to interrupt once, when the TSC reaches tsc.
// It may come early, by the imprecision of the calibration or because the timer cannot count that
// far: the handler looks at the clock, and arms again. A time gone by interrupts at once.
func (l *Local) SetDeadline(tsc uint64) {
	if l.deadline {
		writeMSR(msrDeadline, max(tsc, 1)) // 0 would disarm
		return
	}
	l.write(registerInitial, l.count(readTSC(), tsc))
}

// count is what the timer must count down from to reach the TSC value to; 0 would stop it.
func (l *Local) count(now, to uint64) uint32 {
	if to <= now {
		return 1
	}
	high, low := bits.Mul64(to-now, l.scale)
	if high>>32 != 0 {
		return maxCount - maxCount>>shortfar
	}
	ticks := high<<32 | low>>32
	ticks = min(ticks+1, maxCount)
	if ticks > far {
		ticks -= ticks >> shortfar
	}
	return uint32(ticks)
}

// Disarm stops the timer. An interrupt that is already pending still comes.
func (l *Local) Disarm() {
	if l.deadline {
		writeMSR(msrDeadline, 0)
		return
	}
	l.write(registerInitial, 0)
}
