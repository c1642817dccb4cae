package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// self reads what /proc tells of the program.
func self() {
	transferred()
	mapped()
	named()
	described()

	// What libraries look for is there, and is made of fields.
	for _, name := range []string{"auxv", "cgroup", "cmdline", "comm", "environ", "gid_map", "io", "limits", "loginuid", "maps", "mountinfo", "mounts",
		"mountstats", "numa_maps", "oom_score", "oom_score_adj", "schedstat", "sessionid", "setgroups", "smaps", "smaps_rollup", "stat", "statm", "status", "syscall",
		"uid_map", "wchan"} {
		if name == "auxv" {
			continue // nothing needs it
		}
		text, err := os.ReadFile("/proc/self/" + name)
		fmt.Println(name, err, name == "environ" || len(text) > 0)
	}
	fmt.Printf("%s%s", must(os.ReadFile("/proc/self/uid_map")), must(os.ReadFile("/proc/self/setgroups")))
	fmt.Println(len(strings.Fields(string(must(os.ReadFile("/proc/self/stat"))))), len(strings.Fields(string(must(os.ReadFile("/proc/self/statm"))))))

	limit := unix.Rlimit{Cur: 100, Max: 1000}
	done(unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	done(unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}))
	for line := range strings.Lines(string(must(os.ReadFile("/proc/self/limits")))) {
		if strings.Contains(line, "open files") || strings.Contains(line, "cpu") || strings.Contains(line, "core") || strings.Contains(line, "Hard") || strings.Contains(line, "timeout") {
			fmt.Printf("%q\n", line)
		} else {
			fmt.Printf("%q\n", line[:26])
		}
	}
	const adjust = "/proc/self/oom_score_adj"
	fmt.Println(os.WriteFile(adjust, []byte("300\n"), 0), string(must(os.ReadFile(adjust))))
	for _, text := range []string{"1001", "-2000", "x", "400"} {
		err := os.WriteFile(adjust, []byte(text), 0)
		fmt.Println(text, err, string(must(os.ReadFile(adjust))))
	}
	done(os.WriteFile(adjust, []byte("0"), 0))
	for _, name := range []string{"mnt", "pid", "net", "user", "uts", "ipc"} {
		link := must(os.Readlink("/proc/self/ns/" + name))
		var st unix.Stat_t
		done(unix.Stat("/proc/thread-self/ns/"+name, &st))
		fmt.Println(link == fmt.Sprintf("%s:[%d]", name, st.Ino))
	}
}

// counters reads /proc/self/io.
func counters() map[string]int {
	all := map[string]int{}
	for line := range strings.Lines(string(must(os.ReadFile("/proc/self/io")))) {
		name, n, _ := strings.Cut(strings.TrimSpace(line), ": ")
		all[name] = must(strconv.Atoi(n))
	}
	return all
}

// transferred: each call counts, and each byte.
func transferred() {
	dir := must(os.MkdirTemp("", "self"))
	defer os.RemoveAll(dir)
	fd := must(unix.Open(filepath.Join(dir, "f"), unix.O_RDWR|unix.O_CREAT, 0o600))
	other := must(unix.Open(filepath.Join(dir, "g"), unix.O_RDWR|unix.O_CREAT, 0o600))
	b := make([]byte, 10000)
	counters()
	base := counters()
	once := counters()
	perLook := func(name string) int { return once[name] - base[name] }
	last := counters()
	what := func(label string) {
		now := counters()
		fmt.Print(label, ":")
		for _, name := range []string{"rchar", "syscr", "wchar", "syscw"} {
			n := now[name] - last[name] - perLook(name)
			if name == "rchar" { // the text has grown by a digit
				if n %= 1000; n < 0 || n > 900 {
					n = 0
				}
				n = n / 10 * 10
			}
			fmt.Print(" ", name, " ", n)
		}
		fmt.Println()
		last = now
	}
	must(unix.Write(fd, b[:1000]))
	must(unix.Pwrite(fd, b[:500], 0))
	must(unix.Writev(fd, [][]byte{b[:10], b[:20]}))
	must(unix.Pwritev(fd, [][]byte{b[:10], b[:20], nil}, 3))
	what("written")
	must(unix.Seek(fd, 0, 0))
	must(unix.Read(fd, b[:100]))
	must(unix.Pread(fd, b[:100], 5))
	must(unix.Readv(fd, [][]byte{b[:50], b[:50]}))
	must(unix.Preadv(fd, [][]byte{b[:50], b[:50]}, 7))
	must(unix.Pread(fd, b, 1<<20)) // behind the end
	what("read")
	p := make([]int, 2)
	done(unix.Pipe2(p, unix.O_NONBLOCK))
	_, err := unix.Read(p[0], b)
	must(unix.Write(p[1], b[:40]))
	_, bad := unix.Read(p[1], b)
	fmt.Println(err, bad)
	what("pipe")
	offset := int64(0)
	must(unix.Sendfile(other, fd, &offset, 300))
	what("sent")
	must(unix.CopyFileRange(fd, &offset, other, nil, 200, 0))
	what("copied")
	must(unix.Getdents(must(unix.Open(dir, unix.O_RDONLY, 0)), b))
	what("listed")
	// What a thread did that has ended counts.
	wait := make(chan bool)
	go func() {
		runtime.LockOSThread()
		must(unix.Write(fd, b[:77]))
		wait <- true
	}()
	<-wait
	what("elsewhere")
}

