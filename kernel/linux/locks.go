package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/fs"
)

// fcntlLock is the three commands for locks of ranges, by whoever owner is; how is 0 to ask, 1 to
// lock or fail, 2 to wait for the lock.
func fcntlLock(d *Description, a *call.Arguments, how uintptr, owner any) (uintptr, syscall.Errno) {
	var l syscall.Flock_t
	if errno := CopyIn(Argument(a, 2), &l); errno != 0 {
		return 0, errno
	}
	e, ok := d.entry()
	if !ok {
		return 0, syscall.EBADF
	}
	isLock := l.Type == syscall.F_RDLCK || l.Type == syscall.F_WRLCK
	if how == 0 && owner != any(d) && !isLock {
		return 0, syscall.EINVAL
	}
	r, errno := lockRange(d, &l)
	if errno != 0 {
		return 0, errno
	}
	r.Owner = owner
	locks := e.Node().Locks()
	switch {
	case how != 0 && (l.Type == syscall.F_RDLCK && !d.reads || l.Type == syscall.F_WRLCK && !d.writes):
		return 0, syscall.EBADF
	case owner == any(d) && l.Pid != 0:
		return 0, syscall.EINVAL
	case how == 0:
		describeLock(&l, locks, r)
		return 0, CopyOut(Argument(a, 2), &l)
	case !isLock:
		locks.UnlockRange(r)
		return 0, 0
	}
	return 0, waitForLock(d, locks, how == 2, func() bool { return locks.LockRange(r) })
}

// lockRange reads the range and type of a struct flock.
func lockRange(d *Description, l *syscall.Flock_t) (r fs.RangeLock, errno syscall.Errno) {
	var origin int64
	switch l.Whence {
	case 0:
	case 1:
		origin, errno = d.seeker.Move(0, 1)
	case 2:
		var st syscall.Stat_t
		errno = d.File.Status(&st)
		origin = st.Size
	default:
		errno = syscall.EINVAL
	}
	if errno != 0 {
		return r, errno
	}
	if l.Start > fs.ToEnd-origin {
		return r, syscall.EOVERFLOW
	}
	r.First = origin + l.Start
	switch {
	case r.First < 0:
		return r, syscall.EINVAL
	case l.Len == 0:
		r.Last = fs.ToEnd
	case l.Len > 0:
		if l.Len-1 > fs.ToEnd-r.First {
			return r, syscall.EOVERFLOW
		}
		r.Last = r.First + l.Len - 1
	default:
		if r.First+l.Len < 0 {
			return r, syscall.EINVAL
		}
		r.First, r.Last = r.First+l.Len, r.First-1
	}
	if l.Type < syscall.F_RDLCK || l.Type > syscall.F_UNLCK {
		return r, syscall.EINVAL
	}
	r.Exclusive = l.Type == syscall.F_WRLCK
	return r, 0
}

// describeLock fills l with a lock that is in the way of r, or one that its owner has if l asks for
// an unlocked range, or says that there is none.
func describeLock(l *syscall.Flock_t, locks *fs.Locks, r fs.RangeLock) {
	look := locks.Conflict
	if l.Type == syscall.F_UNLCK {
		look = locks.Held
	}
	other, found := look(r)
	if !found {
		l.Type = syscall.F_UNLCK
		return
	}
	*l = syscall.Flock_t{Type: syscall.F_RDLCK, Start: other.First, Len: other.Last - other.First + 1, Pid: -1}
	if other.Exclusive {
		l.Type = syscall.F_WRLCK
	}
	if other.Last == fs.ToEnd {
		l.Len = 0
	}
	if other.Owner == any(&process) {
		l.Pid = processID
	}
}

func sysFlock(a *call.Arguments) (uintptr, syscall.Errno) {
	operation := int(a.Value[1])
	if kind := operation &^ syscall.LOCK_NB; kind != syscall.LOCK_SH && kind != syscall.LOCK_EX && kind != syscall.LOCK_UN {
		return 0, syscall.EINVAL
	}
	d, errno := Lookup(a.Value[0])
	switch {
	case errno != 0:
		return 0, errno
	case operation&syscall.LOCK_UN == 0 && !d.reads && !d.writes:
		return 0, syscall.EBADF
	}
	e, ok := d.entry()
	if !ok {
		return 0, 0 // a file that nobody else can open
	}
	locks := e.Node().Locks()
	if operation&syscall.LOCK_UN != 0 {
		locks.UnlockWhole(d)
		return 0, 0
	}
	return 0, waitForLock(d, locks, operation&syscall.LOCK_NB == 0, func() bool {
		return locks.LockWhole(d, operation&syscall.LOCK_EX != 0)
	})
}

// waitForLock tries until it gets the lock, or once.
func waitForLock(d *Description, locks *fs.Locks, wait bool, try func() bool) syscall.Errno {
	if try() {
		return 0
	}
	if !wait {
		return syscall.EAGAIN
	}
	w := newWaiter(file.Readable)
	defer w.put()
	locks.Watchers.Watch(&w.watch)
	defer locks.Watchers.Unwatch(&w.watch)
	for !try() {
		w.park(Never)
		if d.closed.Load() {
			return syscall.EBADF
		}
	}
	return 0
}
