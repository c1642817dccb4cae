package apic

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/clock"
)

var vectors = Vectors{Timer: 0x40, Error: 0x41, Spurious: 0xFF}

// A core is a fake processor: a local APIC, in either mode, and a TSC of 2 GHz.
type core struct {
	page     [4096]byte // only its address matters
	base     uint64     // IA32_APIC_BASE
	version  uint32
	features uint32 // CPUID 1, ECX
	hertz    uint64 // of the timer
	busy     int    // for how many looks a command is being sent
	sending  int
	cut      bool // a command was written while one was being sent

	registers map[uint32]uint32
	deadline  uint64
	tsc       uint64
	counting  uint64 // the TSC when the timer was started
	log       []string
}

const tscHertz = 2_000_000_000

func newCore(t *testing.T) *core {
	c := &core{version: 0x50014, base: DefaultAddress | baseEnabled, hertz: 1_000_000_000, registers: map[uint32]uint32{registerID: 3 << 24}}
	oldLoad, oldStore, oldRead, oldWrite, oldID, oldTSC := load32, store32, readMSR, writeMSR, cpuID, readTSC
	t.Cleanup(func() {
		load32, store32, readMSR, writeMSR, cpuID, readTSC = oldLoad, oldStore, oldRead, oldWrite, oldID, oldTSC
	})
	offset := func(p unsafe.Pointer) uint32 { return uint32(uintptr(p) - uintptr(unsafe.Pointer(&c.page))) }
	load32 = func(p unsafe.Pointer) uint32 { return c.read(offset(p), false) }
	store32 = func(p unsafe.Pointer, v uint32) { c.write(offset(p), uint64(v), false) }
	readMSR = func(n uint32) uint64 {
		if n == msrBase {
			return c.base
		}
		return uint64(c.read((n-msrX2)<<4, true))
	}
	writeMSR = func(n uint32, v uint64) {
		switch n {
		case msrBase:
			if c.base&baseEnabled == 0 && v&baseX2 != 0 {
				t.Error("from off to x2APIC mode")
			}
			c.base = v
		case msrDeadline:
			c.deadline = v
		default:
			c.write((n-msrX2)<<4, v, true)
		}
	}
	cpuID = func(leaf, _ uint32) (eax, ebx, ecx, edx uint32) { return 0, 0, c.features, 1 << 9 }
	readTSC = func() uint64 { c.tsc += 100; return c.tsc }
	return c
}

// mode is whether a register may be accessed so.
func (c *core) mode(x2 bool) {
	if c.base&baseEnabled == 0 || c.base&baseX2 != 0 != x2 {
		panic("wrong access to the APIC")
	}
}

func (c *core) read(register uint32, x2 bool) uint32 {
	c.mode(x2)
	c.tsc += 300
	switch register {
	case registerVersion:
		return c.version
	case registerID:
		if x2 {
			return 0x12345
		}
	case registerCommand:
		if c.sending > 0 {
			c.sending--
			return pending
		}
		return 0
	case registerCurrent:
		elapsed := (c.tsc - c.counting) * c.hertz / tscHertz
		initial := uint64(c.registers[registerInitial])
		if elapsed >= initial {
			return 0
		}
		return uint32(initial - elapsed)
	}
	return c.registers[register]
}

func (c *core) write(register uint32, value uint64, x2 bool) {
	c.mode(x2)
	c.tsc += 300
	if register == registerInitial {
		c.counting = c.tsc
	}
	if last := c.version >> 16; x2 && (register == registerHigh || register == registerCMCI && last < 6 || register == registerThermal && last < 5) {
		panic("a general-protection exception")
	}
	c.cut = c.cut || !x2 && c.sending > 0 && (register == registerCommand || register == registerHigh)
	if register == registerCommand {
		c.sending = c.busy
		destination := uint64(c.registers[registerHigh] >> 24)
		if x2 {
			destination = value >> 32
		}
		c.log = append(c.log, fmt.Sprintf("%x to %x", uint32(value), destination))
	}
	if register == registerSelf || register == registerEOI {
		c.log = append(c.log, fmt.Sprintf("%x=%x", register, value))
	}
	c.registers[register] = uint32(value)
}

// start initialises and enables.
func (c *core) start(t *testing.T) *Local {
	l := new(Local)
	if p := l.Init(unsafe.Pointer(&c.page), vectors); p != "" {
		t.Fatal(p)
	}
	l.Enable()
	return l
}

const (
	hasX2       = 1 << 21
	hasDeadline = 1 << 24
)

