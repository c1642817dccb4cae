package linux

import (
	"strconv"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/machine"
)

const errnoMissing = uintptr(syscall.ENOSYS)

// reportCalls prints what was counted, as strace -c does, the calls that took longest first. It runs when the
// machine goes off (machine.AtExit): it does not allocate, and takes no lock.
func reportCalls() {
	if reported.Swap(true) {
		return // two cores end the program at once
	}
	var total uint64
	for i := range tallies {
		total += tallies[i].nanos.Load()
	}
	printString("% time     seconds  usecs/call     calls    errors syscall\n" +
		"------ ----------- ----------- --------- --------- ----------------\n")
	var printed [len(tallies)]bool
	for {
		next := -1
		for i := range tallies {
			t := &tallies[i]
			if !printed[i] && t.calls.Load() > 0 && (next < 0 || t.nanos.Load() > tallies[next].nanos.Load()) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		printed[next] = true
		row(&tallies[next], total, next)
	}
	for _, line := range missing.lines[:missing.count] {
		printString(line)
	}
}

// What reportCalls would have to allocate, as it is handed on.
var (
	reported atomic.Bool
	rowSpace [160]byte
)

func printString(s string) { machine.Print(unsafe.Slice(unsafe.StringData(s), len(s))) }

func row(t *tally, total uint64, number int) {
	line := rowSpace[:0]
	nanos, calls := t.nanos.Load(), t.calls.Load()
	hundredths := nanos * 100 / max(total/100, 1)
	line = column(line, hundredths/100, 3)
	line = append(line, '.', '0'+byte(hundredths/10%10), '0'+byte(hundredths%10))
	line = column(line, nanos/1e9, 5)
	line = append(line, '.')
	for unit := uint64(1e8); unit >= 1e3; unit /= 10 {
		line = append(line, '0'+byte(nanos/unit%10))
	}
	line = column(line, nanos/calls/1000, 12)
	line = column(line, calls, 10)
	if errors := t.errors.Load(); errors > 0 {
		line = column(line, errors, 10)
	} else {
		line = append(line, "          "...)
	}
	name := "(others)"
	if number < len(table) {
		name = table[number].name
	}
	line = append(append(append(line, ' '), name...), '\n')
	machine.Print(line)
}

// column appends n to line, right-aligned in width columns.
func column(line []byte, n uint64, width int) []byte {
	var digits [20]byte
	text := strconv.AppendUint(digits[:0], n, 10)
	for range width - len(text) {
		line = append(line, ' ')
	}
	return append(line, text...)
}
