package clock

import (
	"math/bits"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/cpu"
)

// A Source says where a frequency comes from.
type Source string

// The sources.
const (
	FromHypervisor Source = "the hypervisor"    // CPUID 0x40000010
	FromCPUID      Source = "CPUID"             // CPUID 0x15
	FromPMTimer    Source = "the ACPI PM timer" // measured
	FromPIT        Source = "the 8254 timer"    // measured
)

// Variables for the sake of tests.
var (
	in8   = cpu.In8
	in32  = cpu.In32
	out8  = cpu.Out8
	cpuID = cpu.ID
)

// What a TSC can reasonably tick at.
const (
	minFrequency = 50_000_000
	maxFrequency = 50_000_000_000
)

// A Gauge measures the TSC, once at boot and, much more closely, some time later. The zero value is
// ready for Measure.
type Gauge struct {
	counter   counter
	start     group
	begun     bool   // start has been taken
	frequency uint64 // as measured at first, 0 if it was not
}

var single Gauge

// Measure finds the frequency of the TSC: from CPUID if it says so, else by measuring for 2 to
// 3 ms against the ACPI PM timer at I/O port pmTimer (0: none) or the 8254 timer, to about 50 ppm,
// 200 on a slow or busy host. known says that it was read, not measured. Interrupts must be off.
func Measure(pmTimer uint16) (frequency uint64, source Source, known bool, problem boot.Problem) {
	g := &single // an off-heap type cannot be on a stack
	*g = Gauge{}
	frequency, source, known, problem = g.Measure(pmTimer)
	g.stop()
	return frequency, source, known, problem
}

// Begin begins to measure against the ACPI PM timer, if that is what Measure will do: what is done until
// then need not be waited for. The 8254 wraps around too often for that.
func (g *Gauge) Begin(pmTimer uint16) {
	if pmTimer == 0 || reasonable(hypervisorFrequency()) || reasonable(processorFrequency()) {
		return
	}
	g.counter = pmCounter(pmTimer)
	g.counter.begin(&g.start)
	g.begun = true
}

func pmCounter(port uint16) counter {
	return counter{port: port, mask: 1<<24 - 1, hertz: pmHertz, window: pmHertz * 2 / 1000}
}

// Measure is the function Measure, with Again to follow.
func (g *Gauge) Measure(pmTimer uint16) (frequency uint64, source Source, known bool, problem boot.Problem) {
	if _, _, _, edx := cpuID(1, 0); edx&(1<<4) == 0 {
		return 0, "", false, "The processor has no time-stamp counter, which the clock needs; use a processor that has one."
	}
	if f := hypervisorFrequency(); reasonable(f) {
		return f, FromHypervisor, true, ""
	}
	if f := processorFrequency(); reasonable(f) {
		return f, FromCPUID, true, ""
	}
	if pmTimer != 0 {
		if !g.begun {
			g.counter = pmCounter(pmTimer)
		}
		if f := g.first(); f != 0 {
			return f, FromPMTimer, false, ""
		}
	}
	g.counter = counter{mask: 1<<16 - 1, hertz: pitHertz, window: pitHertz * 3 / 1000}
	startPIT()
	if f := g.first(); f != 0 {
		return f, FromPIT, false, ""
	}
	stopPIT()
	return 0, "", false, "The frequency of the time-stamp counter cannot be found: CPUID does not tell, and there is neither an ACPI PM timer nor an 8254 timer; boot on a machine with one of them."
}

// first makes the first measurement, 0 if there is nothing to measure against. Where the host has
// given its time to others in the midst of it, two must agree: the counter may have wrapped around
// unseen, which makes the TSC look faster.
func (g *Gauge) first() uint64 {
	least := ^uint64(0)
	for range 12 {
		if !g.begun {
			g.counter.begin(&g.start)
		}
		g.begun = false
		f, sure := g.counter.measure(&g.start)
		if f == 0 {
			return 0
		}
		if !reasonable(f) {
			continue
		}
		if sure || f > least-least/1000 && f < least+least/1000 {
			least = f
			break
		}
		least = min(least, f)
	}
	if !reasonable(least) {
		return 0
	}
	g.frequency = least
	return least
}

