package paging

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

var everything = Features{NX: true, Page1G: true}

// Places where something could go wrong: the ends of both halves of the address space, and where
// an entry of each level ends.
var places = []uint64{
	0, 2 * mib, Page1G, 1 << 39, 1 << 40, 1<<47 - 4*mib, 0xFFFF800000000000, 0xFFFFFF8000000000 - 2*mib,
	1<<64 - Page1G, 1<<64 - 4*mib,
}

// operations plays what the bytes say.
func operations(t testing.TB, program []byte) {
	if len(program) < 2 {
		return
	}
	w := newWorld(t, []uint64{1 * mib, 16 * mib}[program[0]&1], Features{program[0]&2 != 0, program[0]&4 != 0})
	next := func() (b uint64) {
		if len(program) > 0 {
			b = uint64(program[0])
			program = program[1:]
		}
		return b
	}
	next()
	for len(program) > 0 {
		op := next()
		virtual := places[next()%uint64(len(places))] + next()%16*Page4K + next()%3*Page2M
		size := []uint64{Page4K, 5 * Page4K, Page2M, 2*Page2M + Page4K, Page1G, Page1G + Page2M + Page4K}[next()%6]
		flags := Flags(0)
		for i, f := range []Flags{Write, Execute, Uncached, Global, Software1, Software2} {
			if op>>4&0xF == uint64(i) || op>>3&1 == uint64(i)&1 {
				flags |= f
			}
		}
		physical := next() % 3 * Page1G
		if n := next(); n&1 != 0 {
			physical += virtual % Page1G // so that large pages fit
		} else {
			physical += n * Page4K
			size = min(size, 2*Page2M+Page4K) // a GiB of small pages takes long to check
		}
		switch op % 8 {
		case 0:
			w.doMap(virtual, physical, min(size, 2*Page2M+Page4K), flags, false)
		case 1, 2:
			w.doMap(virtual, physical, size, flags, true)
		case 3:
			w.doFill(virtual, min(size, 3*Page2M), flags&^Uncached)
		case 4:
			w.doProtect(virtual, size, flags)
		case 5:
			count := size / Page4K
			if p, ok := w.frames.AllocateRun(count, count&-count); ok {
				w.lent = count
				if w.doMap(virtual, p, size, flags|Owned, op&8 != 0) != "" {
					w.frames.FreeRun(p, count)
					w.lent = 0
				}
			}
		default:
			w.doUnmap(virtual, size)
		}
	}
	// In the end nothing is left but the root.
	w.lenient = false
	w.doUnmapAll()
}

func (w *world) doUnmapAll() {
	var s Stale
	for _, half := range []uint64{0, 0xFFFF800000000000} {
		if p := w.tables.Unmap(half, 1<<47, &s); p != "" {
			w.Fatal(p)
		}
	}
	if p := w.tables.Release(&s); p != "" {
		w.Fatal(p)
	}
	w.segments, w.step = []segment{}, "unmap all"
	w.check()
	if w.tables.TableFrames() != 1 {
		w.Fatalf("%d tables are left", w.tables.TableFrames())
	}
}

func TestModel(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		program := make([]byte, 400)
		for i := range program {
			program[i] = byte(r.Uint32())
		}
		operations(t, program)
	}
}

func FuzzOperations(f *testing.F) {
	f.Add([]byte{7, 1, 8, 0, 0, 4, 0, 1, 4, 8, 3, 0, 0, 0, 0, 6, 8, 5, 1, 2, 0, 0})
	f.Add([]byte{6, 3, 2, 0, 0, 3, 0, 0, 6, 2, 1, 0, 0, 0, 0})
	f.Add([]byte{2, 5, 2, 0, 0, 1, 0, 0, 4, 2, 1, 0, 0, 0, 0, 3, 2, 0, 0, 5, 0, 0})
	f.Fuzz(func(t *testing.T, program []byte) { operations(t, program) })
}

