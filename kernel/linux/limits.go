package linux

import (
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
)

// The resources of getrlimit, as far as they mean something here.
const (
	limitStack   = 3
	limitCore    = 4
	limitFiles   = 7
	limitPending = 11
	limitsCount  = 16

	unlimited = ^uint64(0)
)

// limits are the resource limits that the program has set. That on descriptors takes effect.
var limits = struct {
	mu  sync.Mutex
	all [limitsCount]syscall.Rlimit
}{all: firstLimits()}

// firstLimits are those that the program starts with.
func firstLimits() (all [limitsCount]syscall.Rlimit) {
	for i := range all {
		all[i] = syscall.Rlimit{Cur: unlimited, Max: unlimited}
	}
	all[limitStack].Cur = 8 << 20
	all[limitCore] = syscall.Rlimit{}
	all[limitPending] = syscall.Rlimit{Cur: mostPending, Max: mostPending}
	all[limitFiles] = syscall.Rlimit{Cur: maxDescriptors, Max: maxDescriptors}
	return all
}

func sysGetrlimit(a *call.Arguments) (uintptr, syscall.Errno) {
	return exchangeLimit(uint32(a.Value[0]), Pointer{}, Argument(a, 1))
}

func sysSetrlimit(a *call.Arguments) (uintptr, syscall.Errno) {
	p := Argument(a, 1)
	if p.IsNil() {
		return 0, syscall.EFAULT
	}
	return exchangeLimit(uint32(a.Value[0]), p, Pointer{})
}

func sysPrlimit64(a *call.Arguments) (uintptr, syscall.Errno) {
	if pid := int32(a.Value[0]); pid != 0 && pid != processID {
		return 0, syscall.ESRCH
	}
	return exchangeLimit(uint32(a.Value[1]), Argument(a, 2), Argument(a, 3))
}

// exchangeLimit sets the limit of a resource to what is at given, and writes what it was to old; both
// are optional.
func exchangeLimit(resource uint32, given, old Pointer) (uintptr, syscall.Errno) {
	var wanted syscall.Rlimit
	if !given.IsNil() {
		if errno := CopyIn(given, &wanted); errno != 0 {
			return 0, errno
		}
	}
	if resource >= limitsCount || wanted.Cur > wanted.Max {
		return 0, syscall.EINVAL
	}
	limits.mu.Lock()
	was := limits.all[resource]
	if !given.IsNil() {
		if resource == limitFiles && wanted.Max > maxDescriptors {
			limits.mu.Unlock()
			return 0, syscall.EPERM
		}
		limits.all[resource] = wanted
		if resource == limitFiles {
			descriptors.limit.Store(int64(wanted.Cur))
		}
	}
	limits.mu.Unlock()
	if old.IsNil() {
		return 0, 0
	}
	return 0, CopyOut(old, &was)
}

// limitNames are the resources by number, as /proc/self/limits calls them and their units.
var limitNames = [limitsCount][2]string{
	{"cpu time", "seconds"}, {"file size", "bytes"}, {"data size", "bytes"}, {"stack size", "bytes"}, {"core file size", "bytes"},
	{"resident set", "bytes"}, {"processes", "processes"}, {"open files", "files"}, {"locked memory", "bytes"},
	{"address space", "bytes"}, {"file locks", "locks"}, {"pending signals", "signals"}, {"msgqueue size", "bytes"},
	{"nice priority", ""}, {"realtime priority", ""}, {"realtime timeout", "us"},
}

// limitsText is the text of /proc/self/limits (proc_pid_limits(5)).
func limitsText() []byte {
	limits.mu.Lock()
	defer limits.mu.Unlock()
	show := func(limit uint64) string {
		if limit == unlimited {
			return "unlimited"
		}
		return strconv.FormatUint(limit, 10)
	}
	b := appendRow(nil, "Limit", "Soft Limit", "Hard Limit", "Units")
	for i, l := range limits.all {
		b = appendRow(b, "Max "+limitNames[i][0], show(l.Cur), show(l.Max), limitNames[i][1])
	}
	return b
}

func appendRow(b []byte, name, soft, hard, unit string) []byte {
	for i, text := range []string{name, soft, hard, unit} {
		width := [...]int{26, 21, 21, 10}[i]
		b = append(append(b, text...), strings.Repeat(" ", max(width-len(text), 0))...)
	}
	return append(b, '\n')
}
