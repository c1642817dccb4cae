package net

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/drivers/virtio/nic"
)

// FuzzCalls makes any socket calls with any arguments but wild pointers, on sockets that do not wait.
func FuzzCalls(f *testing.F) {
	f.Add([]byte{0, 2, 1, 0, 1, 0, 16, 2, 0, 0, 0, 2, 0, 3, 0, 1, 4, 0, 16, 5, 0, 1, 2, 3})
	f.Add([]byte{0, 10, 2, 17, 6, 0, 41, 26, 4, 1, 7, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{9, 1, 8, 0, 1, 4, 9, 1, 0, 5, 0, 10, 0, 0, 10, 1, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		s := &scriptReader{script: script}
		var fds []int
		defer func() {
			for _, fd := range fds {
				sys(unix.SYS_CLOSE, fd)
			}
		}()
		open := func(fd int, err error) {
			if err == nil {
				fds = append(fds, fd)
			}
		}
		for steps := 0; s.more() && steps < 64; steps++ {
			fd := 0
			what := s.next() % 16
			if len(fds) > 0 {
				fd = fds[s.next()%len(fds)]
			}
			switch what {
			case 0:
				kinds := []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW, unix.SOCK_SEQPACKET}
				domains := []int{unix.AF_INET, unix.AF_INET6, unix.AF_UNIX, unix.AF_NETLINK, s.next()}
				open(sys(unix.SYS_SOCKET, domains[s.next()%5], kinds[s.next()%4]|unix.SOCK_NONBLOCK, s.next()))
			case 1:
				a := s.address()
				sys(unix.SYS_BIND, fd, a, len(a))
			case 2:
				a := s.address()
				sys(unix.SYS_CONNECT, fd, a, len(a))
			case 3:
				sys(unix.SYS_LISTEN, fd, s.next())
			case 4:
				n := new(int32)
				*n = int32(s.next())
				open(sys(unix.SYS_ACCEPT4, fd, make([]byte, 128), n, unix.SOCK_NONBLOCK))
			case 5:
				sys(unix.SYS_SHUTDOWN, fd, s.next()%4)
			case 6, 7:
				levels := []int{unix.SOL_SOCKET, unix.SOL_IP, unix.SOL_IPV6, unix.SOL_TCP, unix.SOL_UDP, unix.SOL_ICMPV6}
				level, option, value := levels[s.next()%6], s.next(), s.bytes(40)
				if what == 6 {
					sys(unix.SYS_SETSOCKOPT, fd, level, option, value, len(value))
				} else {
					n := new(int32)
					*n = int32(len(value))
					sys(unix.SYS_GETSOCKOPT, fd, level, option, value, n)
				}
			case 8:
				p, a := s.bytes(100), s.address()
				sys(unix.SYS_SENDTO, fd, p, len(p), s.flags(), a, len(a))
			case 9:
				p := make([]byte, s.next())
				n := new(int32)
				*n = 128
				sys(unix.SYS_RECVFROM, fd, p, len(p), s.flags(), make([]byte, 128), n)
			case 10:
				h, pin := msg(s.address(), s.bytes(60), s.control())
				sys(unix.SYS_SENDMSG, fd, h, s.flags())
				pin.Unpin()
			case 11:
				h, pin := msg(make([]byte, s.next()), make([]byte, s.next()), make([]byte, s.next()))
				sys(unix.SYS_RECVMSG, fd, h, s.flags())
				pin.Unpin()
			case 12:
				n := new(int32)
				*n = int32(s.next())
				sys(unix.SYS_GETSOCKNAME, fd, make([]byte, 256), n)
				sys(unix.SYS_GETPEERNAME, fd, make([]byte, 256), n)
			case 13:
				p := make([]byte, 8)
				if _, err := sys(unix.SYS_SOCKETPAIR, unix.AF_UNIX, s.next()%6|unix.SOCK_NONBLOCK, 0, p); err == nil {
					fds = append(fds, int(binary.NativeEndian.Uint32(p)), int(binary.NativeEndian.Uint32(p[4:])))
				}
			case 14:
				p := s.bytes(50)
				sys(unix.SYS_WRITE, fd, p, len(p))
				sys(unix.SYS_READ, fd, p, len(p))
			case 15:
				sys(unix.SYS_CLOSE, fd)
			}
		}
	})
}

