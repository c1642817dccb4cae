package main

import (
	"io/fs"
	"net"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"time"
)

// A machine can be looked at.
type machine struct {
	proc fs.FS // /proc
}

func osMachine() *machine { return &machine{os.DirFS("/proc")} }

// A look is the state of a machine: what the page shows. What cannot be found out is left empty.
type look struct {
	Name       string     `json:"name"`
	Kernel     string     `json:"kernel"`
	Version    string     `json:"version"`
	Addresses  []string   `json:"addresses"`
	Time       time.Time  `json:"time"`
	Uptime     float64    `json:"uptime"` // seconds
	Requests   int64      `json:"requests"`
	Processor  processor  `json:"processor"`
	Interrupts interrupts `json:"interrupts"`
	Memory     memory     `json:"memory"`
	Map        []region   `json:"map"`
	Go         goState    `json:"go"`
}

// goState is how Go's runtime is. Sizes are in bytes.
type goState struct {
	Version    string  `json:"version"`
	Procs      uint64  `json:"procs"` // GOMAXPROCS
	Goroutines uint64  `json:"goroutines"`
	Threads    uint64  `json:"threads"`
	Cycles     uint64  `json:"cycles"` // garbage collections
	GCSeconds  float64 `json:"gcSeconds"`
	Objects    uint64  `json:"objects"` // on the heap
	Heap       uint64  `json:"heap"`    // live, or not yet found dead
	Goal       uint64  `json:"goal"`    // when the next collection ends
	Stacks     uint64  `json:"stacks"`
	Total      uint64  `json:"total"` // all that the runtime has from the system
}

// look looks at the machine.
func (m *machine) look() *look {
	name, _ := os.Hostname()
	return &look{
		Name:       name,
		Kernel:     strings.TrimSpace(m.read("sys/kernel/ostype") + " " + m.read("sys/kernel/osrelease")),
		Version:    m.read("version"),
		Addresses:  addresses(),
		Time:       time.Now(),
		Uptime:     parseUptime(m.read("uptime")),
		Processor:  parseProcessor(m.read("cpuinfo"), m.read("stat")),
		Interrupts: parseInterrupts(m.read("interrupts"), m.read("stat")),
		Memory:     parseMemory(m.read("meminfo")),
		Map:        parseMap(m.read("iomem")),
		Go:         lookAtGo(),
	}
}

// read returns a file in /proc, without space around it, "" if it cannot be read.
func (m *machine) read(name string) string {
	content, err := fs.ReadFile(m.proc, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// addresses returns the machine's addresses on the network.
func addresses() []string {
	list := []string{}
	all, _ := net.InterfaceAddrs()
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			list = append(list, n.String())
		}
	}
	slices.Sort(list)
	return list
}

func lookAtGo() goState {
	g := goState{Version: runtime.Version()}
	numbers := []struct {
		name string
		to   *uint64
	}{
		{"/sched/gomaxprocs:threads", &g.Procs},
		{"/sched/goroutines:goroutines", &g.Goroutines},
		{"/sched/threads/total:threads", &g.Threads},
		{"/gc/cycles/total:gc-cycles", &g.Cycles},
		{"/gc/heap/objects:objects", &g.Objects},
		{"/memory/classes/heap/objects:bytes", &g.Heap},
		{"/gc/heap/goal:bytes", &g.Goal},
		{"/memory/classes/heap/stacks:bytes", &g.Stacks},
		{"/memory/classes/total:bytes", &g.Total},
	}
	samples := make([]metrics.Sample, len(numbers), len(numbers)+1)
	for i, n := range numbers {
		samples[i].Name = n.name
	}
	samples = append(samples, metrics.Sample{Name: "/cpu/classes/gc/total:cpu-seconds"})
	metrics.Read(samples)
	for i, n := range numbers {
		if v := samples[i].Value; v.Kind() == metrics.KindUint64 {
			*n.to = v.Uint64()
		}
	}
	if v := samples[len(numbers)].Value; v.Kind() == metrics.KindFloat64 {
		g.GCSeconds = v.Float64()
	}
	return g
}
