package kernel

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/linux"
)

// start starts the kernel of the tests.
var start = sync.OnceFunc(Start)

// read returns all of a file.
func read(t *testing.T, path string) string {
	t.Helper()
	f, errno := linux.Open(path, syscall.O_RDONLY)
	if errno != 0 {
		t.Fatalf("%s: %v", path, errno)
	}
	defer f.Close()
	var all []byte
	p := make([]byte, 4096)
	for {
		n, errno := f.Read(p)
		if errno != 0 {
			t.Fatalf("%s: %v", path, errno)
		}
		if all = append(all, p[:n]...); n == 0 {
			return string(all)
		}
	}
}

// walk calls visit for every name below directory.
func walk(t *testing.T, directory string, visit func(path string, n fs.Name)) {
	f, errno := linux.Open(directory, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if errno != 0 {
		t.Fatalf("%s: %v", directory, errno)
	}
	defer f.Close()
	var list []fs.Name
	f.(fs.Directory).Names(func(n fs.Name) bool {
		list = append(list, n)
		return true
	})
	for _, n := range list {
		if n.Name == "." || n.Name == ".." {
			continue
		}
		path := strings.TrimSuffix(directory, "/") + "/" + n.Name
		visit(path, n)
		if n.Type == syscall.DT_DIR {
			walk(t, path, visit)
		}
	}
}

func TestStart(t *testing.T) {
	start()
	for path, want := range map[string]string{
		"/etc/hostname":                   "ringo\n",
		"/etc/resolv.conf":                "",
		"/proc/self/cmdline":              "program\x00",
		"/proc/self/comm":                 "program\n",
		"/proc/self/cgroup":               "0::/\n",
		"/proc/sys/kernel/ostype":         "Linux\n",
		"/proc/sys/kernel/hostname":       "ringo\n",
		"/proc/sys/kernel/domainname":     "(none)\n",
		"/proc/sys/net/core/somaxconn":    "4096\n",
		"/sys/devices/system/cpu/online":  "0\n",
		"/proc/sys/vm/overcommit_memory":  "1\n",
		"/sys/devices/system/cpu/offline": "\n",
		"/proc/diskstats":                 "",
		"/proc/partitions":                "major minor  #blocks  name\n\n",
		"/proc/sys/fs/file-nr":            "3\t0\t1048576\n",
		"/proc/self/maps":                 "",
		"/proc/self/task/1/../../environ": "",
		"/proc/self/task/1/environ":       "",
		"/proc/thread-self/comm":          "program\n",
		"/proc/self/oom_score_adj":        "0\n",
		"/proc/self/wchan":                "0",
		"/proc/self/smaps":                "",
	} {
		if got := read(t, path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	// Everything can be read, and looks like what it is.
	count := 0
	walk(t, "/", func(path string, n fs.Name) {
		count++
		if n.Type == syscall.DT_REG {
			if text := read(t, path); strings.Contains(text, "%!") {
				t.Errorf("%s: %q", path, text)
			}
		}
	})
	if count < 80 {
		t.Error("only", count, "names")
	}
	auxv := read(t, "/proc/self/auxv")
	const pageSize = "\x06\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00" // AT_PAGESZ
	if !strings.Contains(auxv, pageSize) || !strings.HasSuffix(auxv, strings.Repeat("\x00", 16)) {
		t.Errorf("/proc/self/auxv: % x", auxv)
	}
	stat := read(t, "/proc/self/stat")
	_, rest, _ := strings.Cut(stat, ") ")
	if fields := strings.Fields(rest); len(fields) != 50 || fields[0] != "R" {
		t.Errorf("/proc/self/stat: %q", stat)
	}
	for _, line := range strings.Split(strings.TrimSpace(read(t, "/proc/meminfo")), "\n") {
		name, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		if len(line) != 28 || len(fields) != 2 || fields[1] != "kB" {
			t.Errorf("/proc/meminfo: %q", line)
		} else if _, err := strconv.Atoi(fields[0]); err != nil {
			t.Error(name, err)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(read(t, "/proc/vmstat")), "\n") {
		name, value, _ := strings.Cut(line, " ")
		if n, err := strconv.Atoi(value); err != nil || n < 0 || name == "" {
			t.Errorf("/proc/vmstat: %q", line)
		}
	}
	boot, uuid := read(t, "/proc/sys/kernel/random/boot_id"), read(t, "/proc/sys/kernel/random/uuid")
	if len(uuid) != 37 || len(boot) != 37 || boot != read(t, "/proc/sys/kernel/random/boot_id") || uuid == read(t, "/proc/sys/kernel/random/uuid") {
		t.Errorf("%q %q", boot, uuid)
	}
	if maps := read(t, "/proc/mounts"); strings.Count(maps, "\n") != 5 || !strings.HasPrefix(maps, "tmpfs / tmpfs rw") {
		t.Errorf("/proc/mounts: %q", maps)
	}
}

// TestStatus: the lines of /proc/self/status are some of Linux 6.18's, in its order, and tell what programs look for.
func TestStatus(t *testing.T) {
	start()
	onLinux := strings.Fields(`Name Umask State Tgid Ngid Pid PPid TracerPid Uid Gid FDSize Groups NStgid NSpid NSpgid NSsid Kthread
		VmPeak VmSize VmLck VmPin VmHWM VmRSS RssAnon RssFile RssShmem VmData VmStk VmExe VmLib VmPTE VmSwap HugetlbPages CoreDumping
		THP_enabled untag_mask Threads SigQ SigPnd ShdPnd SigBlk SigIgn SigCgt CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp
		Seccomp_filters Speculation_Store_Bypass SpeculationIndirectBranch Cpus_allowed Cpus_allowed_list Mems_allowed Mems_allowed_list
		voluntary_ctxt_switches nonvoluntary_ctxt_switches`)
	got := map[string]string{}
	at := -1
	for _, line := range strings.Split(strings.TrimSpace(read(t, "/proc/self/status")), "\n") {
		name, value, _ := strings.Cut(line, ":\t")
		i := slices.Index(onLinux, name)
		if i <= at {
			t.Errorf("%q after %q", line, onLinux[max(at, 0)])
		}
		at, got[name] = i, value
	}
	for name, want := range map[string]string{"RssAnon": "0 kB", "RssFile": "0 kB", "CapInh": "0000000000000000", "CapEff": "000001ffffffffff",
		"CapBnd": "000001ffffffffff", "Cpus_allowed": "1", "Cpus_allowed_list": "0", "Mems_allowed_list": "0", "NSpid": "1"} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
}

func TestStandardStreams(t *testing.T) {
	start()
	for _, path := range []string{"/dev/stdin", "/dev/stdout", "/dev/fd/2", "/proc/self/fd/0", "/proc/1/fd/1"} {
		f, errno := linux.Open(path, syscall.O_RDWR)
		if errno != 0 {
			t.Error(path, errno)
			continue
		}
		var st syscall.Stat_t
		if f.Status(&st); st.Mode&syscall.S_IFMT != syscall.S_IFCHR || st.Rdev != 5<<8|1 {
			t.Errorf("%s: %o %#x", path, st.Mode, st.Rdev)
		}
	}
	if _, errno := linux.Open("/proc/self/fd/3", 0); errno != syscall.ENOENT {
		t.Error(errno)
	}
	var names []string
	walk(t, "/proc/self/fd", func(path string, n fs.Name) { names = append(names, n.Name) })
	if strings.Join(names, " ") != "0 1 2" {
		t.Error(names)
	}
}
