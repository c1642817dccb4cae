// Calls makes system calls that few programs make. Its first argument says which.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

var modes = map[string]func(){
	"signals":     signals,
	"timers":      timers,
	"keys":        keys,
	"process":     process,
	"chroot":      chroot,
	"off":         off,
	"posix":       posixTimers,
	"membarriers": membarriers,
	"barrier":     barrier,
	"futex":       futexes,
	"self":        self,
	"processvm":   processVM,
	"stale":       stale,
}

func main() {
	runtime.LockOSThread() // masks are of threads
	modes[os.Args[1]]()
	fmt.Println("ok")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func done(err error) {
	if err != nil {
		panic(err)
	}
}

// set returns a set of signals.
func set(signals ...syscall.Signal) *unix.Sigset_t {
	var s unix.Sigset_t
	for _, n := range signals {
		s.Val[0] |= 1 << (n - 1)
	}
	return &s
}

// mask blocks signals in this thread.
func mask(signals ...syscall.Signal) {
	done(unix.PthreadSigmask(unix.SIG_BLOCK, set(signals...), nil))
}

// toSelf sends this thread a signal.
func toSelf(s syscall.Signal) { done(unix.Tgkill(unix.Getpid(), unix.Gettid(), s)) }

// taken reads one signal.
func taken(fd int) string {
	var info unix.SignalfdSiginfo
	n := must(unix.Read(fd, unsafe.Slice((*byte)(unsafe.Pointer(&info)), unsafe.Sizeof(info))))
	return fmt.Sprintf("%d bytes: %v code %d from itself %v", n, syscall.Signal(info.Signo), info.Code, int(info.Pid) == unix.Getpid())
}

// signals blocks some, takes them, and handles the others.
func signals() {
	mask(syscall.SIGUSR1, syscall.SIGUSR2)
	fd := must(unix.Signalfd(-1, set(syscall.SIGUSR1, syscall.SIGUSR2), unix.SFD_NONBLOCK|unix.SFD_CLOEXEC))
	_, err := unix.Read(fd, make([]byte, 128))
	fmt.Println("nothing:", err)
	toSelf(syscall.SIGUSR2)
	toSelf(syscall.SIGUSR1)
	toSelf(syscall.SIGUSR1)
	poll := must(unix.EpollCreate1(0))
	done(unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}))
	fmt.Println("ready:", must(unix.EpollWait(poll, make([]unix.EpollEvent, 4), -1)))
	fmt.Println(taken(fd))
	fmt.Println(taken(fd))
	_, err = unix.Read(fd, make([]byte, 128))
	fmt.Println("nothing:", err)

	toSelf(syscall.SIGUSR1)
	var old unix.Sigset_t
	c := make(chan os.Signal, 8)
	signal.Notify(c, syscall.SIGUSR1, syscall.SIGTERM)
	toSelf(syscall.SIGTERM)
	fmt.Println("handled:", <-c)
	done(unix.PthreadSigmask(unix.SIG_UNBLOCK, set(syscall.SIGUSR1), &old))
	fmt.Printf("blocked were %#x; handled: %v\n", old.Val[0], <-c)
	file := os.NewFile(uintptr(fd), "signalfd")
	done(file.SetReadDeadline(time.Now().Add(50 * time.Millisecond)))
	_, err = file.Read(make([]byte, 128))
	fmt.Println("by package os:", err)
}

