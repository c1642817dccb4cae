package linux

import (
	"bytes"
	"encoding/binary"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/machine"
	"golang.org/x/sys/unix"
)

// ids are the real, effective and saved IDs that a call gives.
func ids(t *testing.T, number uintptr) (list [3]int) {
	t.Helper()
	b := make([]byte, 12)
	must(t, number, b, b[4:], b[8:])
	for i := range list {
		list[i] = int(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return list
}

func TestCredentials(t *testing.T) {
	reset()
	t.Cleanup(reset)
	const none = -1
	for i, test := range []struct {
		number    uintptr
		arguments []any
		errno     syscall.Errno
		user      [3]int
	}{
		{unix.SYS_SETUID, []any{none}, syscall.EINVAL, [3]int{0, 0, 0}},
		{unix.SYS_SETREUID, []any{1, none}, 0, [3]int{1, 0, 0}},
		{unix.SYS_SETREUID, []any{0, 2}, 0, [3]int{0, 2, 2}},
		{unix.SYS_SETREUID, []any{5, none}, syscall.EPERM, [3]int{0, 2, 2}},
		{unix.SYS_SETREUID, []any{none, 0}, 0, [3]int{0, 0, 2}},
		{unix.SYS_SETRESUID, []any{7, 8, 9}, 0, [3]int{7, 8, 9}},
		{unix.SYS_SETRESUID, []any{7, 8, 3}, syscall.EPERM, [3]int{7, 8, 9}},
		{unix.SYS_SETRESUID, []any{none, 9, none}, 0, [3]int{7, 9, 9}},
		{unix.SYS_SETUID, []any{7}, 0, [3]int{7, 7, 9}},
		{unix.SYS_SETUID, []any{8}, syscall.EPERM, [3]int{7, 7, 9}},
		{unix.SYS_SETGROUPS, []any{0, 0}, syscall.EPERM, [3]int{7, 7, 9}},
	} {
		if _, errno := do(test.number, test.arguments...); errno != test.errno || ids(t, unix.SYS_GETRESUID) != test.user {
			t.Errorf("%d: %v, %v; want %v, %v", i, errno, ids(t, unix.SYS_GETRESUID), test.errno, test.user)
		}
	}
	if must(t, unix.SYS_GETUID) != 7 || must(t, unix.SYS_GETEUID) != 7 || must(t, unix.SYS_GETGID) != 0 || must(t, unix.SYS_GETEGID) != 0 {
		t.Error("getuid and its like")
	}
	credentials.user = identity{}
	must(t, unix.SYS_SETGID, 4)
	if got := ids(t, unix.SYS_GETRESGID); got != [3]int{4, 4, 4} {
		t.Error(got)
	}
	must(t, unix.SYS_SETGROUPS, 2, []byte{9, 0, 0, 0, 3, 0, 0, 0})
	fails(t, syscall.EINVAL, unix.SYS_GETGROUPS, 1, make([]byte, 4))
	b := make([]byte, 8)
	if n := must(t, unix.SYS_GETGROUPS, 2, b); n != 2 || !bytes.Equal(b, []byte{3, 0, 0, 0, 9, 0, 0, 0}) {
		t.Error(n, b)
	}
	if must(t, unix.SYS_GETGROUPS, 0, 0) != 2 {
		t.Error("number of groups")
	}
}

func TestCapget(t *testing.T) {
	fails(t, syscall.EFAULT, unix.SYS_CAPGET, 0, 0)
	header := make([]byte, 8)
	fails(t, syscall.EINVAL, unix.SYS_CAPGET, header, make([]byte, 24))
	if binary.LittleEndian.Uint32(header) != 0x20080522 {
		t.Errorf("version %x", header)
	}
	c := make([]byte, 24)
	if must(t, unix.SYS_CAPGET, header, c); c[0] != 0xff || c[12] != 0xff || c[8] != 0 {
		t.Errorf("%x", c)
	}
}

func TestLimits(t *testing.T) {
	reset()
	t.Cleanup(reset)
	limit := make([]byte, 16)
	set := func(cur, most uint64) []byte {
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, cur), most)
	}
	must(t, unix.SYS_GETRLIMIT, limitFiles, limit)
	if !bytes.Equal(limit, set(maxDescriptors, maxDescriptors)) {
		t.Errorf("%x", limit)
	}
	must(t, unix.SYS_PRLIMIT64, 0, limitFiles, set(3, 100), limit)
	if !bytes.Equal(limit, set(maxDescriptors, maxDescriptors)) {
		t.Errorf("%x", limit)
	}
	for range 3 {
		must(t, unix.SYS_EVENTFD2, 0, 0)
	}
	fails(t, syscall.EMFILE, unix.SYS_EVENTFD2, 0, 0)
	fails(t, syscall.EMFILE, unix.SYS_PIPE2, make([]byte, 8), 0)
	fails(t, syscall.EBADF, unix.SYS_DUP2, 0, 3)
	fails(t, syscall.EINVAL, unix.SYS_FCNTL, 0, fDupFD, 3)
	if open := openDescriptors(); !slices.Equal(open, []int{0, 1, 2}) {
		t.Error("left open:", open)
	}
	fails(t, syscall.EPERM, unix.SYS_SETRLIMIT, limitFiles, set(5, 2*maxDescriptors))
	fails(t, syscall.EINVAL, unix.SYS_SETRLIMIT, limitFiles, set(6, 5))
	fails(t, syscall.EINVAL, unix.SYS_GETRLIMIT, limitsCount, limit)
	fails(t, syscall.EFAULT, unix.SYS_SETRLIMIT, limitFiles, 0)
	fails(t, syscall.ESRCH, unix.SYS_PRLIMIT64, 77, limitFiles, 0, limit)
	must(t, unix.SYS_SETRLIMIT, limitFiles, set(4, 100))
	must(t, unix.SYS_EVENTFD2, 0, 0)
}

