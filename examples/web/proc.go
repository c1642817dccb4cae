package main

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// The formats of the files in /proc are in proc(5). Lines that say something else are passed over.

// A processor is its kind and what its cores have done.
type processor struct {
	Model     string  `json:"model"`
	Megahertz float64 `json:"megahertz"`
	Cores     []core  `json:"cores"`
}

// A core counts how long it has been busy and idle, in hundredths of a second.
type core struct {
	Busy uint64 `json:"busy"`
	Idle uint64 `json:"idle"`
}

// parseProcessor reads /proc/cpuinfo and /proc/stat.
func parseProcessor(cpuinfo, stat string) processor {
	p := processor{Cores: []core{}}
	for line := range strings.Lines(cpuinfo) {
		name, value, _ := strings.Cut(line, ":")
		switch name, value = strings.TrimSpace(name), strings.TrimSpace(value); {
		case name == "model name" && p.Model == "":
			p.Model = value
		case name == "cpu MHz" && p.Megahertz == 0:
			p.Megahertz = decimal(value)
		}
	}
	for line := range strings.Lines(stat) {
		fields := strings.Fields(line)
		if len(fields) < 5 || !strings.HasPrefix(fields[0], "cpu") || fields[0] == "cpu" {
			continue
		}
		var c core
		for i, f := range fields[1:min(len(fields), 9)] { // what follows is time of guests, counted before
			if n := number(f); i == 3 || i == 4 { // idle, and idle because of input or output
				c.Idle += n
			} else {
				c.Busy += n
			}
		}
		p.Cores = append(p.Cores, c)
	}
	return p
}

// interrupts are those since the machine was started.
type interrupts struct {
	Total    uint64   `json:"total"`
	Switches uint64   `json:"switches"` // of a core from one thread to another
	Sources  []source `json:"sources"`  // the busiest first
}

// A source of interrupts.
type source struct {
	Name  string `json:"name"`
	Count uint64 `json:"count"`
}

// mostSources is how many the page shows.
const mostSources = 6

// parseInterrupts reads /proc/interrupts and /proc/stat.
func parseInterrupts(table, stat string) interrupts {
	in := interrupts{Sources: []source{}}
	for line := range strings.Lines(table) {
		name, rest, ok := strings.Cut(line, ":")
		if !ok {
			continue // the names of the columns
		}
		s := source{Name: strings.TrimSpace(name)}
		fields := strings.Fields(rest)
		for len(fields) > 0 && isNumber(fields[0]) { // a column for each core
			s.Count += number(fields[0])
			fields = fields[1:]
		}
		if len(fields) > 0 {
			s.Name = strings.Join(fields, " ")
		}
		in.Total += s.Count
		if s.Count > 0 {
			in.Sources = append(in.Sources, s)
		}
	}
	slices.SortStableFunc(in.Sources, func(a, b source) int {
		if a.Count > b.Count {
			return -1
		} else if a.Count < b.Count {
			return 1
		}
		return 0
	})
	in.Sources = in.Sources[:min(len(in.Sources), mostSources)]
	for line := range strings.Lines(stat) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "intr": // the sum of all, also of those that have no line in the table
			in.Total = number(fields[1])
		case "ctxt":
			in.Switches = number(fields[1])
		}
	}
	return in
}

// memory is how much there is and what it is used for, in bytes.
type memory struct {
	Total      uint64 `json:"total"`
	Free       uint64 `json:"free"`
	Files      uint64 `json:"files"`
	PageTables uint64 `json:"pageTables"`
	Rest       uint64 `json:"rest"` // the program, and the kernel
}

// parseMemory reads /proc/meminfo.
func parseMemory(meminfo string) memory {
	var m memory
	for line := range strings.Lines(meminfo) {
		name, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}
		size := number(fields[0])
		if len(fields) > 1 && fields[1] == "kB" {
			size *= 1024
		}
		switch name {
		case "MemTotal":
			m.Total = size
		case "MemFree":
			m.Free = size
		case "Cached", "Buffers":
			m.Files += size
		case "PageTables":
			m.PageTables = size
		}
	}
	m.Rest = m.Total - min(m.Total, m.Free+m.Files+m.PageTables)
	return m
}

// A region of the physical address space.
type region struct {
	Start uint64 `json:"start"`
	Size  uint64 `json:"size"`
	Kind  string `json:"kind"`
}

// parseMap reads /proc/iomem: the regions of the machine, not the parts that Linux shows in them.
func parseMap(iomem string) []region {
	list := []region{}
	for line := range strings.Lines(iomem) {
		addresses, kind, ok := strings.Cut(line, " : ")
		from, to, dash := strings.Cut(addresses, "-")
		if !ok || !dash || strings.HasPrefix(line, " ") {
			continue
		}
		start, err1 := strconv.ParseUint(from, 16, 64)
		last, err2 := strconv.ParseUint(to, 16, 64)
		if err1 != nil || err2 != nil || last <= start { // Linux shows only zeros to other users than root
			continue
		}
		list = append(list, region{start, last - start + 1, strings.TrimSpace(kind)})
	}
	return list
}

// parseUptime reads /proc/uptime: seconds since the machine was started.
func parseUptime(uptime string) float64 {
	first, _, _ := strings.Cut(uptime, " ")
	return decimal(first)
}

// decimal reads a number with a decimal point, 0 if s is none.
func decimal(s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) { // JSON has none of these
		return 0
	}
	return x
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

// number reads a decimal number, 0 if s is none.
func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