// Again measures over the time since Measure: after a second to about 1 ppm. It can be called until
// 60 s have gone by (90 minutes with a PM timer), with interrupts off, and must be called once, as
// it also stops the 8254. ok is false if there is nothing to be had: the frequency was known, or
// the machine stood still in between. Clock.Refine takes the result.
func (g *Gauge) Again() (frequency uint64, ok bool) {
	if g.frequency == 0 {
		return 0, false
	}
	var end group
	c := &g.counter
	for range 8 {
		c.catchUp(g.frequency)
		c.take(&end)
		if elapsed := (end[0].before - g.start[0].before) / g.frequency; elapsed > uint64(c.mask)/4*5000/c.hertz {
			break // too long ago to know how often the counter has wrapped around
		}
		// Another frequency than before means that the host has taken its time once more, or that
		// the machine stood still.
		frequency = c.compare(&g.start, &end, g.frequency)
		if ok = abs(int64(frequency-g.frequency)) < g.frequency/2000; ok {
			break
		}
	}
	g.stop()
	return frequency, ok
}

// stop stops the 8254 if it is what was measured against.
func (g *Gauge) stop() {
	if g.frequency != 0 && g.counter.port == 0 {
		stopPIT()
	}
	g.frequency = 0
}

func reasonable(f uint64) bool { return minFrequency <= f && f <= maxFrequency }

// hypervisorFrequency reads the timing leaf that VMware defined and KVM, QEMU and others adopted:
// EAX is kHz (Linux, arch/x86/kernel/cpu/vmware.c; QEMU, vmware-cpuid-freq).
func hypervisorFrequency() uint64 {
	if _, _, ecx, _ := cpuID(1, 0); ecx&(1<<31) == 0 {
		return 0 // no hypervisor
	}
	if top, _, _, _ := cpuID(0x4000_0000, 0); top < 0x4000_0010 || top > 0x4000_FFFF {
		return 0
	}
	khz, _, _, _ := cpuID(0x4000_0010, 0)
	return uint64(khz) * 1000
}

// processorFrequency reads leaf 0x15 (SDM vol. 2, CPUID): the frequency of the crystal and the
// ratio of the TSC to it. Leaf 0x16, the base frequency in MHz, is no substitute where the crystal
// is left out: it is rounded, by 0.3 % on some processors.
func processorFrequency() uint64 {
	if top, _, _, _ := cpuID(0, 0); top < 0x15 {
		return 0
	}
	denominator, numerator, crystal, _ := cpuID(0x15, 0)
	if denominator == 0 {
		return 0
	}
	return uint64(crystal) * uint64(numerator) / uint64(denominator)
}

// Two counters of known frequency. The ACPI PM timer counts up (ACPI 6.5, 4.8.3.3). The 8254 counts
// down (Intel 8254 data sheet); channel 0 is the one that every PC-like machine has: microvm lacks
// the port 0x61 that channel 2 needs.
const (
	pmHertz  = 3_579_545
	pitHertz = 1_193_182

	pitChannel0 = 0x40
	pitControl  = 0x43
	pitLatch0   = 0x00
	pitRate0    = 0x34 // channel 0, low then high byte, mode 2, binary
	pitOnce0    = 0x30 // the same in mode 0
)

// startPIT makes channel 0 count down from 65536, again and again.
func startPIT() {
	out8(pitControl, pitRate0)
	out8(pitChannel0, 0)
	out8(pitChannel0, 0)
}

// stopPIT stops channel 0: in mode 0 it waits for a count that is never written.
func stopPIT() { out8(pitControl, pitOnce0) }

// A counter is what the TSC is measured against: the PM timer at port or, for port 0, the PIT.
type counter struct {
	port   uint16
	mask   uint32
	hertz  uint64
	window uint64 // how many ticks to measure for

	last  uint32 // the last reading,
	tsc   uint64 // when it was taken,
	ticks uint64 // and how many ticks it was after the first
	gap   uint64 // the longest time between two readings
}

// A sample is a reading of the counter, in ticks since the first, at some time between two values
// of the TSC.
type sample struct {
	ticks         uint64
	before, after uint64
}

func (c *counter) read() (s sample) {
	value := uint32(0)
	s.before = readTSC()
	if c.port != 0 {
		value = in32(c.port)
		s.after = readTSC()
	} else {
		out8(pitControl, pitLatch0) // this is when the count is taken
		s.after = readTSC()
		value = uint32(in8(pitChannel0))
		value = -(value | uint32(in8(pitChannel0))<<8)
	}
	c.ticks += uint64((value - c.last) & c.mask)
	c.last = value
	c.gap = max(c.gap, s.after-c.tsc)
	c.tsc = s.after
	s.ticks = c.ticks
	return s
}

