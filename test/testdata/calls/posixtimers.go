package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A sigevent is struct sigevent.
type sigevent struct {
	value          uint64
	signal, notify int32
	thread         int32
	_              [44]byte
}

const (
	notifySignal   = 0
	notifyNone     = 1
	notifyThreadID = 4
)

// A timerInfo is a siginfo_t of a timer's signal.
type timerInfo struct {
	signal, _, code, _ int32
	timer, overrun     int32
	value              uint64
	_                  [96]byte
}

// none is the nil that raw asks for.
var none unsafe.Pointer

// raw makes a system call.
func raw(number uintptr, a, b uintptr, c, d unsafe.Pointer) (int, error) {
	r, _, errno := syscall.Syscall6(number, a, b, uintptr(c), uintptr(d), 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

func timerCreate(clock int32, event *sigevent) (id int32, err error) {
	_, _, errno := syscall.Syscall(unix.SYS_TIMER_CREATE, uintptr(clock), uintptr(unsafe.Pointer(event)), uintptr(unsafe.Pointer(&id)))
	if errno != 0 {
		err = errno
	}
	return id, err
}

func timerSettime(id int32, flags int, interval, value time.Duration) (old unix.ItimerSpec, err error) {
	spec := unix.ItimerSpec{Interval: unix.NsecToTimespec(int64(interval)), Value: unix.NsecToTimespec(int64(value))}
	_, err = raw(unix.SYS_TIMER_SETTIME, uintptr(id), uintptr(flags), unsafe.Pointer(&spec), unsafe.Pointer(&old))
	return old, err
}

func timerGettime(id int32) (now unix.ItimerSpec, err error) {
	_, _, errno := syscall.Syscall(unix.SYS_TIMER_GETTIME, uintptr(id), uintptr(unsafe.Pointer(&now)), 0)
	if errno != 0 {
		err = errno
	}
	return now, err
}

func timerGetoverrun(id int32) (int, error) {
	return raw(unix.SYS_TIMER_GETOVERRUN, uintptr(id), 0, none, none)
}

func timerDelete(id int32) error {
	_, err := raw(unix.SYS_TIMER_DELETE, uintptr(id), 0, none, none)
	return err
}

// await takes a signal that is blocked.
func await(s syscall.Signal, limit time.Duration) (info timerInfo, err error) {
	timeout := unix.NsecToTimespec(int64(limit))
	_, _, errno := syscall.Syscall6(unix.SYS_RT_SIGTIMEDWAIT, uintptr(unsafe.Pointer(set(s))), uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&timeout)), 8, 0, 0)
	if errno != 0 {
		err = errno
	}
	return info, err
}

