// Measured is what bench-syscalls boots: an ordinary Go program that measures system calls.
package main

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/scripts/benchmark/measure"
)

func main() {
	measure.Main([]measure.Result{
		{Name: "getpid", Measure: getpid},
		{Name: "clock-gettime", Measure: clock},
		{Name: "write-null", Measure: writeNull},
		{Name: "pipe-ping-pong", Measure: pipePingPong},
		{Name: "open-stat-close", Measure: openStatClose},
		{Name: "epoll-wake", Measure: epollWake},
		{Name: "read-64KiB", Measure: func() float64 { return transfer((*os.File).ReadAt) }},
		{Name: "write-64KiB", Measure: func() float64 { return transfer((*os.File).WriteAt) }},
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func done(err error) { must(0, err) }

func getpid() float64 {
	return measure.PerOperation(func(n int) {
		for range n {
			syscall.Getpid()
		}
	})
}

// clock makes the call; Go's own time.Now does not on Linux.
func clock() float64 {
	var now unix.Timespec
	return measure.PerOperation(func(n int) {
		for range n {
			done(unix.ClockGettime(unix.CLOCK_MONOTONIC, &now))
		}
	})
}

func writeNull() float64 {
	fd := must(syscall.Open("/dev/null", syscall.O_WRONLY, 0))
	defer syscall.Close(fd)
	b := []byte{1}
	return measure.PerOperation(func(n int) {
		for range n {
			must(syscall.Write(fd, b))
		}
	})
}

func pipePingPong() float64 {
	thereOut, thereIn, err := os.Pipe()
	done(err)
	backOut, backIn, err := os.Pipe()
	done(err)
	go func() {
		b := make([]byte, 1)
		for {
			if n, _ := thereOut.Read(b); n == 0 {
				return
			}
			must(backIn.Write(b))
		}
	}()
	defer thereIn.Close()
	b := []byte{1}
	return measure.PerOperation(func(n int) {
		for range n {
			must(thereIn.Write(b))
			must(backOut.Read(b))
		}
	})
}

// file is a file in memory on both systems: Linux's first root folder is one, too.
const file = "/measured-file"

func openStatClose() float64 {
	done(os.WriteFile(file, []byte("x"), 0o644))
	var st syscall.Stat_t
	return measure.PerOperation(func(n int) {
		for range n {
			fd := must(syscall.Open(file, syscall.O_RDONLY, 0))
			done(syscall.Fstat(fd, &st))
			done(syscall.Close(fd))
		}
	})
}

func epollWake() float64 {
	poll := must(unix.EpollCreate1(0))
	event := must(unix.Eventfd(0, unix.EFD_NONBLOCK))
	done(unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, event, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(event)}))
	one := []byte{1, 0, 0, 0, 0, 0, 0, 0}
	count := make([]byte, 8)
	events := make([]unix.EpollEvent, 1)
	return measure.PerOperation(func(n int) {
		for range n {
			must(unix.Write(event, one))
			if must(unix.EpollWait(poll, events, -1)) != 1 {
				panic("epoll_wait has found nothing")
			}
			must(unix.Read(event, count))
		}
	})
}

// transfer reads or writes the same 64 KiB of a file over and over.
func transfer(do func(*os.File, []byte, int64) (int, error)) float64 {
	b := make([]byte, 64<<10)
	done(os.WriteFile(file, b, 0o644))
	f := must(os.OpenFile(file, os.O_RDWR, 0))
	defer f.Close()
	return measure.PerOperation(func(n int) {
		for range n {
			must(do(f, b, 0))
		}
	})
}