// TestLookup checks the one address that each page translates.
func TestLookup(t *testing.T) {
	w := newWorld(t, 16*mib, everything)
	const high = 0xFFFF_9000_0000_0000
	w.doMap(high, 0, 3*Page1G+3*Page2M+5*Page4K, Write|Global, true)
	w.doMap(0x1000, 0x7000, Page4K, Execute, false)
	for _, test := range []struct {
		virtual, physical, size uint64
		flags                   Flags
		ok                      bool
	}{
		{high, 0, Page1G, Write | Global, true},
		{high + 2*Page1G + 12345, 2*Page1G + 12345, Page1G, Write | Global, true},
		{high + 3*Page1G + Page2M + 77, 3*Page1G + Page2M + 77, Page2M, Write | Global, true},
		{high + 3*Page1G + 3*Page2M + 4*Page4K + 99, 3*Page1G + 3*Page2M + 4*Page4K + 99, Page4K, Write | Global, true},
		{high + 3*Page1G + 3*Page2M + 5*Page4K, 0, 0, 0, false},
		{0x1FFF, 0x7FFF, Page4K, Execute, true},
		{0xFFF, 0, 0, 0, false},
		{0x2000, 0, 0, 0, false},
		{0x0001_0000_0000_1000, 0, 0, 0, false}, // not canonical
		{high &^ (1 << 63), 0, 0, 0, false},
	} {
		physical, size, flags, ok := w.tables.Lookup(test.virtual)
		if physical != test.physical || size != test.size || flags != test.flags || ok != test.ok {
			t.Errorf("%#x: %#x %#x %#x %v", test.virtual, physical, size, flags, ok)
		}
	}
}

// TestPageSizes checks that MapLarge takes the largest pages it may, and Map none.
func TestPageSizes(t *testing.T) {
	for _, test := range []struct {
		features                Features
		virtual, physical, size uint64
		large                   bool
		pages                   string
	}{
		{everything, Page1G, 2 * Page1G, Page1G, true, "1G"},
		{Features{NX: true}, Page1G, 2 * Page1G, Page1G, true, "512×2M"},
		{everything, Page1G, 2*Page1G + Page2M, Page1G, true, "512×2M"},
		{everything, Page2M, 0, Page2M, true, "2M"},
		{everything, Page2M, 0, Page2M, false, "512×4K"},
		{everything, Page2M, Page4K, Page2M, true, "512×4K"},
		{everything, Page2M - Page4K, Page2M - Page4K, Page2M + 2*Page4K, true, "4K 2M 4K"},
		{everything, Page1G - Page2M, Page1G - Page2M, Page1G + Page2M + Page4K, true, "2M 1G 4K"},
	} {
		w := newWorld(t, 16*mib, test.features)
		if p := w.doMap(test.virtual, test.physical, test.size, Write, test.large); p != "" {
			t.Fatal(p)
		}
		if got := w.pages(); got != test.pages {
			t.Errorf("%+v: %s, want %s", test, got, test.pages)
		}
	}
}

// pages spells the sizes of the pages that there are.
func (w *world) pages() (text string) {
	names := map[uint64]string{Page4K: "4K", Page2M: "2M", Page1G: "1G"}
	count, last := 0, uint64(0)
	flush := func() {
		if count > 0 {
			if text != "" {
				text += " "
			}
			if count > 1 {
				text += fmt.Sprint(count, "×")
			}
			text += names[last]
		}
	}
	for at := uint64(0); ; {
		m, ok := w.tables.Next(at)
		if !ok {
			break
		}
		if m.Size != last {
			flush()
			count, last = 0, m.Size
		}
		count++
		if at = m.Virtual + m.Size; at == 0 {
			break
		}
	}
	flush()
	return text
}

// TestSplit takes pieces out of a 1 GiB page; only what must be is split.
func TestSplit(t *testing.T) {
	w := newWorld(t, 16*mib, everything)
	w.doMap(0, 0, 2*Page1G, Write|Software1, true)
	w.doProtect(Page2M, Page2M, Execute)
	if got, want := w.pages(), "512×2M 1G"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	w.doUnmap(Page1G+Page2M+Page4K, Page4K)
	if got, want := w.pages(), "513×2M 511×4K 510×2M"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	w.doProtect(0, 2*Page1G, 0)
	w.doUnmapAll()
}

