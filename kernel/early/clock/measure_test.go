package clock

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// A pc is a fake machine with a TSC, a PM timer and a PIT, in which every access takes time.
type pc struct {
	now       uint64 // picoseconds
	frequency uint64 // of the TSC
	random    *rand.Rand
	slow      uint64 // how long an access to a port takes, in picoseconds
	pause     uint64 // for how long the hypervisor lets others run now and then

	pmTimer, pit bool
	offset       uint64 // what the PM timer starts from
	latch        uint16
	loaded       uint64
	bytes        int
	running      bool
}

const pmPort = 0x608

func install(t *testing.T, m *pc, id func(leaf uint32) (eax, ebx, ecx, edx uint32)) {
	oldTSC, oldIn8, oldIn32, oldOut8, oldID := readTSC, in8, in32, out8, cpuID
	t.Cleanup(func() { readTSC, in8, in32, out8, cpuID = oldTSC, oldIn8, oldIn32, oldOut8, oldID })
	readTSC = func() uint64 {
		m.pass(20_000)
		return muldiv(m.now, m.frequency, 1_000_000_000_000)
	}
	in32 = m.in32
	in8 = m.in8
	out8 = m.out8
	cpuID = func(leaf, _ uint32) (eax, ebx, ecx, edx uint32) { return id(leaf) }
}

// pass lets time go by.
func (m *pc) pass(picoseconds uint64) {
	m.now += picoseconds/2 + m.random.Uint64N(picoseconds+1)
	if m.pause > 0 && m.random.IntN(5000) == 0 {
		m.now += m.random.Uint64N(m.pause)
	}
}

func (m *pc) in32(port uint16) uint32 {
	m.pass(m.slow)
	value := ^uint32(0)
	if port == pmPort && m.pmTimer {
		value = uint32(m.offset+muldiv(m.now, pmHertz, 1_000_000_000_000)) & 0xFFFFFF
	}
	m.pass(m.slow)
	return value
}

func (m *pc) out8(port uint16, value uint8) {
	m.pass(m.slow)
	switch {
	case port == pitControl && value == pitLatch0:
		m.latch = uint16(-muldiv(m.now-m.loaded, pitHertz, 1_000_000_000_000))
	case port == pitControl && value == pitRate0:
		m.bytes = 0
	case port == pitControl && value == pitOnce0:
		m.running = false
	case port == pitChannel0:
		if m.bytes++; m.bytes == 2 {
			m.loaded, m.running = m.now, true
		}
	}
	m.pass(m.slow)
}

func (m *pc) in8(port uint16) uint8 {
	m.pass(2 * m.slow)
	if port != pitChannel0 || !m.pit || !m.running {
		return 0xFF
	}
	v := uint8(m.latch)
	m.latch >>= 8
	return v
}

// plain is a processor that says nothing about its frequency.
func plain(leaf uint32) (eax, ebx, ecx, edx uint32) {
	switch leaf {
	case 0:
		return 0x16, 0, 0, 0
	case 1:
		return 0, 0, 1 << 31, 1 << 4
	case 0x4000_0000:
		return 0x4000_0001, 0, 0, 0
	}
	return 0, 0, 0, 0
}

