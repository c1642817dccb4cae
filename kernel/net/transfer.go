package net

import (
	"bytes"
	"io"
	"sync"
	"syscall"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// A transfer is what a call into the stack needs in the heap, kept from call to call.
type transfer struct {
	from bytes.Reader
	into tcpip.SliceWriter
	skip tcpip.LimitedWriter
	to   tcpip.FullAddress

	source source // of a datagram
}

var transfers = sync.Pool{New: func() any { return new(transfer) }}

func (t *transfer) put() {
	t.from.Reset(nil)
	t.into = nil
	t.source = source{}
	transfers.Put(t)
}

// Read implements file.File.
func (s *inet) Read(p []byte) (int, syscall.Errno) {
	if len(p) == 0 && s.stream() {
		return 0, 0
	}
	if n, errno, known := s.readShort(p, false, false); known {
		return n, errno
	}
	t := transfers.Get().(*transfer)
	result, err := s.read(t, p, tcpip.ReadOptions{})
	t.put()
	if err != nil {
		return 0, errnoOf(err)
	}
	return min(result.Count, len(p)), 0
}

// read reads into p; of datagrams, what p has no room for is lost.
func (s *inet) read(t *transfer, p []byte, options tcpip.ReadOptions) (tcpip.ReadResult, tcpip.Error) {
	var into io.Writer
	if t.into = p; len(p) > 0 {
		into = &t.into
	} else {
		into = io.Discard // the stack takes it for an error when nothing fits
	}
	if f := s.filter.Load(); f != nil {
		return s.readFiltered(f, into, options)
	}
	result, err := s.endpoint.Read(into, options)
	if err == nil && s.stream() && !options.Peek {
		s.received(result.Count)
	}
	return result, err
}

// received says that n bytes of a stream have come from the stack.
func (s *inet) received(n int) {
	if c := s.short.Load(); c != nil {
		c.in.received(n)
	}
	s.fitBuffers()
	s.endpoint.ModerateRecvBuf(n)
}

// Write implements file.File.
func (s *inet) Write(p []byte) (int, syscall.Errno) {
	if n, errno, known := s.writeShort(p); known {
		return n, errno
	}
	t := transfers.Get().(*transfer)
	if s.marking.active.Load() {
		s.marking.mu.Lock()
		defer s.marking.mu.Unlock()
		s.mark([2]int{noMark, noMark})
	}
	n, errno := s.write(t, p, tcpip.WriteOptions{})
	t.put()
	return n, errno
}

func (s *inet) write(t *transfer, p []byte, options tcpip.WriteOptions) (int, syscall.Errno) {
	if n, errno, known := s.writeShort(p); known {
		return n, errno
	}
	if j := s.joining.Load(); j != nil {
		return s.writeJoining(j, t, p, options)
	}
	return s.writeStack(t, p, options)
}

func (s *inet) writeStack(t *transfer, p []byte, options tcpip.WriteOptions) (int, syscall.Errno) {
	if errno := s.fits(len(p), options.To); errno != 0 {
		return 0, errno
	}
	if s.stream() {
		s.fitBuffers()
	}
	t.from.Reset(p)
	var n int64
	var err tcpip.Error
	if t.source.given {
		n, err = s.writeFrom(t, p, options)
	} else {
		n, err = s.endpoint.Write(&t.from, options)
	}
	if err == nil {
		return int(n), 0
	}
	switch err.(type) {
	case *tcpip.ErrHostUnreachable, *tcpip.ErrNetworkUnreachable:
		if !s.stream() {
			return 0, s.unreachable()
		}
	}
	return int(n), errnoOf(err)
}

func (s *inet) send(m *message) (int, syscall.Errno) {
	if m.flags&syscall.MSG_OOB != 0 {
		return 0, syscall.EOPNOTSUPP
	}
	t := transfers.Get().(*transfer)
	defer t.put()
	options := tcpip.WriteOptions{
		More:        m.flags&syscall.MSG_MORE != 0,
		EndOfRecord: m.flags&syscall.MSG_EOR != 0,
	}
	if m.address.length > 0 && !s.stream() {
		var errno syscall.Errno
		if t.to, errno = m.address.inet(s.domain); errno != 0 {
			return 0, errno
		}
		options.To = &t.to
	}
	segment, marks := int(s.segment.Load()), [2]int{noMark, noMark}
	if len(m.control) > 0 {
		var errno syscall.Errno
		if segment, marks, errno = s.sendControl(m, segment, t, &options); errno != 0 {
			return 0, errno
		}
	}
	if marks != [2]int{noMark, noMark} || s.marking.active.Load() {
		s.marking.mu.Lock()
		defer s.marking.mu.Unlock()
		s.mark(marks)
	}
	if segment > 0 && segment < len(m.bytes) {
		return s.sendSegments(t, m.bytes, segment, options)
	}
	return s.write(t, m.bytes, options)
}

// sendSegments sends p as datagrams of the given size (UDP_SEGMENT, udp(7)).
func (s *inet) sendSegments(t *transfer, p []byte, size int, options tcpip.WriteOptions) (sent int, errno syscall.Errno) {
	if (len(p)+size-1)/size > mostSegments {
		return 0, syscall.EINVAL
	}
	for sent < len(p) {
		n, errno := s.write(t, p[sent:min(sent+size, len(p))], options)
		if errno != 0 {
			if sent > 0 {
				return len(p), 0 // the rest is lost, as datagrams may be
			}
			return 0, errno
		}
		sent += n
	}
	return sent, 0
}

// mostSegments is how many datagrams one call with UDP_SEGMENT may send.
const mostSegments = 128

func (s *inet) receive(m *message) (int, syscall.Errno) {
	switch {
	case m.flags&syscall.MSG_OOB != 0:
		return 0, syscall.EINVAL
	case m.flags&syscall.MSG_ERRQUEUE != 0:
		return 0, syscall.EAGAIN // nothing is put there
	case len(m.bytes) == 0 && s.stream():
		return 0, 0
	}
	if n, errno, known := s.readShort(m.bytes, m.flags&syscall.MSG_PEEK != 0, m.flags&syscall.MSG_TRUNC != 0); known {
		return n, errno
	}
	t := transfers.Get().(*transfer)
	defer t.put()
	options := tcpip.ReadOptions{
		Peek:           m.flags&syscall.MSG_PEEK != 0,
		NeedRemoteAddr: m.wantAddress && !s.stream(),
	}
	if s.stream() && m.flags&syscall.MSG_TRUNC != 0 {
		return s.discard(t, len(m.bytes), options)
	}
	result, err := s.read(t, m.bytes, options)
	if err != nil {
		return 0, errnoOf(err)
	}
	n := min(result.Count, len(m.bytes))
	if s.stream() {
		return n, 0
	}
	if options.NeedRemoteAddr {
		m.address.setInet(s.domain, result.RemoteAddr)
	}
	if m.room > 0 {
		s.receiveControl(m, &result.ControlMessages)
	}
	return m.taken(n, result.Total), 0
}

// discard drops at most n bytes of a stream, which MSG_TRUNC asks for (tcp(7)).
func (s *inet) discard(t *transfer, n int, options tcpip.ReadOptions) (int, syscall.Errno) {
	t.skip = tcpip.LimitedWriter{W: io.Discard, N: int64(n)}
	result, err := s.endpoint.Read(&t.skip, options)
	if err != nil {
		return 0, errnoOf(err)
	}
	if !options.Peek {
		s.received(result.Count)
	}
	return result.Count, 0
}
