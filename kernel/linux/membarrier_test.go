package linux

import (
	"syscall"
	"testing"

	"github.com/ringo-os/ringo/kernel/machine"
	"golang.org/x/sys/unix"
)

func TestMembarrier(t *testing.T) {
	reset()
	count := 0
	machine.OnBarrier = func() { count++ }
	t.Cleanup(func() { machine.OnBarrier = func() {} })
	const rseq = 1 << 7
	all := must(t, unix.SYS_MEMBARRIER, barrierQuery, 0)
	for command := 1; command < 1<<12; command <<= 1 {
		_, errno := do(unix.SYS_MEMBARRIER, command, 0)
		if known := all&command != 0; known != (errno != syscall.EINVAL) {
			t.Errorf("%#x: %v, but query says %v", command, errno, known)
		}
	}
	if count != 2 {
		t.Error(count, "barriers by those that need no registration, or came before it")
	}
	fails(t, syscall.EINVAL, unix.SYS_MEMBARRIER, rseq, 1)
	fails(t, syscall.EINVAL, unix.SYS_MEMBARRIER, barrierGlobal, 1)
	for _, command := range []int{barrierPrivate, barrierPrivateSyncCore} {
		must(t, unix.SYS_MEMBARRIER, command, 0)
	}
	if count != 4 {
		t.Error(count, "barriers")
	}
}
