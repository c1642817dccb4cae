package net

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
)

// ReceiveLocal makes path a socket of AF_UNIX for datagrams, and hands what is sent there to take, which must not keep
// it. The error is an errno.
func (n *Network) ReceiveLocal(path string, take func(message []byte)) error {
	s := n.newUnix(syscall.SOCK_DGRAM)
	address := new(sockaddr)
	address.setUnix(path)
	if errno := s.bind(address); errno != 0 {
		return errno
	}
	watch, changed := newWatch(file.Readable)
	s.Watch(watch)
	go func() {
		m := newMessage(0)
		buffer := make([]byte, inboxLimit)
		for {
			m.bytes = buffer
			length, errno := s.receive(m)
			for _, d := range m.rights { // nobody here wants them
				d.Release()
			}
			m.rights = m.rights[:0]
			if errno == syscall.EAGAIN {
				<-changed
			} else if errno == 0 {
				take(buffer[:min(length, len(buffer))])
			}
		}
	}()
	return nil
}
