package linux

import (
	"syscall"
	"time"

	"github.com/ringo-os/ringo/kernel/early/call"
)

// isRealtime reports whether a policy has priorities.
func isRealtime(policy uint32) bool { return policy == policyFIFO || policy == policyRR }

// priorities returns the range of a policy's, false if there is no such policy.
func priorities(policy uintptr) (least, most int, ok bool) {
	switch policy & 0xffffffff {
	case policyFIFO, policyRR:
		return 1, 99, true
	case policyNormal, policyBatch, policyIdle, policyDeadline:
		return 0, 0, true
	}
	return 0, 0, false
}

func sysSchedGetPriorityMax(a *call.Arguments) (uintptr, syscall.Errno) {
	_, most, ok := priorities(a.Value[0])
	if !ok {
		return 0, syscall.EINVAL
	}
	return uintptr(most), 0
}

func sysSchedGetPriorityMin(a *call.Arguments) (uintptr, syscall.Errno) {
	least, _, ok := priorities(a.Value[0])
	if !ok {
		return 0, syscall.EINVAL
	}
	return uintptr(least), 0
}

func sysSchedSetscheduler(a *call.Arguments) (uintptr, syscall.Errno) {
	if int32(a.Value[1]) < 0 {
		return 0, syscall.EINVAL
	}
	policy := uint32(a.Value[1])
	return setScheduler(a, 2, func(*turn) uint32 { return policy })
}

func sysSchedSetparam(a *call.Arguments) (uintptr, syscall.Errno) {
	return setScheduler(a, 1, func(t *turn) uint32 { return t.policyWithFlag() })
}

func (t *turn) policyWithFlag() uint32 {
	if t.resetOnFork {
		return t.policy | policyResetOnFork
	}
	return t.policy
}

// setScheduler sets the policy that choose returns, with the struct sched_param at argument i.
func setScheduler(a *call.Arguments, i int, choose func(*turn) uint32) (uintptr, syscall.Errno) {
	p := Argument(a, i)
	if p.IsNil() || int32(a.Value[0]) < 0 {
		return 0, syscall.EINVAL
	}
	var priority int32
	if errno := CopyIn(p, &priority); errno != 0 {
		return 0, errno
	}
	id, t, errno := turnOf(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	return 0, setPolicy(id, choose(&t), int(priority), t.nice)
}

// setPolicy sets the policy, with its flag, of a thread.
func setPolicy(id int, policy uint32, priority, nice int) syscall.Errno {
	reset := policy&policyResetOnFork != 0
	policy &^= policyResetOnFork
	_, _, ok := priorities(uintptr(policy))
	switch {
	case !ok, policy == policyDeadline, priority < 0, priority > 99, isRealtime(policy) != (priority != 0):
		return syscall.EINVAL
	case isRealtime(policy) && !isPrivileged():
		return syscall.EPERM
	}
	changeTurn(id, func(t *turn) {
		t.policy, t.resetOnFork, t.priority = policy, reset, priority
		if !isRealtime(policy) {
			t.nice = nice
		}
	})
	return 0
}

func sysSchedGetscheduler(a *call.Arguments) (uintptr, syscall.Errno) {
	if int32(a.Value[0]) < 0 {
		return 0, syscall.EINVAL
	}
	_, t, errno := turnOf(a.Value[0])
	return uintptr(t.policyWithFlag()), errno
}

func sysSchedGetparam(a *call.Arguments) (uintptr, syscall.Errno) {
	p := Argument(a, 1)
	if p.IsNil() || int32(a.Value[0]) < 0 {
		return 0, syscall.EINVAL
	}
	_, t, errno := turnOf(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	priority := int32(t.priority)
	return 0, CopyOut(p, &priority)
}

// The time that a thread may run while others wait: of the real-time policies, and about that of the others.
const (
	sliceRR     = 100 * time.Millisecond
	sliceNormal = 3 * time.Millisecond
)

func sysSchedRRGetInterval(a *call.Arguments) (uintptr, syscall.Errno) {
	if int32(a.Value[0]) < 0 {
		return 0, syscall.EINVAL
	}
	_, t, errno := turnOf(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	slice := sliceNormal
	switch t.policy {
	case policyFIFO:
		slice = 0
	case policyRR:
		slice = sliceRR
	}
	v := syscall.NsecToTimespec(int64(slice))
	return 0, CopyOut(Argument(a, 1), &v)
}

// A schedAttr is struct sched_attr, as it was first (Linux, include/uapi/linux/sched/types.h).
type schedAttr struct {
	size, policy uint32
	flags        uint64
	nice         int32
	priority     uint32
	slice, _, _  uint64
}

const schedAttrSize = 48

func sysSchedSetattr(a *call.Arguments) (uintptr, syscall.Errno) {
	const resetOnFork, keepPolicy, keepParams, all = 1, 0x8, 0x10, 0x7f
	p := Argument(a, 1)
	if p.IsNil() || int32(a.Value[0]) < 0 || a.Value[2]&0xffffffff != 0 {
		return 0, syscall.EINVAL
	}
	var given schedAttr
	if errno := CopyIn(p, &given.size); errno != 0 {
		return 0, errno
	}
	if given.size == 0 {
		given.size = schedAttrSize
	}
	if given.size < schedAttrSize || given.size > pageSize {
		given.size = schedAttrSize
		CopyOut(p, &given.size)
		return 0, syscall.E2BIG
	}
	if errno := zeroBeyond(p, schedAttrSize, uintptr(given.size)); errno != 0 {
		return 0, errno
	}
	if errno := CopyIn(p, &given); errno != 0 {
		return 0, errno
	}
	if int32(given.policy) < 0 || given.flags&^all != 0 {
		return 0, syscall.EINVAL
	}
	id, t, errno := turnOf(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	policy, priority, nice := given.policy, int(int32(given.priority)), min(max(int(given.nice), -20), 19)
	if given.flags&keepPolicy != 0 {
		policy = t.policy
	}
	if given.flags&keepParams != 0 {
		priority, nice = t.priority, t.nice
	}
	if given.flags&resetOnFork != 0 {
		policy |= policyResetOnFork
	}
	if nice < t.nice && !isPrivileged() {
		return 0, syscall.EPERM
	}
	return 0, setPolicy(id, policy, priority, nice)
}

func sysSchedGetattr(a *call.Arguments) (uintptr, syscall.Errno) {
	p, size := Argument(a, 1), a.Value[2]&0xffffffff
	if p.IsNil() || int32(a.Value[0]) < 0 || size < schedAttrSize || size > pageSize || a.Value[3]&0xffffffff != 0 {
		return 0, syscall.EINVAL
	}
	_, t, errno := turnOf(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	told := schedAttr{size: schedAttrSize, policy: t.policy, priority: uint32(t.priority)}
	if t.resetOnFork {
		told.flags = 1
	}
	if !isRealtime(t.policy) {
		told.nice, told.slice = int32(t.nice), uint64(sliceNormal)
	}
	return 0, CopyOut(p, &told)
}

// zeroBeyond checks that the bytes of a structure at p that are not known here, [known, size), are zero.
func zeroBeyond(p Pointer, known, size uintptr) syscall.Errno {
	for at := known; at < size; at++ {
		var beyond byte
		if errno := CopyIn(p.Add(at), &beyond); errno != 0 {
			return errno
		}
		if beyond != 0 {
			return syscall.E2BIG
		}
	}
	return 0
}