// timers lets them send signals.
func timers() {
	c := make(chan os.Signal, 8)
	signal.Notify(c, syscall.SIGALRM, syscall.SIGVTALRM)
	timer := func(which unix.ItimerWhich, interval, first time.Duration) unix.Itimerval {
		return must(unix.Setitimer(which, unix.Itimerval{Interval: unix.NsecToTimeval(int64(interval)), Value: unix.NsecToTimeval(int64(first))}))
	}
	begin := time.Now()
	timer(unix.ItimerReal, 0, 30*time.Millisecond)
	fmt.Println(<-c, time.Since(begin) >= 30*time.Millisecond)
	timer(unix.ItimerReal, 20*time.Millisecond, 20*time.Millisecond)
	for range 3 {
		fmt.Println(<-c)
	}
	old := timer(unix.ItimerReal, 0, 0)
	fmt.Println(old.Interval, old.Value.Sec == 0 && old.Value.Usec <= 20000)
	for len(c) > 0 {
		<-c
	}
	timer(unix.ItimerVirtual, 0, 30*time.Millisecond)
	for n := 0; len(c) == 0; n++ {
		runtime.KeepAlive(n)
	}
	fmt.Println(<-c)
	fmt.Println(must(unix.Getitimer(unix.ItimerVirtual)))
	timer(unix.ItimerReal, 0, 100*time.Second)
	left, _, _ := unix.Syscall(unix.SYS_ALARM, 0, 0, 0)
	fmt.Println("left:", left)
	go func() {
		time.Sleep(20 * time.Millisecond)
		unix.Kill(unix.Getpid(), syscall.SIGALRM)
	}()
	fmt.Println("pause:", unix.Pause(), <-c)
}

// keys takes what comes from outside.
func keys() {
	mask(syscall.SIGINT, syscall.SIGTERM)
	fd := must(unix.Signalfd(-1, set(syscall.SIGINT, syscall.SIGTERM), 0))
	fmt.Println("waiting")
	for range 2 {
		fmt.Println(taken(fd))
	}
}

// process uses descriptors that stand for the process.
func process() {
	fd := must(unix.PidfdOpen(unix.Getpid(), 0))
	c := make(chan os.Signal, 8)
	signal.Notify(c, syscall.SIGUSR1)
	done(unix.PidfdSendSignal(fd, syscall.SIGUSR1, nil, 0))
	fmt.Println(<-c)
	fmt.Println(unix.PidfdSendSignal(fd, 100, nil, 0), unix.PidfdSendSignal(0, 0, nil, 0))
	r, w, err := os.Pipe()
	done(err)
	other := must(unix.PidfdGetfd(fd, int(w.Fd()), 0))
	must(unix.Write(other, []byte("through another descriptor")))
	b := make([]byte, 100)
	fmt.Println(string(b[:must(r.Read(b))]))
	p := must(os.FindProcess(os.Getpid()))
	done(p.Signal(syscall.SIGUSR1))
	fmt.Println(<-c)
	_, err = p.Wait()
	fmt.Println(err)
}

// chroot makes a folder all that there is.
func chroot() {
	dir := must(os.MkdirTemp("", "root"))
	done(os.MkdirAll(filepath.Join(dir, "a/b"), 0o755))
	done(os.WriteFile(filepath.Join(dir, "a/file"), []byte("inside\n"), 0o644))
	done(os.Symlink("/a/file", filepath.Join(dir, "absolute")))
	done(os.Symlink("../../../a", filepath.Join(dir, "a/b/up")))
	done(os.Chdir(dir))
	done(unix.Chroot("."))
	fmt.Println(must(os.Getwd()), must(filepath.EvalSymlinks("/a/b/up/b/up/file")))
	for _, name := range []string{"/", "/..", "/a/../../..", "/a/b/up"} {
		fmt.Print(name, ":")
		for _, e := range must(os.ReadDir(name)) {
			fmt.Print(" ", e.Name())
		}
		fmt.Println()
	}
	fmt.Printf("%s", must(os.ReadFile("/absolute")))
	_, err := os.Stat("/tmp")
	fmt.Println(err)
	root := must(os.OpenRoot("/"))
	for _, name := range []string{"../a/file", "a/../../a/file", "absolute", "a/b/up/file", "a/b/../file"} {
		f, err := root.Open(name)
		fmt.Println(name, f != nil, err)
	}
	done(os.WriteFile("../../new", nil, 0o600))
	fmt.Println(must(os.Stat("/new")).Name())
	fmt.Println(unix.Chroot("/absolute"), unix.Chroot("/none"))
	done(unix.Chroot("a"))
	fmt.Println(must(os.ReadDir("/"))[0].Name())
}

// off turns the machine off.
func off() {
	fmt.Println(unix.Reboot(unix.LINUX_REBOOT_CMD_CAD_OFF), unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART))
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	fmt.Println("on still")
}