func TestEnable(t *testing.T) {
	for _, test := range []struct {
		features, version uint32
		base              uint64
	}{
		{0, 0x50014, DefaultAddress | baseEnabled}, {0, 0x60015, 0}, {hasX2, 0x50014, DefaultAddress | baseEnabled},
		{hasX2, 0x60014, 0}, {hasX2, 0x30014, DefaultAddress | baseEnabled | baseX2}, {hasDeadline, 0x50014, 0},
	} {
		c := newCore(t)
		c.features, c.version, c.base = test.features, test.version, test.base
		l := c.start(t)
		if x2 := test.features&hasX2 != 0; l.X2() != x2 || c.base&baseX2 != 0 != x2 || c.base&baseEnabled == 0 {
			t.Errorf("%x: x2APIC %v, base %#x", test, l.X2(), c.base)
		}
		if l.DeadlineMode() != (test.features&hasDeadline != 0) {
			t.Errorf("%x: deadline %v", test, l.DeadlineMode())
		}
		timer := uint32(0x40)
		if l.DeadlineMode() {
			timer |= 1 << 18
		}
		want := map[uint32]uint32{registerTimer: timer, registerLINT0: masked, registerLINT1: 4 << 8, registerLVTError: 0x41,
			registerSpurious: 0x1FF, registerPriority: 0, registerInitial: 0}
		for local, at := range map[uint32]uint32{registerCounters: 4, registerThermal: 5, registerCMCI: 6} {
			want[local] = 0
			if test.version>>16 >= at {
				want[local] = masked
			}
		}
		for register, v := range want {
			if c.registers[register] != v {
				t.Errorf("%x: register %#x is %#x, not %#x", test, register, c.registers[register], v)
			}
		}
		id := uint32(3)
		if l.X2() {
			id = 0x12345
		}
		if l.ID() != id {
			t.Errorf("%x: ID %#x", test, l.ID())
		}
	}
}

func TestNoAPIC(t *testing.T) {
	c := newCore(t)
	var l Local
	if p := l.Init(nil, vectors); !strings.Contains(string(p), "not mapped") {
		t.Error(p)
	}
	c.features = hasX2
	if p := l.Init(nil, vectors); p != "" {
		t.Error(p)
	}
	cpuID = func(leaf, _ uint32) (eax, ebx, ecx, edx uint32) { return 0, 0, 0, 0 }
	if p := l.Init(unsafe.Pointer(&c.page), vectors); !strings.Contains(string(p), "no local APIC") {
		t.Error(p)
	}
}

func TestCommands(t *testing.T) {
	c := newCore(t)
	everything := func(l *Local, high uint32) []string {
		c.log = nil
		l.EOI()
		l.Send(high, 0x50)
		l.SendOthers(0x51)
		l.SendSelf(0x52)
		l.SendNMI(1)
		l.SendInit(2)
		l.SendStart(2, 8)
		return c.log
	}
	want := []string{"b0=0", "4050 to 7", "c4051 to 0", "44052 to 0", "4400 to 1", "4500 to 2", "4608 to 2"}
	if got := everything(c.start(t), 7); !slices.Equal(got, want) {
		t.Errorf("%q\nnot %q", got, want)
	}
	c.busy = 1000
	if got := everything(c.start(t), 7); !slices.Equal(got, want) || c.cut {
		t.Errorf("%q, cut %v\nnot %q", got, c.cut, want)
	}
	c.busy = 1 << 30 // for ever
	if got := everything(c.start(t), 7); !slices.Equal(got, want) {
		t.Errorf("%q\nnot %q", got, want)
	}
	c.busy, c.sending = 0, 0
	l := c.start(t)
	c.log = nil
	if l.Send(256, 0x50); c.log != nil {
		t.Errorf("to core 256: %q", c.log)
	}
	c.features = hasX2
	want = []string{"b0=0", "4050 to 10007", "c4051 to 0", "3f0=52", "4400 to 1", "4500 to 2", "4608 to 2"}
	if got := everything(c.start(t), 0x10007); !slices.Equal(got, want) {
		t.Errorf("%q\nnot %q", got, want)
	}
}

func newClock() *clock.Clock {
	c := new(clock.Clock)
	c.Init(tscHertz, 0)
	return c
}

func calibrate(l *Local) boot.Problem {
	l.StartCalibration()
	return l.Calibrate(newClock())
}

