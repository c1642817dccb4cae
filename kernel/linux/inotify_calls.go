package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/fs"
)

// Bits of a watch's mask and of an event's, beyond those of fs.Event: see inotify(7), linux/inotify.h.
const (
	inotifyAll = 0xfff // IN_ALL_EVENTS

	inUnmount       = 0x2000
	inQueueOverflow = 0x4000
	inIgnored       = 0x8000

	inOnlyDir    = 0x1000000
	inDontFollow = 0x2000000
	inExclUnlink = 0x4000000
	inMaskCreate = 0x10000000
	inMaskAdd    = 0x20000000
	inIsDir      = 0x40000000
	inOneShot    = 0x80000000

	inotifyBits = inotifyAll | inUnmount | inQueueOverflow | inIgnored | inOnlyDir | inDontFollow | inExclUnlink |
		inMaskCreate | inMaskAdd | inIsDir | inOneShot
)

func sysInotifyInit(a *call.Arguments) (uintptr, syscall.Errno) { return inotifyInit(0) }

func sysInotifyInit1(a *call.Arguments) (uintptr, syscall.Errno) {
	return inotifyInit(int(int32(a.Value[0])))
}

func inotifyInit(flags int) (uintptr, syscall.Errno) {
	if flags&^(syscall.O_CLOEXEC|syscall.O_NONBLOCK) != 0 {
		return 0, syscall.EINVAL
	}
	if !take(&inotifyUse.instances, inotifyMost.instances.Load()) {
		return 0, syscall.EMFILE
	}
	i := &inotify{most: int(inotifyMost.events.Load())}
	fd, errno := Install(i, syscall.O_RDONLY|flags&syscall.O_NONBLOCK, flags&syscall.O_CLOEXEC != 0)
	return uintptr(fd), errno
}

func sysInotifyAddWatch(a *call.Arguments) (uintptr, syscall.Errno) {
	mask := uint32(a.Value[2])
	if mask == 0 || mask&^uint32(inotifyBits) != 0 {
		return 0, syscall.EINVAL
	}
	i, _, errno := lookupAs[*inotify](a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	if mask&inMaskAdd != 0 && mask&inMaskCreate != 0 {
		return 0, syscall.EINVAL
	}
	at, name, errno := place(atCWD, a, 1)
	if errno != 0 {
		return 0, errno
	}
	e, errno := files.LookupHeld(at, name, mask&inDontFollow == 0)
	if errno != 0 {
		return 0, errno
	}
	defer e.Release() // a file that has lost its name meanwhile is gone only now, and that is told
	if mask&inOnlyDir != 0 && e.Node().Mode()&syscall.S_IFMT != syscall.S_IFDIR {
		return 0, syscall.ENOTDIR
	}
	return i.watch(e.Node(), mask)
}

// watch watches n for what mask says, or changes what it is watched for.
func (i *inotify) watch(n *fs.Node, mask uint32) (uintptr, syscall.Errno) {
	events, flags := fs.Event(mask&inotifyAll), mask&(inOneShot|inExclUnlink)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return 0, syscall.EBADF
	}
	if w := i.nodes[n]; w != nil {
		if mask&inMaskCreate != 0 {
			return 0, syscall.EEXIST
		}
		if mask&inMaskAdd != 0 {
			events |= w.events
			flags |= w.flags
		}
		w.events, w.flags = events, flags
		return uintptr(w.descriptor), 0
	}
	if !take(&inotifyUse.watches, inotifyMost.watches.Load()) {
		return 0, syscall.ENOSPC
	}
	w := &inotifyWatch{instance: i, node: n, descriptor: i.nextDescriptor(), events: events, flags: flags}
	w.Tell = w.hear
	if i.watches == nil {
		i.watches, i.nodes = map[int32]*inotifyWatch{}, map[*fs.Node]*inotifyWatch{}
	}
	i.watches[w.descriptor], i.nodes[n] = w, w
	n.Watch(&w.Watch)
	return uintptr(w.descriptor), 0
}

// nextDescriptor returns a watch descriptor that is not in use: the last one and 1, as long as that works. i.mu is
// held.
func (i *inotify) nextDescriptor() int32 {
	for {
		if i.last++; i.last <= 0 {
			i.last = 1
		}
		if i.watches[i.last] == nil {
			return i.last
		}
	}
}

func sysInotifyRmWatch(a *call.Arguments) (uintptr, syscall.Errno) {
	i, _, errno := lookupAs[*inotify](a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	w := i.watches[int32(a.Value[1])]
	if w == nil {
		return 0, syscall.EINVAL
	}
	i.end(w)
	return 0, 0
}
