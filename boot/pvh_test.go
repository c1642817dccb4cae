package boot

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var le = binary.LittleEndian

// A loader is a fake boot loader: it lays its structures into 1 MiB of physical memory.
type loader struct {
	memory []byte
}

const (
	startInfoAt = 0x100
	memoryMapAt = 0x200
	modulesAt   = 0x400
	commandAt   = 0xFF0 // so that it reaches over a page's end
	rsdpAt      = 0xF0000
)

type memoryEntry struct {
	start, size uint64
	kind        uint32
}

func newLoader(command string, entries []memoryEntry, modules ...Range) *loader {
	l := &loader{make([]byte, 1<<20)}
	b := l.memory[startInfoAt:]
	le.PutUint32(b, pvhMagic)
	le.PutUint32(b[4:], 1)
	le.PutUint32(b[12:], uint32(len(modules)))
	le.PutUint64(b[16:], modulesAt)
	le.PutUint64(b[24:], commandAt)
	le.PutUint64(b[32:], rsdpAt)
	le.PutUint64(b[40:], memoryMapAt)
	le.PutUint32(b[48:], uint32(len(entries)))
	for i, e := range entries {
		b := l.memory[memoryMapAt+24*i:]
		le.PutUint64(b, e.start)
		le.PutUint64(b[8:], e.size)
		le.PutUint32(b[16:], e.kind)
	}
	for i, m := range modules {
		b := l.memory[modulesAt+32*i:]
		le.PutUint64(b, m.Start)
		le.PutUint64(b[8:], m.End-m.Start)
	}
	copy(l.memory[commandAt:], command)
	return l
}

func (l *loader) at(physical, size uint64) []byte {
	if physical > uint64(len(l.memory)) || size > uint64(len(l.memory))-physical {
		return nil
	}
	return l.memory[physical:][:size]
}

var someMemory = []memoryEntry{{0, 0xA0000, 1}, {0x100000, 0x700000, 1}}

func TestReadPVH(t *testing.T) {
	// As QEMU's microvm has it, with an entry of zeros.
	l := newLoader("quiet -- a b", []memoryEntry{
		{0, 0x9FC00, 1}, {0x9FC00, 0x400, 2}, {0xF0000, 0x10000, 2}, {0x100000, 0x3EE0000, 1},
		{0x3FE0000, 0x20000, 2}, {}, {0xFFFC0000, 0x40000, 2}, {1 << 32, 1 << 32, 1},
	}, Range{0x80000, 0x80123}, Range{5, 5}, Range{0x90000, 0x91000})
	var info Info
	if p := ReadPVH(&info, startInfoAt, l.at); p != "" {
		t.Fatal(p)
	}
	regions := []Region{
		{Range{0, 0x9FC00}, Usable}, {Range{0x9FC00, 0xA0000}, Reserved}, {Range{0xF0000, 0x100000}, Reserved},
		{Range{0x100000, 0x3FE0000}, Usable}, {Range{0x3FE0000, 0x4000000}, Reserved},
		{Range{0xFFFC0000, 1 << 32}, Reserved}, {Range{1 << 32, 2 << 32}, Usable},
	}
	if got := info.Regions[:info.RegionCount]; !slices.Equal(got, regions) {
		t.Errorf("regions %x\nwant %x", got, regions)
	}
	if got, want := info.Modules[:info.ModuleCount], []Range{{0x80000, 0x80123}, {0x90000, 0x91000}}; !slices.Equal(got, want) {
		t.Errorf("modules %x, want %x", got, want)
	}
	if want := (Range{commandAt, commandAt + 12}); info.CommandLine != want {
		t.Errorf("command line %x, want %x", info.CommandLine, want)
	}
	if info.RSDP != rsdpAt {
		t.Errorf("RSDP %#x", info.RSDP)
	}
	if want := [4]Range{{startInfoAt, startInfoAt + 56}, {modulesAt, modulesAt + 3*32},
		{memoryMapAt, memoryMapAt + 8*24}, {rsdpAt, rsdpAt + 36}}; info.StartInfo != want {
		t.Errorf("start info %x, want %x", info.StartInfo, want)
	}
	if got := info.UsableBytes(); got != 0x9FC00+0x3EE0000+1<<32 {
		t.Errorf("%#x bytes usable", got)
	}
	if info.UsableEnd() != 2<<32 {
		t.Errorf("usable up to %#x", info.UsableEnd())
	}
}

