package main

import (
	"math"
	"reflect"
	"testing"
)

const (
	linuxStat = `cpu  1200 10 300 20000 40 5 6 7 100 0
cpu0 1000 10 200 10000 30 5 6 7 100 0
cpu1 200 0 100 10000 10 0 0 0 0 0
intr 987654 0 9 0
ctxt 4242
btime 1700000000
`
	linuxInterrupts = `           CPU0       CPU1
  1:          0          9   IO-APIC   1-edge      i8042
  8:          0          0   IO-APIC   8-edge      rtc0
LOC:     100000     200000   Local timer interrupts
ERR:          3
`
	linuxMeminfo = `MemTotal:        1000 kB
MemFree:          300 kB
MemAvailable:     800 kB
Buffers:          100 kB
Cached:           200 kB
PageTables:        50 kB
HugePages_Total:       0
`
	linuxMap = `00000000-00000fff : Reserved
00001000-0009fbff : System RAM
00100000-1fffffff : System RAM
  01000000-01ffffff : Kernel code
    01800000-018fffff : within
fec00000-fec003ff : IOAPIC 0
`
)

func TestProcessor(t *testing.T) {
	cpuinfo := "processor\t: 0\nmodel name\t: A: fast one\ncpu MHz\t\t: 2445.432\n\nprocessor\t: 1\nmodel name\t: other\ncpu MHz\t\t: 1.0\n"
	got := parseProcessor(cpuinfo, linuxStat)
	want := processor{Model: "A: fast one", Megahertz: 2445.432, Cores: []core{{1228, 10030}, {300, 10010}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestInterrupts(t *testing.T) {
	got := parseInterrupts(linuxInterrupts, linuxStat)
	want := interrupts{Total: 987654, Switches: 4242, Sources: []source{
		{"Local timer interrupts", 300000}, {"IO-APIC 1-edge i8042", 9}, {"ERR", 3},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	got = parseInterrupts(linuxInterrupts, "")
	if got.Total != 300012 {
		t.Errorf("without /proc/stat the total is %d, not that of the table", got.Total)
	}
}

func TestMemory(t *testing.T) {
	got := parseMemory(linuxMeminfo)
	want := memory{Total: 1000 << 10, Free: 300 << 10, Files: 300 << 10, PageTables: 50 << 10, Rest: 350 << 10}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := parseMemory("MemTotal: 1 kB\nMemFree: 2 kB\n").Rest; got != 0 {
		t.Errorf("more is free than there is, and %d bytes are used", got)
	}
}

func TestMap(t *testing.T) {
	got := parseMap(linuxMap)
	want := []region{{0, 0x1000, "Reserved"}, {0x1000, 0x9ec00, "System RAM"},
		{0x100000, 0x1ff00000, "System RAM"}, {0xfec00000, 0x400, "IOAPIC 0"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := parseMap("00000000-00000000 : System RAM\n"); len(got) != 0 {
		t.Errorf("addresses that Linux hides became %+v", got)
	}
}

func TestUptime(t *testing.T) {
	for text, want := range map[string]float64{"12.34 56.78": 12.34, "3": 3, "": 0, "x": 0} {
		if got := parseUptime(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// FuzzParse: whatever is in /proc, nothing panics, and JSON can say what comes out.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", linuxStat, linuxInterrupts, linuxMeminfo, linuxMap, "cpu MHz : NaN\n", "Inf", "MemTotal:", ":"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := parseProcessor(text, text)
		for _, x := range []float64{p.Megahertz, parseUptime(text)} {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Errorf("JSON has no %v", x)
			}
		}
		if n := len(parseInterrupts(text, text).Sources); n > mostSources {
			t.Errorf("%d sources of interrupts", n)
		}
		if m := parseMemory(text); m.Rest > m.Total {
			t.Errorf("%+v", m)
		}
		parseMap(text)
	})
}
