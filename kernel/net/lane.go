package net

import (
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
)

// A lane is one direction of a shortcut. Its lock comes after a socket's joining lock; nothing of the stack's is called with it held.
type lane struct {
	from, to *inet

	mu    sync.Mutex
	ring  file.Ring
	early int  // bytes that are to be received from the stack, before those in ring
	limit int  // how many bytes may wait in ring
	full  bool // the sender has found no room, and is to be told when there is
	ended bool // the sender will send no more
	deaf  bool // the receiver will receive no more
}

// keptRing is how much memory a lane keeps that has nothing in it.
const keptRing = 64 << 10

// writable reports whether there is enough room to call the sender writable: a third of the whole, as on Linux, so that
// sender and receiver do not take turns over a few bytes. l.mu is held.
func (l *lane) writable() bool { return l.limit-l.ring.Length() >= (l.limit+2)/3 }

// put sends p, as much as there is room for. known is false when it is for the stack to say what comes of it.
func (l *lane) put(p []byte) (n int, errno syscall.Errno, known bool) {
	l.mu.Lock()
	if l.ended || l.deaf {
		l.mu.Unlock()
		return 0, 0, false
	}
	n = l.ring.Put(p, l.limit)
	l.full = l.full || n < len(p)
	l.mu.Unlock()
	if n == 0 {
		return 0, syscall.EAGAIN, true
	}
	l.to.watchers.Notify(file.Readable)
	return n, 0, true
}

// take receives into p; with drop, bytes only go, as many as p has room for. known is false when there are none: it is
// for the stack to say why.
func (l *lane) take(p []byte, peek, drop bool) (n int, known bool) {
	l.mu.Lock()
	if l.early > 0 || l.ring.Length() == 0 {
		l.mu.Unlock()
		return 0, false
	}
	if n = min(len(p), l.ring.Length()); !drop {
		l.ring.Peek(p)
	}
	if !peek {
		l.ring.Drop(n)
	}
	if l.ring.Length() == 0 {
		l.ring.Fit(keptRing)
	}
	tell := l.unblocks()
	l.mu.Unlock()
	if tell {
		l.from.watchers.Notify(file.Writable)
	}
	return n, true
}

// unblocks reports whether the sender is to be told that there is room again. l.mu is held.
func (l *lane) unblocks() bool {
	if !l.full || !l.writable() {
		return false
	}
	l.full = false
	return true
}

// received says that n bytes have come from the stack. Who waits for those in the ring has not been told.
func (l *lane) received(n int) {
	l.mu.Lock()
	tell := l.early > 0 && l.early <= n && l.ring.Length() > 0
	l.early = max(l.early-n, 0)
	l.mu.Unlock()
	if tell {
		l.to.watchers.Notify(file.Readable)
	}
}

// fit makes the lane hold as much as the buffers of both sockets would.
func (l *lane) fit() {
	limit := int(l.from.endpoint.SocketOptions().GetSendBufferSize() + l.to.endpoint.SocketOptions().GetReceiveBufferSize())
	l.mu.Lock()
	l.limit = limit
	tell := l.unblocks()
	l.mu.Unlock()
	if tell {
		l.from.watchers.Notify(file.Writable)
	}
}