func timespec(d time.Duration) []byte {
	t := syscall.NsecToTimespec(int64(d))
	return bytes.Clone(unsafe.Slice((*byte)(unsafe.Pointer(&t)), 16))
}

// clock reads a clock.
func clock(t *testing.T, id int) time.Duration {
	t.Helper()
	b := timespec(0)
	must(t, unix.SYS_CLOCK_GETTIME, id, b)
	return time.Duration(binary.LittleEndian.Uint64(b)*1e9 + binary.LittleEndian.Uint64(b[8:]))
}

func TestClocks(t *testing.T) {
	if off := time.Since(time.Unix(0, int64(clock(t, clockRealtime)))); off < 0 || off > time.Second {
		t.Error("the wall clock is off by", off)
	}
	before, after := clock(t, clockMonotonic), machine.Uptime()
	if int64(before) > after || after-int64(before) > 1e9 {
		t.Error(before, after)
	}
	fails(t, syscall.EINVAL, unix.SYS_CLOCK_GETTIME, 99, timespec(0))
	fails(t, syscall.EFAULT, unix.SYS_CLOCK_GETTIME, 0, 0)
	resolution := timespec(0)
	if must(t, unix.SYS_CLOCK_GETRES, clockMonotonic, resolution); resolution[8] != 1 {
		t.Error(resolution)
	}
	sleeps := func(name string, want time.Duration, number uintptr, arguments ...any) {
		t.Helper()
		began := time.Now()
		must(t, number, arguments...)
		if took := time.Since(began); took < want || took > want+time.Second {
			t.Errorf("%s took %v, want %v", name, took, want)
		}
	}
	const short = 5 * time.Millisecond
	sleeps("nanosleep", short, unix.SYS_NANOSLEEP, timespec(short), 0)
	sleeps("relative", short, unix.SYS_CLOCK_NANOSLEEP, clockMonotonic, 0, timespec(short), 0)
	sleeps("absolute", short-time.Millisecond, unix.SYS_CLOCK_NANOSLEEP, clockMonotonic, 1, timespec(clock(t, clockMonotonic)+short), 0)
	sleeps("past", 0, unix.SYS_CLOCK_NANOSLEEP, clockRealtime, 1, timespec(time.Hour), 0)
	fails(t, syscall.EINVAL, unix.SYS_NANOSLEEP, timespec(-time.Second), 0)
	fails(t, syscall.EINVAL, unix.SYS_CLOCK_NANOSLEEP, clockThread, 0, timespec(short), 0)
	if now := must(t, unix.SYS_TIME, 0); int64(now) < time.Now().Unix()-2 {
		t.Error(now)
	}
}

