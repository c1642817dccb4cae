package linux

import (
	"encoding/binary"
	"syscall"
	"testing"

	"github.com/ringo-os/ringo/kernel/machine"
	"golang.org/x/sys/unix"
)

// iovecs makes an array of struct iovec of addresses and lengths.
func iovecs(pairs ...uintptr) (b []byte) {
	for _, v := range pairs {
		b = binary.NativeEndian.AppendUint64(b, uint64(v))
	}
	return b
}

func TestProcessVM(t *testing.T) {
	reset()
	from, to := pages(3)[:8192], make([]byte, 8192)
	base, end := at0(from), at0(from)+8192
	was := machine.OnAccessible
	t.Cleanup(func() { machine.OnAccessible = was })
	machine.OnAccessible = func(address, size uintptr, write bool) bool { return address+size <= end || address >= end+pageSize }
	for i := range from {
		from[i] = byte(i * 3)
	}
	local := at0(to)
	segments := iovecs(local, 3, local+3, 8000)
	if n := must(t, unix.SYS_PROCESS_VM_READV, 1, segments, 2, iovecs(base+5, 4000, 0, 0, end-100, 200), 3, 0); n != 4100 {
		t.Error(n)
	}
	if string(to[:4100]) != string(from[5:4005])+string(from[8092:]) {
		t.Error("something else was copied")
	}
	if n := must(t, unix.SYS_PROCESS_VM_WRITEV, 1, iovecs(local, 10), 1, iovecs(base, 4, base+100, 100), 2, 0); n != 10 || string(from[100:106]) != string(to[4:10]) {
		t.Error(n)
	}
	fails(t, syscall.EFAULT, unix.SYS_PROCESS_VM_READV, 1, segments, 2, iovecs(end, 1), 1, 0)
	fails(t, syscall.EFAULT, unix.SYS_PROCESS_VM_READV, 1, iovecs(local, 1, taskSize-1, 2), 2, iovecs(base, 1), 1, 0)
	fails(t, syscall.ESRCH, unix.SYS_PROCESS_VM_READV, 2, segments, 2, iovecs(end, 1), 1, 0)
	fails(t, syscall.EINVAL, unix.SYS_PROCESS_VM_READV, 2, segments, 2, iovecs(end, 1<<63), 1, 0)
	fails(t, syscall.EINVAL, unix.SYS_PROCESS_VM_READV, 2, segments, 2, iovecs(end, 1), 1, 1)
}