func TestReadPVHProblems(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(b []byte) // of the start info
		want   string
	}{
		{"magic", func(b []byte) { b[0]++ }, "magic"},
		{"version 0", func(b []byte) { b[4] = 0 }, "version 0"},
		{"no map", func(b []byte) { le.PutUint64(b[40:], 0) }, "no memory map"},
		{"empty map", func(b []byte) { le.PutUint32(b[48:], 0) }, "no memory map"},
		{"map too long", func(b []byte) { le.PutUint32(b[48:], ^uint32(0)) }, "1024"},
		{"map outside", func(b []byte) { le.PutUint64(b[40:], ^uint64(0)-8) }, "cannot be read"},
		{"map without memory", func(b []byte) { le.PutUint64(b[40:], 0x60000) }, "no usable memory"},
		{"too many modules", func(b []byte) { le.PutUint32(b[12:], 9) }, "8 modules"},
		{"modules outside", func(b []byte) { le.PutUint32(b[12:], 1); le.PutUint64(b[16:], 1<<40) }, "list of modules"},
		{"module outside", func(b []byte) { le.PutUint32(b[12:], 2) }, "initramfs"},
		{"command line outside", func(b []byte) { le.PutUint64(b[24:], 1<<40) }, "command line cannot be read"},
		{"endless command line", func(b []byte) { le.PutUint64(b[24:], 0xA0000) }, "64 KiB"},
	} {
		l := newLoader("", someMemory)
		le.PutUint64(l.memory[modulesAt+32+8:], 1<<62)
		for i := 0xA0000; i < 0xE0000; i++ {
			l.memory[i] = 'x'
		}
		test.change(l.memory[startInfoAt:])
		var info Info
		if p := ReadPVH(&info, startInfoAt, l.at); !strings.Contains(string(p), test.want) {
			t.Errorf("%s: %q", test.name, p)
		}
	}
	var info Info
	if p := ReadPVH(&info, 1<<50, newLoader("", nil).at); p == "" {
		t.Error("a start info outside of memory was read")
	}
}

func TestCommandLineLength(t *testing.T) {
	for _, length := range []int{0, 1, 15, 16, 17, maxCommandLine - 1, maxCommandLine} {
		l := newLoader(strings.Repeat("x", length), someMemory)
		var info Info
		p := ReadPVH(&info, startInfoAt, l.at)
		if p != "" || info.CommandLine.End-info.CommandLine.Start != uint64(length) {
			t.Errorf("%d: %x, %q", length, info.CommandLine, p)
		}
	}
	l := newLoader(strings.Repeat("x", maxCommandLine+1), someMemory)
	var info Info
	if p := ReadPVH(&info, startInfoAt, l.at); p == "" {
		t.Error("a line of 64 KiB and 1 was taken")
	}
}

// TestAddRegion compares random maps with a model that has a kind for each address.
func TestAddRegion(t *testing.T) {
	const top = 64
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		var info Info
		var model [top]Kind
		for range 1 + r.IntN(12) {
			start := r.Uint64N(top)
			end := start + r.Uint64N(top-start+1)
			kind := Kind(r.IntN(8))
			if !info.AddRegion(Range{start, end}, kind) {
				t.Fatal("full")
			}
			if kind == 0 || kind > Unusable {
				kind = Reserved
			}
			for i := start; i < end; i++ {
				if model[i] == 0 || kind.rank() > model[i].rank() {
					model[i] = kind
				}
			}
		}
		checkRegions(t, &info)
		var got [top]Kind
		for _, r := range info.Regions[:info.RegionCount] {
			for i := r.Start; i < r.End; i++ {
				got[i] = r.Kind
			}
		}
		if got != model {
			t.Fatalf("%v\nis %v\nnot %v", info.Regions[:info.RegionCount], got, model)
		}
		limit := r.Uint64N(top)
		if !info.LimitUsable(limit) {
			t.Fatal("full")
		}
		checkRegions(t, &info)
		if info.UsableEnd() > limit {
			t.Fatalf("limit %d: %v", limit, info.Regions[:info.RegionCount])
		}
	}
}

// checkRegions checks what Info promises of Regions.
func checkRegions(t *testing.T, info *Info) {
	t.Helper()
	for i, r := range info.Regions[:info.RegionCount] {
		if r.Start >= r.End || r.Kind < Usable || r.Kind > Unusable {
			t.Fatalf("region %x", r)
		}
		if i > 0 {
			if b := info.Regions[i-1]; b.End > r.Start || b.End == r.Start && b.Kind == r.Kind {
				t.Fatalf("regions %x and %x", b, r)
			}
		}
	}
}

func TestMapFull(t *testing.T) {
	var info Info
	for i := range uint64(MaxRegions) {
		if !info.AddRegion(Range{2 * i, 2*i + 1}, Usable) {
			t.Fatalf("full at %d", i)
		}
	}
	if info.AddRegion(Range{1000, 1001}, Usable) {
		t.Error("one more than fits")
	}
	checkRegions(t, &info)
}

func FuzzReadPVH(f *testing.F) {
	for _, entries := range [][]memoryEntry{
		someMemory,
		append(someMemory, memoryEntry{0x50000, 1 << 63, 2}, memoryEntry{1 << 63, 1 << 63, 7}),
	} {
		l := newLoader("", entries, Range{0x100, 0x123})
		le.PutUint64(l.memory[startInfoAt+24:], 0x480)
		copy(l.memory[0x480:], "quiet")
		f.Add(l.memory[:0x490])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l := &loader{b}
		var info Info
		if p := ReadPVH(&info, startInfoAt, l.at); p != "" {
			return
		}
		checkRegions(t, &info)
		if info.UsableBytes() == 0 {
			t.Error("no memory")
		}
		for _, m := range info.Modules[:info.ModuleCount] {
			if l.at(m.Start, m.End-m.Start) == nil || m.Start >= m.End {
				t.Errorf("module %x", m)
			}
		}
		if c := info.CommandLine; c.End != 0 && slices.Contains(l.at(c.Start, c.End-c.Start), 0) {
			t.Errorf("command line %x", c)
		}
	})
}
