package linux

import (
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// said returns what f makes the kernel print.
func said(t *testing.T, f func()) string {
	t.Helper()
	var text strings.Builder
	old := machine.Output
	machine.Output = func(p []byte) { text.Write(p) }
	defer func() { machine.Output = old }()
	f()
	return text.String()
}

// arguments of a call; strings are passed by their address.
func arguments(values ...any) (a call.Arguments) {
	for i, v := range values {
		switch v := v.(type) {
		case int:
			a.Value[i] = uintptr(v)
		case string:
			p, _ := syscall.BytePtrFromString(v)
			a.Value[i] = uintptr(unsafe.Pointer(p))
			named = append(named, p)
		}
	}
	return a
}

var named []*byte // the strings that calls were given

func TestForms(t *testing.T) {
	known := map[string]bool{}
	for i := range table {
		known[table[i].name] = true
	}
	seen := map[string]string{}
	for _, f := range forms {
		form, names := f.form, f.names
		if strings.Trim(form, "dxops") != "" || len(form) > 6 {
			t.Errorf("form %q", form)
		}
		for _, name := range strings.Fields(names) {
			if !known[name] {
				t.Errorf("%s is no system call", name)
			}
			if other, twice := seen[name]; twice {
				t.Errorf("%s has the forms %q and %q", name, other, form)
			}
			seen[name] = form
		}
	}
}

func TestDescribeCall(t *testing.T) {
	for _, test := range []struct {
		number int
		a      call.Arguments
		want   string
	}{
		{unix.SYS_OPENAT, arguments(unix.AT_FDCWD, "/etc/\nhosts", 0x80000, 0o644), `openat(-100, "/etc/\nhosts", 0x80000, 0644)`},
		{unix.SYS_OPENAT, arguments(3, 1, 0, 0), `openat(3, 0x1, 0x0, 00)`},
		{unix.SYS_GETPID, arguments(), `getpid()`},
		{unix.SYS_LSEEK, arguments(3, 1<<40, 0), `lseek(3, 1099511627776, 0)`},
		{99999, arguments(7), `syscall_99999(0x7, 0x0, 0x0, 0x0, 0x0, 0x0)`},
	} {
		if got := describeCall(uintptr(test.number), &test.a); got != test.want {
			t.Errorf("%s\nnot %s", got, test.want)
		}
	}
}

func TestObserve(t *testing.T) {
	defer func(old func([]byte)) { machine.Output = old }(machine.Output)
	defer func() { reported.Store(false); tallies = [len(tallies)]tally{}; missing.count = 0 }()
	trace := said(t, func() {
		dispatch := Observe(true, true)
		for range 3 {
			dispatch(unix.SYS_GETPID, &call.Arguments{})
		}
		closed := arguments(77)
		dispatch(unix.SYS_CLOSE, &closed)
		for range 2 {
			dispatch(unix.SYS_KEXEC_LOAD, &call.Arguments{})
		}
		dispatch(99999, &call.Arguments{})
	})
	want := regexp.MustCompile(`^(getpid\(\) = 1 <\d+ us>\n){3}close\(77\) = -1 EBADF \(bad file descriptor\) <\d+ us>\n` +
		`(kexec_load\(.*\) = -1 ENOSYS .*\n){2}syscall_99999\(.*\n$`)
	if !want.MatchString(trace) {
		t.Error(trace)
	}
	table := said(t, machine.OnExit)
	for _, want := range []string{
		`(?m)^ *\d+\.\d\d +0\.\d{6} +\d+ +3           getpid$`, `(?m) 1 +1 close$`, `(?m) 2 +2 kexec_load$`, `(?m) 1 +1 \(others\)$`,
		`(?m)^kexec_load is not there; it was asked for by testing\.tRunner|TestObserve`,
		`(?m)^syscall_99999 is not there; `,
	} {
		if !regexp.MustCompile(want).MatchString(table) {
			t.Errorf("no %s in\n%s", want, table)
		}
	}
	if n := strings.Count(table, "kexec_load is not there"); n != 1 {
		t.Errorf("kexec_load is called missing %d times\n%s", n, table)
	}
	machine.Output = func([]byte) {}
	if n := testing.AllocsPerRun(10, func() { reported.Store(false); machine.OnExit() }); n != 0 {
		t.Errorf("the report allocates %v times", n)
	}
}