// TestFill checks where Fill takes large pages, and that it leaves alone what is there.
func TestFill(t *testing.T) {
	for _, test := range []struct {
		name          string
		virtual, size uint64
		before        func(w *world)
		pages         string
	}{
		{"aligned", Page2M, 2 * Page2M, func(w *world) {}, "2×2M"},
		{"not aligned", Page2M - Page4K, Page2M + 2*Page4K, func(w *world) {}, "4K 2M 4K"},
		{"too short", Page2M, Page2M - Page4K, func(w *world) {}, "511×4K"},
		{"a hole", 0, Page2M, func(w *world) { w.doMap(Page4K, 0, Page4K, 0, false) }, "512×4K"},
		{"a 2 MiB page", 0, 3 * Page2M, func(w *world) { w.doMap(Page2M, 0, Page2M, 0, true) }, "3×2M"},
		{"a 1 GiB page", Page1G - Page4K, Page1G + 2*Page4K, func(w *world) { w.doMap(Page1G, 0, Page1G, 0, true) }, "4K 1G 4K"},
		{"in a 1 GiB page", Page1G + Page4K, Page2M, func(w *world) { w.doMap(Page1G, 0, Page1G, 0, true) }, "1G"},
		{"the top", 1<<64 - Page2M - Page4K, Page2M + Page4K, func(w *world) {}, "4K 2M"},
		{"memory in pieces", Page2M, Page2M, func(w *world) {
			for {
				p, ok := w.frames.AllocateRun(512, 512)
				if !ok {
					break
				}
				w.total -= 512
				if p == 8*mib {
					w.frames.FreeRun(p+Page4K, 511)
					w.total += 511
				}
			}
		}, "512×4K"},
	} {
		w := newWorld(t, 16*mib, everything)
		test.before(w)
		if p := w.doFill(test.virtual, test.size, Write); p != "" {
			t.Errorf("%s: %s", test.name, p)
		}
		if got := w.pages(); got != test.pages {
			t.Errorf("%s: %s, want %s", test.name, got, test.pages)
		}
		w.doUnmapAll()
	}
}

// TestFillOutOfMemory runs out on the way: what is filled stays.
func TestFillOutOfMemory(t *testing.T) {
	w := newWorld(t, 16*mib, everything)
	if p := w.doFill(0, 32*mib, Write); p != outOfMemory {
		t.Errorf("%q", p)
	}
	if w.frames.Available() != 0 || len(w.segments) == 0 {
		t.Errorf("%d frames left, %x", w.frames.Available(), w.segments)
	}
	w.lenient = false
	w.doUnmapAll()
}

// TestOutOfMemory has ever fewer frames: each call succeeds as a whole or changes nothing (check
// sees to that), and with enough frames it succeeds.
func TestOutOfMemory(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(w *world) string
		need uint64
	}{
		{"map", func(w *world) string { return string(w.doMap(1<<40-Page4K, 0, 2*Page4K, 0, false)) }, 6},
		{"map large", func(w *world) string { return string(w.doMap(1<<40-Page1G, Page1G, 2*Page1G+Page2M+Page4K, 0, true)) }, 4},
		{"unmap", func(w *world) string { return string(w.doUnmap(Page4K, Page1G)) }, 4},
		{"unmap inside", func(w *world) string { return string(w.doUnmap(Page4K, Page4K)) }, 4},
		{"protect", func(w *world) string { return string(w.doProtect(Page2M, Page2M, 0)) }, 2},
	} {
		for left := range uint64(8) {
			w := newWorld(t, 16*mib, everything)
			if p := w.doMap(0, 0, 2*Page1G, Write|Execute, true); p != "" {
				t.Fatal(p)
			}
			for w.frames.Available() > left {
				w.frames.Allocate()
				w.total--
			}
			if p := test.do(w); (p == "") != (left >= test.need) {
				t.Errorf("%s with %d frames: %q", test.name, left, p)
			}
		}
	}
}