// TestCalibrationBeside: what has been done since the calibration began need not be waited for.
func TestCalibrationBeside(t *testing.T) {
	for _, gone := range []uint64{tscHertz / 100, 5 * tscHertz} { // the second: the timer has run out
		c := newCore(t)
		c.hertz = 1_000_000_000
		l := c.start(t)
		l.StartCalibration()
		c.tsc += gone
		began := c.tsc
		if p := l.Calibrate(newClock()); p != "" {
			t.Fatal(p)
		}
		if took := c.tsc - began; gone < tscHertz && took > tscHertz/10000 {
			t.Errorf("took %d ticks", took)
		}
		want, _ := bits.Div64(c.hertz>>32, c.hertz<<32, tscHertz)
		if off := int64(l.scale-want) * 1_000_000 / int64(want); off < -200 || off > 200 {
			t.Errorf("%d ticks later: off by %d ppm", gone, off)
		}
	}
}

func TestCalibrate(t *testing.T) {
	for _, hertz := range []uint64{10_000_000, 24_000_000, 62_500_000, 1_000_000_000, 4_000_000_000} {
		c := newCore(t)
		c.hertz = hertz
		l := c.start(t)
		began := c.tsc
		l.StartCalibration()
		if p := calibrate(l); p != "" {
			t.Fatal(p)
		}
		if took := c.tsc - began; took > tscHertz/900 {
			t.Errorf("%d Hz: took %d ticks", hertz, took)
		}
		want, _ := bits.Div64(hertz>>32, hertz<<32, tscHertz)
		if off := int64(l.scale-want) * 1_000_000 / int64(want); off < -200 || off > 200 {
			t.Errorf("%d Hz: off by %d ppm", hertz, off)
		}
		if c.registers[registerInitial] != 0 || c.registers[registerTimer] != uint32(vectors.Timer) {
			t.Errorf("%d Hz: the timer is left counting", hertz)
		}
	}
	for _, hertz := range []uint64{0, 500} {
		c := newCore(t)
		c.hertz = hertz
		if p := calibrate(c.start(t)); p == "" {
			t.Errorf("%d Hz: no problem", hertz)
		}
	}
	c := newCore(t)
	c.features, c.hertz = hasDeadline, 0
	if p := calibrate(c.start(t)); p != "" {
		t.Error(p)
	}
	// A TSC that stands still must not hang it.
	c = newCore(t)
	l := c.start(t)
	readTSC = func() uint64 { return 5 }
	if p := calibrate(l); p == "" {
		t.Error("a TSC that stands still: no problem")
	}
}

func TestCount(t *testing.T) {
	half := &Local{scale: 1 << 31} // the timer at half the TSC's frequency
	tens := &Local{scale: 10 << 32}
	for _, test := range []struct {
		l       *Local
		now, to uint64
		want    uint32
	}{
		{half, 1000, 1000, 1}, {half, 1000, 0, 1}, {half, 1000, 1001, 1}, {half, 1000, 1002, 2}, {half, 1000, 3000, 1001},
		{half, 0, 2*far - 2, far}, {half, 0, 2 * far, far + 1 - (far+1)>>10},
		{half, 0, 1<<33 - 4, maxCount - maxCount>>10}, {half, 0, 1 << 33, maxCount - maxCount>>10},
		{half, 0, ^uint64(0), maxCount - maxCount>>10}, {tens, 0, ^uint64(0), maxCount - maxCount>>10}, {tens, 0, 7, 71},
	} {
		if got := test.l.count(test.now, test.to); got != test.want {
			t.Errorf("%d from %d to %d: %d, want %d", test.l.scale, test.now, test.to, got, test.want)
		}
	}
}

// TestArrival checks that a deadline, armed again each time that it comes early, is met.
func TestArrival(t *testing.T) {
	c := newCore(t)
	l := c.start(t)
	if p := calibrate(l); p != "" {
		t.Fatal(p)
	}
	for _, ahead := range []uint64{0, 1, 1000, 1e6, 1e9, 20e9, 3600 * tscHertz} {
		goal := c.tsc + ahead
		arms := 0
		for ; c.tsc < goal || arms == 0; arms++ {
			l.SetDeadline(goal)
			c.tsc = c.counting + uint64(c.registers[registerInitial])*tscHertz/c.hertz
		}
		if late := c.tsc - goal; late > 4000 || arms > 4+int(ahead/tscHertz) {
			t.Errorf("%d ahead: %d late after %d interrupts", ahead, late, arms)
		}
	}
	l.Disarm()
	if c.registers[registerInitial] != 0 {
		t.Error("not disarmed")
	}
}

func TestDeadlineMode(t *testing.T) {
	c := newCore(t)
	c.features = hasDeadline
	l := c.start(t)
	for set, want := range map[uint64]uint64{0: 1, 1: 1, 5e12: 5e12, ^uint64(0): ^uint64(0)} {
		if l.SetDeadline(set); c.deadline != want {
			t.Errorf("%d: %d", set, c.deadline)
		}
	}
	if l.Disarm(); c.deadline != 0 {
		t.Error("not disarmed")
	}
}
