package net

import (
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/linux"
)

// An inbox is what was sent to a socket of AF_UNIX and not received yet. Its lock comes after those
// of sockets.
type inbox struct {
	mu      sync.Mutex
	owner   *unixSocket
	packets []*packet
	queue   []*packet                // where packets begins again when it has been empty
	spare   *packet                  // for the next one, so that a conversation allocates nothing
	size    int                      // bytes in packets
	ended   bool                     // nobody will send any more
	deaf    bool                     // nobody will receive any more
	blocked map[*unixSocket]struct{} // who has found it full
}

// A packet is a message, or several bytes of a stream that belong together.
type packet struct {
	memory []byte // that data lies in
	data   []byte
	from   string // the sender's name
	rights []*linux.Description
}

// Sizes of an inbox: net.core.wmem_default, and how much of a stream one packet collects.
const (
	inboxLimit = 212992
	packetSize = 8192
	// A message costs this much beside its bytes, so that empty ones do not pile up.
	packetCost = 256
)

// put appends a message from s, or of a stream as much of one as there is room for.
func (b *inbox) put(s *unixSocket, m *message, stream bool) (int, syscall.Errno) {
	from := ""
	if !stream {
		from = s.boundName()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	room := inboxLimit - b.size
	switch {
	case b.deaf && s.kind == syscall.SOCK_DGRAM:
		return 0, syscall.ECONNREFUSED
	case b.deaf:
		return 0, syscall.EPIPE
	case !stream && len(m.bytes) > inboxLimit:
		return 0, syscall.EMSGSIZE
	case room <= 0, !stream && len(m.bytes) > room && b.size > 0:
		b.block(s)
		return 0, syscall.EAGAIN
	}
	data := m.bytes
	if stream {
		data = data[:min(len(data), room)]
	}
	if last := b.last(); stream && last != nil && last.hasRoom(m, len(data)) {
		last.data = append(last.data, data...)
		b.size += len(data)
	} else {
		p := b.newPacket(len(data), stream)
		p.data, p.from = append(p.memory, data...), from
		if !stream {
			b.size += packetCost
		}
		p.rights = append(p.rights, m.rights...)
		clear(m.rights)
		m.rights = m.rights[:0]
		if len(b.packets) == 0 {
			b.packets = b.queue
		}
		if b.packets = append(b.packets, p); len(b.packets) == 1 {
			b.queue = b.packets[:0]
		}
		b.size += len(data)
	}
	b.owner.watchers.Notify(file.Readable)
	return len(data), 0
}

// newPacket returns a packet with room for size bytes, and if it is a stream's for some more.
func (b *inbox) newPacket(size int, stream bool) *packet {
	if p := b.spare; p != nil && cap(p.memory) >= size {
		b.spare = nil
		return p
	}
	if stream {
		size = max(size, packetSize)
	}
	return &packet{memory: make([]byte, 0, size)}
}

// last returns the newest packet, nil if there is none.
func (b *inbox) last() *packet {
	if len(b.packets) == 0 {
		return nil
	}
	return b.packets[len(b.packets)-1]
}

// hasRoom reports whether n bytes of m fit into p. Descriptors stay with the bytes they came with.
func (p *packet) hasRoom(m *message, n int) bool {
	return len(m.rights) == 0 && len(p.rights) == 0 && n <= cap(p.data)-len(p.data)
}

// take receives into m.
func (b *inbox) take(m *message, stream bool) (n int, errno syscall.Errno) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.packets) == 0 {
		if b.ended || b.deaf {
			return 0, 0
		}
		return 0, syscall.EAGAIN
	}
	peek := m.flags&syscall.MSG_PEEK != 0
	if !stream {
		p := b.packets[0]
		n = m.taken(b.copyOut(m, p), len(p.data))
		if !peek {
			b.size -= len(p.data) + packetCost
			b.drop()
		}
	} else {
		n = b.takeStream(m, peek)
	}
	if !peek {
		b.unblock()
	}
	return n, 0
}

// takeStream receives from as many packets as fill m, but not beyond one that brings descriptors.
func (b *inbox) takeStream(m *message, peek bool) (n int) {
	whole := m.bytes
	defer func() { m.bytes = whole }()
	for i := 0; i < len(b.packets) && len(m.bytes) > 0; {
		p := b.packets[i]
		if n > 0 && len(p.rights) > 0 {
			break
		}
		stop := len(p.rights) > 0
		k := b.copyOut(m, p)
		m.bytes = m.bytes[k:]
		n += k
		switch {
		case peek:
			i++
		case k == len(p.data):
			b.size -= k
			b.drop()
		default:
			p.data = p.data[k:]
			b.size -= k
		}
		if stop {
			break
		}
	}
	return n
}

// copyOut copies what p holds to m; descriptors move unless m only peeks.
func (b *inbox) copyOut(m *message, p *packet) int {
	if p.from == "" {
		m.address.length = 0 // Linux says nothing of a sender without a name
	} else {
		m.address.setUnix(p.from)
	}
	if m.flags&syscall.MSG_PEEK == 0 {
		m.rights = append(m.rights, p.rights...)
		p.rights = nil
	}
	return copy(m.bytes, p.data)
}

// drop removes the first packet.
func (b *inbox) drop() {
	p := b.packets[0]
	b.packets[0] = nil
	b.packets = b.packets[1:]
	if cap(p.memory) <= packetSize {
		*p = packet{memory: p.memory}
		b.spare = p
	}
}

// block remembers to tell s when there is room. b.mu is held.
func (b *inbox) block(s *unixSocket) {
	if b.blocked == nil {
		b.blocked = map[*unixSocket]struct{}{}
	}
	b.blocked[s] = struct{}{}
}

// unblock tells those who wait for room. b.mu is held.
func (b *inbox) unblock() {
	for s := range b.blocked {
		delete(b.blocked, s)
		s.watchers.Notify(file.Writable)
	}
}

// readable reports whether there is something to receive, and whether nothing more will come.
func (b *inbox) readable() (some, ended bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.packets) > 0, b.ended || b.deaf
}

// writable reports whether there is room for s to send, or nobody to receive it any more. If there is
// no room, s hears when there is.
func (b *inbox) writable(s *unixSocket) (room, deaf bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if room = b.size < inboxLimit || b.deaf; !room {
		b.block(s)
	}
	return room, b.deaf
}

// end says that nobody will send any more.
func (b *inbox) end(events file.Events) {
	b.mu.Lock()
	b.ended = true
	b.mu.Unlock()
	b.owner.watchers.Notify(events)
}

// stop says that nobody will receive any more, and forgets what there is.
func (b *inbox) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deaf = true
	for _, p := range b.packets {
		for _, d := range p.rights {
			d.Release()
		}
	}
	b.packets, b.queue, b.spare, b.size = nil, nil, nil, 0
	b.unblock()
}