func TestBadRanges(t *testing.T) {
	w := newWorld(t, 16*mib, everything)
	for _, test := range [][3]uint64{
		{1, 0, Page4K}, {0, 1, Page4K}, {0, 0, 1}, {0, 0, 0}, {1 << 47, 0, Page4K}, {1<<47 - Page4K, 0, 2 * Page4K},
		{1<<64 - Page4K, 0, 2 * Page4K}, {0, 1 << 52, Page4K}, {0, 1<<52 - Page4K, 2 * Page4K}, {0, 1<<64 - Page4K, Page4K},
		{0, 0, 1 << 48}, {0xFFFF000000000000, 0, Page4K},
	} {
		if p := w.doMap(test[0], test[1], test[2], 0, true); p != badRange {
			t.Errorf("%x: %q", test, p)
		}
	}
	w.doUnmap(1, Page4K)
	w.doProtect(1<<47, Page4K, 0)
	w.doFill(0, 0, 0)
	if p := w.doMap(1<<64-Page4K, 1<<52-Page4K, Page4K, 0, true); p != "" {
		t.Error(p)
	}
	if p := w.doMap(0, 0, 16*Page1G, 0, false); p != outOfMemory {
		t.Error(p)
	}
}

// TestStaleTables checks that a freed table, which a processor may still walk, has no entry that
// it could take for one.
func TestStaleTables(t *testing.T) {
	w := newWorld(t, 16*mib, everything)
	w.doMap(0, 0, 4*Page2M+Page4K, Write, false)
	table := w.tables.root
	var below []uint64
	for level := 4; level > 1; level-- {
		table = *w.tables.entry(table, level, 0) & addressMask
		below = append(below, table)
	}
	var s Stale
	if p := w.tables.Unmap(0, Page1G, &s); p != "" {
		t.Fatal(p)
	}
	for _, table := range below {
		for i := range uint64(entries) {
			if e := *w.tables.entry(table, 1, i<<12); e&present != 0 || i > 0 && e != 0 {
				t.Errorf("entry %d is %#x", i, e)
			}
		}
	}
	free := w.frames.FreeFrames()
	w.tables.Release(&s)
	if got := w.frames.FreeFrames() - free; got != 7 {
		t.Errorf("%d tables given back", got)
	}
}

// TestReleaseTwice gives the same frame to two mappings.
func TestReleaseTwice(t *testing.T) {
	w := newWorld(t, 16*mib, everything)
	p, _ := w.frames.Allocate()
	for at := range uint64(2) {
		if p := w.tables.Map(at*Page4K, p, Page4K, Owned); p != "" {
			t.Fatal(p)
		}
	}
	var s Stale
	if p := w.tables.Unmap(0, Page4K, &s); p != "" {
		t.Fatal(p)
	}
	w.tables.Release(&s)
	if p := w.tables.Unmap(Page4K, Page4K, &s); p != "" {
		t.Fatal(p)
	}
	if p := w.tables.Release(&s); p != badFrame {
		t.Errorf("%q", p)
	}
}

func BenchmarkMapUnmap(b *testing.B) {
	w := newWorld(b, 16*mib, everything)
	for b.Loop() {
		w.tables.Map(1<<40, 0, 16*Page4K, Write)
		var s Stale
		w.tables.Unmap(1<<40, 16*Page4K, &s)
		w.tables.Release(&s)
	}
}

func BenchmarkMapLarge64GiB(b *testing.B) {
	w := newWorld(b, 16*mib, Features{NX: true})
	for b.Loop() {
		w.tables.MapLarge(1<<40, 0, 64*Page1G, Write)
		b.StopTimer()
		var s Stale
		w.tables.Unmap(1<<40, 64*Page1G, &s)
		w.tables.Release(&s)
		b.StartTimer()
	}
}
