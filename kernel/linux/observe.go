package linux

import (
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// Observe returns what carries system calls out in Dispatch's place and tells of them: of all in a table
// when the machine goes off (count), of each as it returns (trace).
func Observe(count, trace bool) func(number uintptr, a *call.Arguments) (result, errno uintptr) {
	if count {
		machine.AtExit(reportCalls)
	}
	return func(number uintptr, a *call.Arguments) (result, errno uintptr) {
		asked := ""
		if trace {
			asked = describeCall(number, a)
		}
		start := machine.Uptime()
		result, errno = Dispatch(number, a)
		took := machine.Uptime() - start
		tallies[min(number, uintptr(len(table)))].add(took, errno != 0)
		if trace {
			tellCall(asked, result, errno, took)
		}
		if errno == errnoMissing {
			noteMissing(number)
		}
		return result, errno
	}
}

// tallies are by number; the last one is for those that are not in the table.
var tallies [len(table) + 1]tally

// A tally counts the calls of one kind that have returned.
type tally struct {
	calls, errors, nanos atomic.Uint64
}

func (t *tally) add(nanos int64, failed bool) {
	t.calls.Add(1)
	t.nanos.Add(uint64(nanos))
	if failed {
		t.errors.Add(1)
	}
}

// callName is a system call's name, or its number where nobody knows one.
func callName(number uintptr) string {
	if number < uintptr(len(table)) && table[number].name != "" {
		return table[number].name
	}
	return "syscall_" + strconv.FormatUint(uint64(number), 10)
}

// missing are the calls that were answered with ENOSYS, and who made them.
var missing struct {
	mu    sync.Mutex
	lines [32]string // in the order in which they came; with no more room, others are counted only
	count int
}

// noteMissing notes who made the call. It runs on the goroutine that did.
func noteMissing(number uintptr) {
	line := callName(number) + " is not there; it was asked for by " + caller() + "\n"
	missing.mu.Lock()
	defer missing.mu.Unlock()
	for _, known := range missing.lines[:missing.count] {
		if known == line {
			return
		}
	}
	if missing.count < len(missing.lines) {
		missing.lines[missing.count] = line
		missing.count++
	}
}

// caller is the function that made the system call: the first one outside of the kernel and of the
// packages that programs make them through.
func caller() string {
	pc := make([]uintptr, 32)
	frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc)])
	for {
		f, more := frames.Next()
		if !isDoor(f.Function) {
			return f.Function + " (" + f.File + ":" + strconv.Itoa(f.Line) + ")"
		}
		if !more {
			return "nobody known"
		}
	}
}

func isDoor(function string) bool {
	for _, door := range []string{"ringo_os/", "github.com/ringo-os/ringo/kernel/", "syscall.", "internal/runtime/syscall/",
		"internal/syscall/", "golang.org/x/sys/", "runtime."} {
		if strings.HasPrefix(function, door) {
			return true
		}
	}
	return false
}