// A scriptReader takes arguments from a script; after its end they are 0.
type scriptReader struct{ script []byte }

func (s *scriptReader) more() bool { return len(s.script) > 0 }

func (s *scriptReader) next() int {
	if len(s.script) == 0 {
		return 0
	}
	b := s.script[0]
	s.script = s.script[1:]
	return int(b)
}

func (s *scriptReader) bytes(most int) []byte {
	p := make([]byte, s.next()%(most+1))
	for i := range p {
		p[i] = byte(s.next())
	}
	return p
}

func (s *scriptReader) flags() int {
	return s.next() | s.next()<<8&^unix.MSG_WAITALL | unix.MSG_DONTWAIT
}

// address is one of the usual ones, or any.
func (s *scriptReader) address() []byte {
	usual := []string{"127.0.0.1:4000", "0.0.0.0:0", "[::1]:4000", "[::]:0", "[::ffff:127.0.0.1]:4000", "224.0.0.1:4000", "[fe80::1%1]:4000"}
	switch k := s.next() % (len(usual) + 3); {
	case k < len(usual):
		return sockaddrOf(usual[k])
	case k == len(usual):
		return sockaddrUnix("\x00name" + string(rune('a'+s.next()%4)))
	default:
		return s.bytes(130)
	}
}

// control is a control message with any content, or any bytes.
func (s *scriptReader) control() []byte {
	if s.next()%2 == 0 {
		return s.bytes(60)
	}
	data := s.bytes(30)
	p := binary.NativeEndian.AppendUint64(nil, uint64(controlHeader+len(data)))
	p = binary.NativeEndian.AppendUint32(p, uint32([]int{unix.SOL_SOCKET, unix.SOL_IP, unix.SOL_IPV6, unix.SOL_UDP}[s.next()%4]))
	p = binary.NativeEndian.AppendUint32(p, uint32(s.next()))
	return append(p, data...)
}

// FuzzSetting reads any text behind ip=; what is accepted can be said again.
func FuzzSetting(f *testing.F) {
	for _, text := range []string{"dhcp", "none@52:54:00:12:34:56", "10.0.2.15/24@52:54:00:12:34:56,10.0.2.2,10.0.2.3", "fd00::1/64,fe80::1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSetting(text)
		if err != nil {
			return
		}
		if !s.DHCP && !s.None && !s.Address.IsValid() || s.MAC != "" && len(s.MAC) != 6 {
			t.Fatalf("%q: %+v", text, s)
		}
	})
}

// FuzzFrame lets any frames arrive, in any parts, while a DHCP client listens and while none does.
func FuzzFrame(f *testing.F) {
	offer := make([]byte, dhcpStart)
	copy(offer, []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 2, 2, 2, 2, 2, 8, 0, 0x45, 0, 0, 28})
	offer[23], offer[37], offer[39] = 17, 68, 8
	f.Add(offer, uint8(0))
	f.Add([]byte("\x52\x54\x00\x00\x00\x07......\x86\xdd\x60"), uint8(1))
	p := newPort(f, plain, 7)
	n, err := New(64<<20, func(string) {})
	if err != nil {
		f.Fatal(err)
	}
	l := newLink(p, nil)
	if err := n.addLink(l); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, frame []byte, flags uint8) {
		if len(frame) < 14 {
			return // the device's driver drops them
		}
		l.tap.Store(nil)
		if flags&4 != 0 {
			l.newTap()
		}
		cut := min(len(frame), 14+int(flags>>3))
		parts := [][]byte{frame[:cut], frame[cut:]}
		l.deliver(nic.Header{Flags: flags & 3}, parts, len(frame))
		l.coalescer.Flush()
	})
}