// catchUp adds the times that the counter has wrapped around since the last reading, by what is
// known of the frequency.
func (c *counter) catchUp(frequency uint64) {
	before, tsc, ticks := c.last, c.tsc, c.ticks
	s := c.read()
	passed := muldiv(s.after-tsc, c.hertz, frequency)
	seen := uint64((c.last - before) & c.mask)
	round := uint64(c.mask) + 1
	if passed+round/2 > seen {
		seen += (passed + round/2 - seen) / round * round
	}
	c.ticks = ticks + seen
}

// groupSize is how many readings are taken at the start and at the end of a measurement; maxReads
// how many at most in between, so that a counter that stands still is no endless loop (reading one
// takes 0.3 to 3 µs).
const (
	groupSize = 24
	maxReads  = 1 << 16
)

type group [groupSize]sample

func (c *counter) take(g *group) {
	for i := range g {
		g[i] = c.read()
	}
}

// begin takes the readings that a measurement begins with.
func (c *counter) begin(start *group) {
	c.last, c.ticks = 0, 0
	c.read()
	c.ticks, c.gap = 0, 0
	c.take(start)
}

// measure returns the TSC's frequency since begin, or 0 if the counter does not count. It is not sure if
// the counter may have wrapped around between two readings: if that was much of the time, and no TSC is
// slow enough for it to be too short.
func (c *counter) measure(start *group) (frequency uint64, sure bool) {
	for n := 0; c.ticks < start[0].ticks+c.window; n++ {
		if n == maxReads {
			return 0, false
		}
		c.read()
	}
	var end group
	c.take(&end)
	a, b := &start[0], &end[groupSize-1]
	if b.ticks <= a.ticks || b.after <= a.before {
		return 0, false
	}
	frequency = c.compare(start, &end, muldiv(b.after-a.before, c.hertz, b.ticks-a.ticks))
	elapsed := b.after - a.before
	return frequency, c.gap < elapsed/8 || elapsed < muldiv(uint64(c.mask), minFrequency, c.hertz)
}

// compare returns the frequency of the TSC between two groups, given roughly what it is.
//
// A reading of n says that the counter stepped to n before the TSC reached s.after and to n+1 after
// s.before. Each of a group of readings so bounds the TSC value at tick 0 from both sides, and
// together much more closely than a single one: neither a slow reading nor the counter's own coarse
// steps (0.8 µs of the PIT) are left in the result.
func (c *counter) compare(start, end *group, frequency uint64) uint64 {
	a, b := &start[0], &end[groupSize-1]
	if b.ticks <= a.ticks {
		return 0
	}
	// Twice: with a tick's length from the rough frequency, then from the better one.
	for range 2 {
		if frequency == 0 || frequency > 1<<40 {
			return 0
		}
		// How far the TSC at tick 0, as seen from the end, is from that seen at the start: by what
		// the assumed frequency is wrong over the time between the two.
		drift := c.origin(end, frequency, a.before) - c.origin(start, frequency, a.before)
		correction := int64(muldiv(abs(drift), c.hertz, b.ticks-a.ticks))
		if drift < 0 {
			correction = -correction
		}
		frequency = uint64(int64(frequency) + correction)
	}
	return frequency
}

// origin estimates the TSC at the counter's tick 0, relative to zero, if a TSC of that frequency had
// run since: the middle of the bounds that the readings of a group set.
func (c *counter) origin(g *group, frequency, zero uint64) int64 {
	low, high := int64(-1)<<62, int64(1)<<62
	for i := range g {
		s := &g[i]
		low = max(low, int64(s.before-zero)-int64(muldiv(s.ticks+1, frequency, c.hertz)))
		high = min(high, int64(s.after-zero)-int64(muldiv(s.ticks, frequency, c.hertz)))
	}
	return low + (high-low)/2
}

// muldiv is x*y/z in 128 bits, the highest number where that does not fit.
func muldiv(x, y, z uint64) uint64 {
	high, low := bits.Mul64(x, y)
	if high >= z {
		return ^uint64(0)
	}
	quotient, _ := bits.Div64(high, low, z)
	return quotient
}

func abs(x int64) uint64 {
	if x < 0 {
		return uint64(-x)
	}
	return uint64(x)
}
