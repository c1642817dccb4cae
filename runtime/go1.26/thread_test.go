//go:build ringo

package runtime_test

// What of runtime_linux_test.go there is for a machine to pass.

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// mainThread is the thread of the goroutine that initialises packages, which is the main one.
var mainThread int

func init() {
	mainThread = syscall.Gettid()
	runtime.LockOSThread()
	sysNanosleep = func(d time.Duration) {
		t := syscall.NsecToTimespec(d.Nanoseconds())
		for syscall.Nanosleep(&t, &t) == syscall.EINTR {
		}
	}
}

func TestMainThread(t *testing.T) {
	if pid := syscall.Getpid(); pid != mainThread {
		t.Errorf("packages were initialised on thread %d of process %d", mainThread, pid)
	}
}
