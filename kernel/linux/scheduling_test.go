package linux

import (
	"encoding/binary"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// words is memory that begins with numbers of 32 bits.
func words(size int, numbers ...int) *buffer {
	b := make([]byte, size)
	for i, n := range numbers {
		binary.LittleEndian.PutUint32(b[4*i:], uint32(n))
	}
	return &buffer{b}
}

// What is kept is told, and what is wrong is refused, as on Linux.
func TestScheduling(t *testing.T) {
	const nobody = 1 << 22
	var list []operation
	add := func(number uintptr, name string, arguments ...any) {
		list = append(list, plain(number, name, arguments...))
	}
	priority := func(which, who int) { add(unix.SYS_GETPRIORITY, "getpriority", which, who) }
	for _, which := range []int{0, 1, 2, 3, -1} {
		for _, who := range []int{0, nobody, -5} {
			if which != aboutUser || who != 0 { // other processes of root's
				priority(which, who)
			}
			add(unix.SYS_SETPRIORITY, "setpriority", which, nobody, 3)
			add(unix.SYS_IOPRIO_GET, "ioprio_get", which, nobody)
			add(unix.SYS_IOPRIO_SET, "ioprio_set", which, nobody, 2<<13|3)
		}
	}
	for _, nice := range []int{5, -30, 100, 10, -1, 0} {
		add(unix.SYS_SETPRIORITY, "setpriority", 0, 0, nice)
		priority(0, 0)
	}
	add(unix.SYS_IOPRIO_GET, "ioprio_get", 1, 0)
	for _, io := range []int{2<<13 | 3, 0, 3 << 13, 3<<13 | 5, 1<<13 | 7, 1<<13 | 8, 2<<13 | 0x1ff8, 4 << 13, 7 << 13, 1, 1 << 16, 0} {
		add(unix.SYS_IOPRIO_SET, "ioprio_set", 1, 0, io)
		add(unix.SYS_IOPRIO_GET, "ioprio_get", 1, 0)
	}
	for policy := -1; policy < 7; policy++ {
		if policy != 6 {
			add(unix.SYS_SCHED_GET_PRIORITY_MAX, "sched_get_priority_max", policy)
			add(unix.SYS_SCHED_GET_PRIORITY_MIN, "sched_get_priority_min", policy)
		}
		for _, priority := range []int{0, 1, -1, 100} {
			if (policy == 1 || policy == 2) && priority == 1 {
				continue // a container may not
			}
			for _, flag := range []int{0, policyResetOnFork} {
				add(unix.SYS_SCHED_SETSCHEDULER, "sched_setscheduler", 0, policy|flag, words(4, priority))
				add(unix.SYS_SCHED_GETSCHEDULER, "sched_getscheduler", 0)
				add(unix.SYS_SCHED_GETPARAM, "sched_getparam", 0, words(4, 77))
				add(unix.SYS_IOPRIO_GET, "ioprio_get", 1, 0)
			}
		}
	}
	for _, id := range []int{-1, nobody} {
		add(unix.SYS_SCHED_SETSCHEDULER, "sched_setscheduler", id, 0, words(4, 0))
		add(unix.SYS_SCHED_GETSCHEDULER, "sched_getscheduler", id)
		add(unix.SYS_SCHED_GETPARAM, "sched_getparam", id, words(4, 0))
		add(unix.SYS_SCHED_SETPARAM, "sched_setparam", id, words(4, 0))
		add(unix.SYS_SCHED_RR_GET_INTERVAL, "sched_rr_get_interval", id, words(16))
		add(unix.SYS_SCHED_SETAFFINITY, "sched_setaffinity", id, 8, words(8, 1))
		add(unix.SYS_SCHED_GETAFFINITY, "sched_getaffinity", id, 128, words(128))
	}
	add(unix.SYS_SCHED_SETPARAM, "sched_setparam", 0, words(4, 0))
	add(unix.SYS_SCHED_SETPARAM, "sched_setparam", 0, words(4, 3))
	add(unix.SYS_SCHED_SETPARAM, "sched_setparam", 0, 0)
	add(unix.SYS_SCHED_GETPARAM, "sched_getparam", 0, 0)
	add(unix.SYS_SCHED_SETSCHEDULER, "sched_setscheduler", 0, 0, 0)
	add(unix.SYS_SCHED_SETAFFINITY, "sched_setaffinity", 0, 8, words(8, 0))
	add(unix.SYS_SCHED_SETAFFINITY, "sched_setaffinity", 0, 0, words(8, 1))
	add(unix.SYS_SCHED_SETAFFINITY, "sched_setaffinity", 0, 8, 0)
	add(unix.SYS_SCHED_SETAFFINITY, "sched_setaffinity", 0, 8, words(8, 0, 1<<31))
	add(unix.SYS_SCHED_GETAFFINITY, "sched_getaffinity", 0, 12, words(128))
	add(unix.SYS_SCHED_GETAFFINITY, "sched_getaffinity", 0, 0, words(128))
	setattr := func(id, flags int, w ...int) {
		add(unix.SYS_SCHED_SETATTR, "sched_setattr", id, words(64, w...), flags)
		list = append(list, plain(unix.SYS_SCHED_GETATTR, "sched_getattr", 0, words(48), 48, 0).with(func(_ uintptr, b []byte) string { return string(b[:24]) }))
		priority(0, 0)
	}
	setattr(0, 0, 48, 0, 0, 0, 4)
	setattr(0, 0, 0, 3, 1, 0, 70)
	setattr(0, 0, 64, 0)
	setattr(0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
	setattr(0, 0, 47)
	setattr(0, 0, 5000)
	setattr(0, 1, 48)
	setattr(-1, 0, 48)
	setattr(nobody, 0, 48)
	setattr(0, 0, 48, -1)
	setattr(0, 0, 48, 9)
	setattr(0, 0, 48, 0, 0x8, 0, 2)
	setattr(0, 0, 48, 0, 0x18, 0, 9)
	setattr(0, 0, 48, 0, 0x100)
	setattr(0, 0, 48, 0, 0, 0, 0, 5)
	for _, size := range []int{47, 5000, 0} {
		add(unix.SYS_SCHED_GETATTR, "sched_getattr", 0, words(64), size, 0)
	}
	add(unix.SYS_SCHED_GETATTR, "sched_getattr", 0, words(64), 48, 1)
	add(unix.SYS_SCHED_GETATTR, "sched_getattr", nobody, words(64), 48, 0)
	follow(t, list...)
}

// What a container may not do here, and a machine may.
func TestRealtime(t *testing.T) {
	reset()
	t.Cleanup(reset)
	must(t, unix.SYS_SCHED_SETSCHEDULER, 0, policyRR, words(4, 7).data)
	priority, slice, attr := make([]byte, 4), make([]byte, 16), make([]byte, 48)
	must(t, unix.SYS_SCHED_GETPARAM, 1, priority)
	must(t, unix.SYS_SCHED_RR_GET_INTERVAL, 1, slice)
	must(t, unix.SYS_SCHED_GETATTR, 1, attr, 48, 0)
	if priority[0] != 7 || binary.LittleEndian.Uint64(slice[8:]) != 100_000_000 || attr[4] != policyRR || attr[20] != 7 {
		t.Error(priority, slice, attr)
	}
	must(t, unix.SYS_SCHED_SETSCHEDULER, 0, policyFIFO, words(4, 99).data)
	must(t, unix.SYS_SCHED_SETPARAM, 0, words(4, 98).data)
	if got := must(t, unix.SYS_SCHED_GETSCHEDULER, 1); got != policyFIFO {
		t.Error(got)
	}
	must(t, unix.SYS_SCHED_SETAFFINITY, 0, 8, words(8, 3).data)
	set := make([]byte, 8)
	if n := must(t, unix.SYS_SCHED_GETAFFINITY, 1, 8, set); n != 8 || set[0] != 1 {
		t.Error(n, set)
	}
	must(t, unix.SYS_SETUID, 7)
	fails(t, syscall.EPERM, unix.SYS_SCHED_SETSCHEDULER, 0, policyRR, words(4, 7).data)
	fails(t, syscall.EPERM, unix.SYS_IOPRIO_SET, 1, 0, 1<<13)
	fails(t, syscall.EACCES, unix.SYS_SETPRIORITY, 0, 0, -1)
	must(t, unix.SYS_SETPRIORITY, 0, 0, 1)
}
