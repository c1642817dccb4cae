package linux

import (
	"slices"
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
)

// credentials say who the program is. It starts as root, and may become somebody else as on Linux;
// but it is the only one here, and nothing that it may do depends on it.
var credentials struct {
	mu     sync.Mutex
	user   identity
	group  identity
	groups []uint32
}

// An identity is the real, effective and saved ID of a user or group.
type identity struct{ real, effective, saved uint32 }

func (i identity) has(id uint32) bool { return id == i.real || id == i.effective || id == i.saved }

// keep stands for an ID that a call leaves as it is.
const keep = ^uint32(0)

// privileged reports whether the program may take any identity. credentials.mu is held.
func privileged() bool { return credentials.user.effective == 0 }

func sysGetuid(a *call.Arguments) (uintptr, syscall.Errno) { return current(&credentials.user.real) }
func sysGeteuid(a *call.Arguments) (uintptr, syscall.Errno) {
	return current(&credentials.user.effective)
}
func sysGetgid(a *call.Arguments) (uintptr, syscall.Errno) { return current(&credentials.group.real) }
func sysGetegid(a *call.Arguments) (uintptr, syscall.Errno) {
	return current(&credentials.group.effective)
}

func current(id *uint32) (uintptr, syscall.Errno) {
	credentials.mu.Lock()
	defer credentials.mu.Unlock()
	return uintptr(*id), 0
}

func sysSetuid(a *call.Arguments) (uintptr, syscall.Errno) { return setID(a, &credentials.user) }
func sysSetgid(a *call.Arguments) (uintptr, syscall.Errno) { return setID(a, &credentials.group) }

// setID is setuid for i.
func setID(a *call.Arguments, i *identity) (uintptr, syscall.Errno) {
	credentials.mu.Lock()
	defer credentials.mu.Unlock()
	id := uint32(a.Value[0])
	switch {
	case id == keep:
		return 0, syscall.EINVAL
	case privileged():
		*i = identity{id, id, id}
	case id == i.real || id == i.saved:
		i.effective = id
	default:
		return 0, syscall.EPERM
	}
	return 0, 0
}

func sysSetreuid(a *call.Arguments) (uintptr, syscall.Errno) { return setPair(a, &credentials.user) }
func sysSetregid(a *call.Arguments) (uintptr, syscall.Errno) { return setPair(a, &credentials.group) }

// setPair is setreuid for i.
func setPair(a *call.Arguments, i *identity) (uintptr, syscall.Errno) {
	credentials.mu.Lock()
	defer credentials.mu.Unlock()
	real, effective := uint32(a.Value[0]), uint32(a.Value[1])
	if !privileged() && (real != keep && real != i.real && real != i.effective || effective != keep && !i.has(effective)) {
		return 0, syscall.EPERM
	}
	before := *i
	if real != keep {
		i.real = real
	}
	if effective != keep {
		i.effective = effective
	}
	if real != keep || effective != keep && effective != before.real {
		i.saved = i.effective
	}
	return 0, 0
}

func sysSetresuid(a *call.Arguments) (uintptr, syscall.Errno) { return setAll(a, &credentials.user) }
func sysSetresgid(a *call.Arguments) (uintptr, syscall.Errno) { return setAll(a, &credentials.group) }

// setAll is setresuid for i.
func setAll(a *call.Arguments, i *identity) (uintptr, syscall.Errno) {
	credentials.mu.Lock()
	defer credentials.mu.Unlock()
	set := *i
	for k, field := range []*uint32{&set.real, &set.effective, &set.saved} {
		id := uint32(a.Value[k])
		if id == keep {
			continue
		}
		if !privileged() && !i.has(id) {
			return 0, syscall.EPERM
		}
		*field = id
	}
	*i = set
	return 0, 0
}

func sysGetresuid(a *call.Arguments) (uintptr, syscall.Errno) { return getAll(a, &credentials.user) }
func sysGetresgid(a *call.Arguments) (uintptr, syscall.Errno) { return getAll(a, &credentials.group) }

func getAll(a *call.Arguments, i *identity) (uintptr, syscall.Errno) {
	credentials.mu.Lock()
	defer credentials.mu.Unlock()
	for k, field := range []*uint32{&i.real, &i.effective, &i.saved} {
		if errno := CopyOut(Argument(a, k), field); errno != 0 {
			return 0, errno
		}
	}
	return 0, 0
}

// sysSetfsuid is also setfsgid: they return what was set before, and never fail.
func sysSetfsuid(a *call.Arguments) (uintptr, syscall.Errno) { return sysGeteuid(a) }

func sysGetgroups(a *call.Arguments) (uintptr, syscall.Errno) {
	credentials.mu.Lock()
	defer credentials.mu.Unlock()
	size, count := int(int32(a.Value[0])), len(credentials.groups)
	if size < 0 || size > 0 && size < count {
		return 0, syscall.EINVAL
	}
	if size > 0 {
		for k := range credentials.groups {
			if errno := CopyOut(Argument(a, 1).Add(uintptr(k)*4), &credentials.groups[k]); errno != 0 {
				return 0, errno
			}
		}
	}
	return uintptr(count), 0
}

func sysSetgroups(a *call.Arguments) (uintptr, syscall.Errno) {
	const most = 65536
	credentials.mu.Lock()
	defer credentials.mu.Unlock()
	count := a.Value[0]
	switch {
	case !privileged():
		return 0, syscall.EPERM
	case count > most:
		return 0, syscall.EINVAL
	}
	groups := make([]uint32, count)
	for k := range groups {
		if errno := CopyIn(Argument(a, 1).Add(uintptr(k)*4), &groups[k]); errno != 0 {
			return 0, errno
		}
	}
	slices.Sort(groups)
	credentials.groups = groups
	return 0, 0
}

// capabilities is struct __user_cap_data_struct twice: effective, permitted and inheritable sets.
type capabilities [6]uint32

// sysCapget says that the program has every capability.
func sysCapget(a *call.Arguments) (uintptr, syscall.Errno) {
	const version, all = 0x20080522, 1<<41 - 1
	header := [2]uint32{}
	if errno := CopyIn(Argument(a, 0), &header); errno != 0 {
		return 0, errno
	}
	if known := header[0] == version || header[0] == 0x20071026 || header[0] == 0x19980330; !known || Argument(a, 1).IsNil() {
		header[0] = version
		errno := CopyOut(Argument(a, 0), &header)
		if errno == 0 && !known && !Argument(a, 1).IsNil() {
			errno = syscall.EINVAL
		}
		return 0, errno
	}
	low, high := uint32(all&0xffffffff), uint32(all>>32)
	return 0, CopyOut(Argument(a, 1), &capabilities{low, low, 0, high, high, 0})
}

// sysCapset accepts that the program gives some up.
func sysCapset(a *call.Arguments) (uintptr, syscall.Errno) {
	var c capabilities
	return 0, CopyIn(Argument(a, 1), &c)
}

// credentialLines are what /proc/self/status says.
func credentialLines() (user, group [3]uint32, groups []uint32) {
	credentials.mu.Lock()
	defer credentials.mu.Unlock()
	u, g := credentials.user, credentials.group
	return [3]uint32{u.real, u.effective, u.saved}, [3]uint32{g.real, g.effective, g.saved}, slices.Clone(credentials.groups)
}