// TestMeasure checks the precision of what is measured: 200 ppm, with slow and fast ports.
func TestMeasure(t *testing.T) {
	for _, test := range []struct {
		name         string
		pmTimer, pit bool
		pause        uint64
		slow         uint64
		want         Source
		limit        uint64 // ppm
	}{
		{"PM timer", true, true, 0, 200_000, FromPMTimer, 50},
		{"slow PM timer", true, true, 0, 2_000_000, FromPMTimer, 200},
		{"PIT", false, true, 0, 200_000, FromPIT, 50},
		{"slow PIT", false, true, 0, 2_000_000, FromPIT, 200},
		{"busy host, PM timer", true, true, 20e9, 300_000, FromPMTimer, 200},
		{"busy host, PIT", false, true, 20e9, 300_000, FromPIT, 200},
		{"very busy host, PIT", false, true, 60e9, 300_000, FromPIT, 200},
	} {
		worst, again, longest := uint64(0), uint64(0), uint64(0)
		for seed := range uint64(60) {
			r := rand.New(rand.NewPCG(seed, 1))
			m := &pc{now: r.Uint64N(1e12), frequency: 800_000_000 + r.Uint64N(4_000_000_000), random: r, slow: test.slow,
				pause: test.pause, pmTimer: test.pmTimer, pit: test.pit, offset: r.Uint64N(1 << 24)}
			install(t, m, plain)
			began := m.now
			port := uint16(0)
			if test.pmTimer {
				port = pmPort
			}
			var g Gauge
			f, source, known, problem := g.Measure(port)
			if problem != "" || source != test.want || known {
				t.Fatalf("%s: %v %v %q", test.name, source, known, problem)
			}
			worst = max(worst, abs(int64(f-m.frequency))*1_000_000/m.frequency)
			longest = max(longest, (m.now-began)/1_000_000)
			m.now += (1 + r.Uint64N(50)) * 1e12
			first := f
			f, ok := g.Again()
			if !ok || m.running {
				t.Fatalf("%s: seed %d first %d, again %d %v, really %d, PIT on %v", test.name, seed, first, f, ok, m.frequency, m.running)
			}
			again = max(again, abs(int64(f-m.frequency))*1_000_000_000/m.frequency)
		}
		t.Logf("%s: off by %d ppm at most, in %d µs at most; later by %d ppb", test.name, worst, longest, again)
		if again > 2000 {
			t.Errorf("%s: off by %d ppb in the end", test.name, again)
		}
		if worst > test.limit {
			t.Errorf("%s: off by %d ppm", test.name, worst)
		}
		if test.pause == 0 && longest > 3600 {
			t.Errorf("%s: took %d µs", test.name, longest)
		}
	}
}

// TestBegin: what is done after Begin is not waited for, and the result is as good; but one that took so
// long that the counter may have wrapped around is not relied on.
func TestBegin(t *testing.T) {
	for _, between := range []uint64{0, 1e9, 20e9, 5e12} { // picoseconds
		for seed := range uint64(40) {
			r := rand.New(rand.NewPCG(seed, 1))
			m := &pc{now: r.Uint64N(1e12), frequency: 800_000_000 + r.Uint64N(4_000_000_000), random: r, slow: 200_000,
				pmTimer: true, pit: true, offset: r.Uint64N(1 << 24)}
			install(t, m, plain)
			var g Gauge
			g.Begin(pmPort)
			m.now += between
			began := m.now
			f, source, _, problem := g.Measure(pmPort)
			if problem != "" || source != FromPMTimer || abs(int64(f-m.frequency)) > m.frequency/20_000 {
				t.Fatalf("%d ms between, seed %d: %d, not %d, from %v %q", between/1e9, seed, f, m.frequency, source, problem)
			}
			if took := (m.now - began) / 1_000_000; between == 20e9 && took > 200 {
				t.Errorf("%d ms between: took %d µs", between/1e9, took)
			}
			m.now += 2e12
			if f, ok := g.Again(); !ok || abs(int64(f-m.frequency)) > m.frequency/500_000 {
				t.Errorf("%d ms between: again %d %v, not %d", between/1e9, f, ok, m.frequency)
			}
		}
	}
	// What is known needs no measuring, and without a PM timer there is nothing to begin.
	m := &pc{frequency: 3_000_000_000, random: rand.New(rand.NewPCG(1, 1)), slow: 300_000, pit: true}
	install(t, m, plain)
	var g Gauge
	if g.Begin(0); g.begun {
		t.Error("begun without a PM timer")
	}
}

