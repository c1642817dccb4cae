package linux

import (
	"encoding/binary"
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/fs"
)

// An inotify is what inotify_init makes: files that are watched, and what has happened to them and was not read
// yet. Volumes are never unmounted here, so that IN_UNMOUNT never comes.
type inotify struct {
	anonymous
	most int // events that may wait

	// mu comes after fs.FS.tree, for a watch is told with that held, and before the locks of nodes. It guards what
	// follows, and the fields of the watches.
	mu         sync.Mutex
	watches    map[int32]*inotifyWatch
	nodes      map[*fs.Node]*inotifyWatch
	last       int32 // the last watch descriptor
	queue      []inotifyEvent
	size       int  // bytes that the queue takes when it is read
	overflowed bool // the queue has an IN_Q_OVERFLOW
	closed     bool
}

// An inotifyWatch is one file that an instance watches. It is one of the instance's as long as it is in its maps.
type inotifyWatch struct {
	fs.Watch
	instance   *inotify
	node       *fs.Node
	descriptor int32
	events     fs.Event
	flags      uint32 // IN_ONESHOT and IN_EXCL_UNLINK
}

// An inotifyEvent is struct inotify_event.
type inotifyEvent struct {
	descriptor int32
	mask       uint32
	cookie     uint32
	name       string
}

// inotifyHeader is the size of struct inotify_event without the name. With zeros behind it, a name takes a
// multiple of this.
const inotifyHeader = 16

func (v *inotifyEvent) size() int {
	if v.name == "" {
		return inotifyHeader
	}
	return inotifyHeader + (len(v.name)+inotifyHeader)&^(inotifyHeader-1)
}

func (v *inotifyEvent) marshal(p []byte) {
	binary.NativeEndian.PutUint32(p, uint32(v.descriptor))
	binary.NativeEndian.PutUint32(p[4:], v.mask)
	binary.NativeEndian.PutUint32(p[8:], v.cookie)
	binary.NativeEndian.PutUint32(p[12:], uint32(v.size()-inotifyHeader))
	clear(p[inotifyHeader+copy(p[inotifyHeader:v.size()], v.name) : v.size()])
}

// hear takes what has happened to the file that w watches.
func (w *inotifyWatch) hear(h fs.Happening) {
	i := w.instance
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.watches[w.descriptor] != w:
	case h.Event&fs.Gone != 0:
		i.end(w)
	case h.Event&w.events&inotifyAll == 0:
	case h.Unlinked && w.flags&inExclUnlink != 0:
	default:
		i.add(inotifyEvent{w.descriptor, uint32(h.Event), h.Cookie, h.Name})
		if w.flags&inOneShot != 0 {
			i.end(w)
		}
	}
}

// end takes w out of the instance, and says so in the queue. i.mu is held.
func (i *inotify) end(w *inotifyWatch) {
	i.drop(w)
	i.add(inotifyEvent{descriptor: w.descriptor, mask: inIgnored})
}

// drop takes w out of the instance. i.mu is held.
func (i *inotify) drop(w *inotifyWatch) {
	delete(i.watches, w.descriptor)
	delete(i.nodes, w.node)
	w.Unwatch()
	inotifyUse.watches.Add(-1)
}

// add queues v, unless the last event there says the same already. i.mu is held.
func (i *inotify) add(v inotifyEvent) {
	n := len(i.queue)
	switch {
	case i.overflowed && n >= i.most:
		return
	case n >= i.most:
		i.overflowed = true
		v = inotifyEvent{descriptor: -1, mask: inQueueOverflow}
	case n > 0 && v.mask != inIgnored:
		// The cookies of renames are not compared, as on Linux.
		if last := &i.queue[n-1]; last.descriptor == v.descriptor && last.mask == v.mask && last.name == v.name {
			return
		}
	}
	i.queue = append(i.queue, v)
	i.size += v.size()
	i.Notify(file.Readable)
}

// Read returns as many whole events as there is room for; EINVAL says that there is none for the first.
func (i *inotify) Read(p []byte) (n int, errno syscall.Errno) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return 0, syscall.EBADF
	}
	if len(i.queue) == 0 {
		return 0, syscall.EAGAIN
	}
	taken := 0
	for _, v := range i.queue {
		if v.size() > len(p)-n {
			break
		}
		v.marshal(p[n:])
		n += v.size()
		taken++
		if v.mask == inQueueOverflow {
			i.overflowed = false
		}
	}
	if taken == 0 {
		return 0, syscall.EINVAL
	}
	clear(i.queue[:taken])
	i.queue = i.queue[taken:]
	if i.size -= n; i.size == 0 {
		i.queue = nil // nor its array
	}
	return n, 0
}

func (i *inotify) Ready() file.Events {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.queue) > 0 {
		return file.Readable
	}
	return 0
}

func (i *inotify) Close() syscall.Errno {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, w := range i.watches {
		i.drop(w)
	}
	i.closed, i.queue, i.size = true, nil, 0
	inotifyUse.instances.Add(-1)
	i.Notify(file.HangUp)
	return 0
}

func (i *inotify) ControlSize(request uint32) (int, bool) { return 4, request == fionread }

func (i *inotify) Control(request uint32, argument []byte) (uintptr, syscall.Errno) {
	i.mu.Lock()
	defer i.mu.Unlock()
	putUint32(argument, uint32(i.size))
	return 0, 0
}