// posixTimers are those of timer_create.
func posixTimers() {
	const blocked = syscall.Signal(40)
	mask(blocked, syscall.SIGUSR2)
	here := int32(unix.Gettid())
	for _, clock := range []int32{unix.CLOCK_REALTIME, unix.CLOCK_MONOTONIC, unix.CLOCK_BOOTTIME, unix.CLOCK_TAI, unix.CLOCK_PROCESS_CPUTIME_ID,
		unix.CLOCK_MONOTONIC_RAW, unix.CLOCK_REALTIME_COARSE, unix.CLOCK_MONOTONIC_COARSE, 10, 12, 1000} {
		id, err := timerCreate(clock, &sigevent{notify: notifyNone})
		fmt.Println("clock", clock, id, err)
	}
	for _, e := range []sigevent{{notify: 3, signal: 10}, {signal: 0}, {signal: 65}, {signal: -1}, {notify: notifyThreadID, signal: 10, thread: 1 << 30},
		{notify: notifyNone, signal: 100}, {notify: notifyThreadID | notifyNone, signal: 10, thread: here}} {
		id, err := timerCreate(unix.CLOCK_MONOTONIC, &e)
		fmt.Println(e.notify, e.signal, id, err)
	}
	_, err := timerCreate(12345, (*sigevent)(wild()))
	fmt.Println(err)
	_, _, errno := syscall.Syscall(unix.SYS_TIMER_CREATE, unix.CLOCK_MONOTONIC, 0, uintptr(wild()))
	fmt.Println(errno)
	fmt.Println(timerSettime(1000, 0, 0, 1))
	fmt.Println(timerSettime(0, 0, -1, 1))
	fmt.Println(raw(unix.SYS_TIMER_SETTIME, 0, 0, none, none))
	fmt.Println(raw(unix.SYS_TIMER_SETTIME, 1000, 0, wild(), none))
	fmt.Println(timerGettime(1000))
	fmt.Println(timerGetoverrun(1000))
	fmt.Println(timerDelete(1000), timerDelete(0), timerDelete(0))

	// To this thread, with everything that is told of it.
	id := must(timerCreate(unix.CLOCK_MONOTONIC, &sigevent{value: 0x1234_5678_9abc_def0, signal: int32(blocked), notify: notifyThreadID, thread: here}))
	begin := time.Now()
	must(timerSettime(id, 0, 0, 20*time.Millisecond))
	info := must(await(blocked, 10*time.Second))
	fmt.Printf("signal %d code %d timer %v overrun %d value %#x in time %v\n", info.signal, info.code, info.timer == id, info.overrun, info.value, time.Since(begin) >= 20*time.Millisecond)
	fmt.Println(timerGettime(id))
	fmt.Println(await(blocked, 50*time.Millisecond))
	must(timerSettime(id, 0, time.Millisecond, 5*time.Millisecond))
	time.Sleep(50 * time.Millisecond)
	info = must(await(blocked, 10*time.Second))
	fmt.Println("overrun", info.overrun > 30, must(timerGetoverrun(id)) == int(info.overrun))
	must(await(blocked, 10*time.Second))
	time.Sleep(5 * time.Millisecond)
	old := must(timerSettime(id, 0, time.Hour, 0))
	fmt.Println(old.Interval, old.Value.Sec == 0 && old.Value.Nsec > 0 && old.Value.Nsec <= 1e6, must(timerGetoverrun(id)))
	await(blocked, 0) // Linux before 6.13 has kept it
	fmt.Println(timerGettime(id))

	// Absolute: the time has passed, or comes.
	var now unix.Timespec
	done(unix.ClockGettime(unix.CLOCK_MONOTONIC, &now))
	ago := now.Nano() - int64(time.Second)/10 + 3e6
	must(timerSettime(id, unix.TIMER_ABSTIME, 10*time.Millisecond, time.Duration(max(ago, 1))))
	info = must(await(blocked, 10*time.Second))
	fmt.Println("overruns of the past:", info.overrun >= 9)
	must(timerSettime(id, 0, 0, 0))
	wall := must(timerCreate(unix.CLOCK_REALTIME, &sigevent{signal: int32(blocked), notify: notifyThreadID, thread: here}))
	target := time.Now().Add(20 * time.Millisecond)
	must(timerSettime(wall, unix.TIMER_ABSTIME, 0, time.Duration(target.UnixNano())))
	must(await(blocked, 10*time.Second))
	fmt.Println("in time:", !time.Now().Before(target))

	// One that tells nobody, but goes.
	quiet := must(timerCreate(unix.CLOCK_MONOTONIC, &sigevent{notify: notifyNone}))
	must(timerSettime(quiet, 0, 0, 10*time.Millisecond))
	left := must(timerGettime(quiet))
	fmt.Println("left:", left.Value.Nsec > 0)
	time.Sleep(20 * time.Millisecond)
	fmt.Println(timerGettime(quiet))
	must(timerSettime(quiet, 0, time.Second, time.Millisecond))
	time.Sleep(20 * time.Millisecond)
	left = must(timerGettime(quiet))
	fmt.Println("the next:", left.Interval, left.Value.Sec == 0 && left.Value.Nsec > 0)

	// Two with the same signal wait side by side; signalfd tells of them, too.
	fd := must(unix.Signalfd(-1, set(syscall.SIGUSR2), unix.SFD_NONBLOCK))
	for i := range 2 {
		other := must(timerCreate(unix.CLOCK_MONOTONIC, &sigevent{value: uint64(i) + 7, signal: int32(syscall.SIGUSR2), notify: notifyThreadID, thread: here}))
		must(timerSettime(other, 0, 0, time.Millisecond))
	}
	time.Sleep(20 * time.Millisecond)
	sum := 0
	for range 2 {
		var info unix.SignalfdSiginfo
		must(unix.Read(fd, unsafe.Slice((*byte)(unsafe.Pointer(&info)), unsafe.Sizeof(info))))
		fmt.Println(info.Signo, info.Code, info.Overrun, info.Pid, info.Uid, info.Int == int32(info.Ptr))
		sum += int(info.Int)
	}
	fmt.Println(sum)

	// To the process, as package os/signal gets it; without a sigevent it is SIGALRM.
	c := make(chan os.Signal, 100)
	signal.Notify(c, syscall.SIGALRM, syscall.SIGUSR1)
	plain := must(timerCreate(unix.CLOCK_MONOTONIC, nil))
	must(timerSettime(plain, 0, 5*time.Millisecond, 5*time.Millisecond))
	for range 3 {
		fmt.Println(<-c)
	}
	done(timerDelete(plain))
	busy := must(timerCreate(unix.CLOCK_PROCESS_CPUTIME_ID, &sigevent{signal: int32(syscall.SIGUSR1)}))
	must(timerSettime(busy, 0, 0, 20*time.Millisecond))
	for s := os.Signal(nil); s != syscall.SIGUSR1; {
		select {
		case s = <-c:
		default:
			for n := range 1000 {
				runtime.KeepAlive(n)
			}
		}
	}
	fmt.Println(timerGettime(busy))
	limit := unix.Rlimit{Cur: 0, Max: 100}
	done(unix.Setrlimit(unix.RLIMIT_SIGPENDING, &limit))
	_, err = timerCreate(unix.CLOCK_MONOTONIC, nil)
	fmt.Println(err)
}

// wild returns an address where nothing is.
func wild() unsafe.Pointer {
	b := must(unix.Mmap(-1, 0, 4096, unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE))
	return unsafe.Pointer(&b[0])
}