// TestAgainTooLate has the counter wrap around more often than can be told, and other mishaps.
func TestAgainTooLate(t *testing.T) {
	for _, test := range []struct {
		name  string
		later func(m *pc)
		ok    bool
	}{
		{"a minute", func(m *pc) { m.now += 60e12 }, true},
		{"two minutes", func(m *pc) { m.now += 120e12 }, false},
		{"another frequency", func(m *pc) { m.now += 1e12; m.frequency += m.frequency / 100 }, false},
		{"PIT gone", func(m *pc) { m.now += 1e12; m.pit = false }, false},
	} {
		m := &pc{frequency: 3_000_000_000, random: rand.New(rand.NewPCG(1, 1)), slow: 300_000, pit: true}
		install(t, m, plain)
		var g Gauge
		if _, ok := g.Again(); ok {
			t.Error("again before the first time")
		}
		if _, _, _, p := g.Measure(0); p != "" {
			t.Fatal(p)
		}
		test.later(m)
		if f, ok := g.Again(); ok != test.ok {
			t.Errorf("%s: %d %v", test.name, f, ok)
		}
	}
}

func TestKnown(t *testing.T) {
	for _, test := range []struct {
		name   string
		change map[uint32][4]uint32
		want   uint64
		source Source
	}{
		{"hypervisor", map[uint32][4]uint32{0x4000_0000: {0x4000_0010}, 0x4000_0010: {2_400_123}}, 2_400_123_000, FromHypervisor},
		{"processor", map[uint32][4]uint32{0x15: {2, 216, 24_000_000}}, 2_592_000_000, FromCPUID},
		{"no crystal", map[uint32][4]uint32{0x15: {2, 216, 0}, 0x16: {2600}}, 3_000_000_000, FromPIT},
		{"leaf cut off", map[uint32][4]uint32{0: {0x14}, 0x15: {2, 216, 24_000_000}}, 3_000_000_000, FromPIT},
		{"no hypervisor", map[uint32][4]uint32{1: {0, 0, 0, 1 << 4}, 0x4000_0000: {0x4000_0010}, 0x4000_0010: {2_400_123}}, 3_000_000_000, FromPIT},
		{"nonsense", map[uint32][4]uint32{0x4000_0000: {0x4000_0010}, 0x4000_0010: {1}, 0x15: {1, 1, 1}}, 3_000_000_000, FromPIT},
		{"division by zero", map[uint32][4]uint32{0x15: {0, 1, 1}}, 3_000_000_000, FromPIT},
	} {
		m := &pc{frequency: 3_000_000_000, random: rand.New(rand.NewPCG(1, 1)), slow: 300_000, pit: true}
		install(t, m, func(leaf uint32) (eax, ebx, ecx, edx uint32) {
			if v, ok := test.change[leaf]; ok {
				return v[0], v[1], v[2], v[3]
			}
			return plain(leaf)
		})
		f, source, known, problem := Measure(0)
		if source != test.source || known == (source == FromPIT) || problem != "" || abs(int64(f-test.want)) > test.want/5000 {
			t.Errorf("%s: %d %s %v %q", test.name, f, source, known, problem)
		}
		if m.running {
			t.Errorf("%s: the PIT still runs", test.name)
		}
	}
}

func TestNothingToMeasureWith(t *testing.T) {
	m := &pc{frequency: 3_000_000_000, random: rand.New(rand.NewPCG(1, 1)), slow: 300_000}
	install(t, m, plain)
	if f, _, _, problem := Measure(pmPort); problem == "" || m.running {
		t.Errorf("%d Hz from nowhere, PIT on %v", f, m.running)
	}
	install(t, m, func(uint32) (eax, ebx, ecx, edx uint32) { return 0, 0, 0, 0 })
	if f, _, _, problem := Measure(0); !strings.Contains(string(problem), "no time-stamp counter") {
		t.Errorf("%d Hz without a TSC", f)
	}
}

func TestMuldiv(t *testing.T) {
	for _, test := range [][4]uint64{{6, 7, 2, 21}, {1 << 63, 6, 3, ^uint64(0)}, {^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)},
		{1 << 40, 1 << 40, 1, ^uint64(0)}, {1, 1, 0, ^uint64(0)}} {
		if got := muldiv(test[0], test[1], test[2]); got != test[3] {
			t.Errorf("%v: %d", test, got)
		}
	}
}