func TestSystem(t *testing.T) {
	u := make([]byte, 6*65)
	must(t, unix.SYS_SETHOSTNAME, []byte("other"), 5)
	must(t, unix.SYS_UNAME, u)
	for i, want := range []string{"Linux", "other", "6.12.0-ringo", "#1 Ringo go1.", "x86_64", "(none)"} {
		if got := u[65*i:][:65]; !bytes.HasPrefix(got, []byte(want)) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	SetHostname("ringo")
	must(t, unix.SYS_SETDOMAINNAME, []byte("example"), 7)
	if must(t, unix.SYS_UNAME, u); !bytes.HasPrefix(u[65*5:], []byte("example\x00")) {
		t.Errorf("%q", u[65*5:])
	}
	fails(t, syscall.EINVAL, unix.SYS_SETDOMAINNAME, u, 65)
	mask := make([]byte, 16)
	if n := must(t, unix.SYS_SCHED_GETAFFINITY, 0, 16, mask); n != 8 || mask[0] != 1 {
		t.Error(n, mask)
	}
	fails(t, syscall.EINVAL, unix.SYS_SCHED_GETAFFINITY, 0, 7, mask)
	fails(t, syscall.ESRCH, unix.SYS_SCHED_GETAFFINITY, 2, 8, mask)
	must(t, unix.SYS_PRCTL, 15, "a name that is too long")
	name := make([]byte, 16)
	if must(t, unix.SYS_PRCTL, 16, name); string(name) != "a name that is \x00" {
		t.Errorf("%q", name)
	}
	fails(t, syscall.EINVAL, unix.SYS_PRCTL, 12345)
	fails(t, syscall.EINVAL, unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 0)
	if n := must(t, unix.SYS_PRCTL, unix.PR_GET_NO_NEW_PRIVS); n != 0 {
		t.Errorf("PR_GET_NO_NEW_PRIVS: %d at first", n)
	}
	must(t, unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1)
	if n := must(t, unix.SYS_PRCTL, unix.PR_GET_NO_NEW_PRIVS); n != 1 {
		t.Errorf("PR_GET_NO_NEW_PRIVS: %d afterwards", n)
	}
	if must(t, unix.SYS_GETPID) != 1 || must(t, unix.SYS_GETPPID) != 0 {
		t.Error("getpid")
	}
	fails(t, syscall.ECHILD, unix.SYS_WAIT4, -1, 0, 0, 0)
}

func TestSignals(t *testing.T) {
	var got []uint32
	machine.OnSignal = func(s uint32) bool { got = append(got, s); return true }
	t.Cleanup(quiet)
	must(t, unix.SYS_KILL, 1, 10)
	must(t, unix.SYS_KILL, 0, 12)
	must(t, unix.SYS_TGKILL, 1, 1, 15)
	must(t, unix.SYS_TKILL, 1, 0) // only asks
	if !slices.Equal(got, []uint32{10, 12, 15}) {
		t.Error(got)
	}
	fails(t, syscall.ESRCH, unix.SYS_KILL, 2, 10)
	fails(t, syscall.EINVAL, unix.SYS_KILL, 1, 65)
	fails(t, syscall.ESRCH, unix.SYS_TGKILL, 1, 9, 10)
	old := bytes.Repeat([]byte{1}, 32)
	if must(t, unix.SYS_RT_SIGACTION, 10, 0, old, 8); old[0] != 0 || old[31] != 0 {
		t.Error(old)
	}
	fails(t, syscall.EINVAL, unix.SYS_RT_SIGACTION, 9, old, 0, 8)
	fails(t, syscall.EINVAL, unix.SYS_RT_SIGACTION, 10, 0, 0, 4)
	must(t, unix.SYS_RT_SIGPROCMASK, 0, 0, old, 8)
	must(t, unix.SYS_SIGALTSTACK, 0, old)
}

func TestReboot(t *testing.T) {
	reset()
	const magic, birthday, powerOff = 0xfee1dead, 672274793, 0x4321fedc
	must(t, unix.SYS_REBOOT, magic, birthday, 0)
	fails(t, syscall.EINVAL, unix.SYS_REBOOT, magic, birthday+1, powerOff)
	fails(t, syscall.EINVAL, unix.SYS_REBOOT, magic+1, birthday, powerOff)
	fails(t, syscall.EINVAL, unix.SYS_REBOOT, magic, birthday, 0x01234567) // restart
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the machine is on still")
			}
		}()
		do(unix.SYS_REBOOT, magic, birthday, powerOff)
	}()
	must(t, unix.SYS_SETUID, 5)
	fails(t, syscall.EPERM, unix.SYS_REBOOT, magic, birthday, powerOff)
}