// mapped finds its own mapping in smaps.
func mapped() {
	const page, pages = 4096, 64
	memory := must(unix.Mmap(-1, 0, pages*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE))
	done(unix.Madvise(memory, unix.MADV_NOHUGEPAGE))
	for i := range pages {
		memory[i*page] = 1
	}
	shown := func() {
		start := fmt.Sprintf("%x-", uintptr(unsafe.Pointer(&memory[0])))
		text := string(must(os.ReadFile("/proc/self/smaps")))
		_, rest, ok := strings.Cut("\n"+text, "\n"+start)
		if !ok {
			fmt.Println("it is not there")
			return
		}
		for line := range strings.Lines(rest) {
			name, value, field := strings.Cut(line, ":")
			if name == "VmFlags" {
				break
			}
			if field && slices.Contains([]string{"Size", "Rss", "Pss", "KernelPageSize", "Private_Dirty", "Shared_Dirty", "Anonymous", "AnonHugePages", "Swap", "Locked"}, name) {
				fmt.Printf("%s:%s", name, value)
			}
		}
	}
	shown()
	done(unix.Madvise(memory[:5*page], unix.MADV_DONTNEED))
	shown()
	// The sums are those of the regions.
	sum := 0
	for line := range strings.Lines(string(must(os.ReadFile("/proc/self/smaps")))) {
		if f := strings.Fields(line); f[0] == "Rss:" {
			sum += must(strconv.Atoi(f[1]))
		}
	}
	rollup := strings.Split(string(must(os.ReadFile("/proc/self/smaps_rollup"))), "\n")
	f := strings.Fields(rollup[1])
	total := must(strconv.Atoi(f[1]))
	fmt.Println(f[0], total > 200, sum > 200, max(sum, total)-min(sum, total) < 500, strings.HasSuffix(rollup[0], "[rollup]"))
}

// named gives a thread a name, and finds it.
func named() {
	done(unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(unsafe.StringData("a long name for one\x00"))), 0, 0, 0))
	fmt.Printf("%s", must(os.ReadFile("/proc/self/comm")))
	var b [16]byte
	done(unix.Prctl(unix.PR_GET_NAME, uintptr(unsafe.Pointer(&b)), 0, 0, 0))
	fmt.Printf("%q\n", b[:])
	done(os.WriteFile("/proc/self/comm", []byte("other"), 0))
	fmt.Printf("%s", must(os.ReadFile("/proc/thread-self/comm")))
	wait := make(chan bool)
	go func() {
		runtime.LockOSThread()
		id := unix.Gettid()
		task := fmt.Sprintf("/proc/self/task/%d", id)
		done(unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(unsafe.StringData("second\x00"))), 0, 0, 0))
		fmt.Printf("%s%s", must(os.ReadFile(task+"/comm")), must(os.ReadFile("/proc/self/comm")))
		stat := strings.Fields(string(must(os.ReadFile(task + "/stat"))))
		fmt.Println(stat[0] == fmt.Sprint(id), stat[1], len(stat))
		fmt.Println(must(os.Readlink("/proc/thread-self")) == fmt.Sprintf("%d/task/%d", os.Getpid(), id))
		fmt.Println(bytes.Contains(must(os.ReadFile(task+"/status")), fmt.Appendf(nil, "\nPid:\t%d\n", id)))
		fmt.Println(must(os.Readlink(task+"/fd/1")) == must(os.Readlink("/proc/self/fd/1")))
		found := false
		for _, e := range must(os.ReadDir("/proc/self/task")) {
			found = found || e.Name() == fmt.Sprint(id)
		}
		fmt.Println(found, len(must(os.ReadDir(task))) > 10)
		wait <- true
	}()
	<-wait
	_, err := os.Stat("/proc/self/task/999999999")
	fmt.Println(err)
}

// described looks at descriptors.
func described() {
	f := must(os.CreateTemp("", "x"))
	defer os.Remove(f.Name())
	must(f.WriteString("twelve bytes"))
	done(unix.SetNonblock(int(f.Fd()), false))
	text := string(must(os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", f.Fd()))))
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "pos") || strings.HasPrefix(line, "flags") {
			fmt.Print(line)
		}
	}
	p := must(unix.PidfdOpen(os.Getpid(), 0))
	fmt.Println(bytes.Contains(must(os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", p))), fmt.Appendf(nil, "\nPid:\t%d\n", os.Getpid())))
	_, err := os.ReadFile("/proc/self/fdinfo/12345")
	fmt.Println(err)
}
