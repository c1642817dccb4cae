package net

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/linux"
)

// Register makes the program's sockets those of n.
func (n *Network) Register() {
	n.showInProc()
	n.showSettings()
	linux.Register(unix.SYS_SOCKET, n.callSocket)
	linux.Register(unix.SYS_SOCKETPAIR, n.callSocketpair)
	linux.Register(unix.SYS_IOCTL, n.callIoctl)
	linux.Register(unix.SYS_BIND, callBind)
	linux.Register(unix.SYS_CONNECT, callConnect)
	linux.Register(unix.SYS_LISTEN, callListen)
	linux.Register(unix.SYS_ACCEPT, callAccept)
	linux.Register(unix.SYS_ACCEPT4, callAccept4)
	linux.Register(unix.SYS_GETSOCKNAME, callGetsockname)
	linux.Register(unix.SYS_GETPEERNAME, callGetpeername)
	linux.Register(unix.SYS_SHUTDOWN, callShutdown)
	linux.Register(unix.SYS_SETSOCKOPT, callSetsockopt)
	linux.Register(unix.SYS_GETSOCKOPT, callGetsockopt)
	linux.Register(unix.SYS_SENDTO, callSendto)
	linux.Register(unix.SYS_RECVFROM, callRecvfrom)
	linux.Register(unix.SYS_SENDMSG, callSendmsg)
	linux.Register(unix.SYS_RECVMSG, callRecvmsg)
	linux.Register(unix.SYS_SENDMMSG, callSendmmsg)
	linux.Register(unix.SYS_RECVMMSG, callRecvmmsg)
}

// lookup returns the socket that a descriptor leads to.
func lookup(fd uintptr) (*linux.Description, socket, syscall.Errno) {
	d, errno := linux.Lookup(fd)
	if errno != 0 {
		return nil, nil, errno
	}
	s, ok := d.File.(socket)
	if !ok {
		return nil, nil, syscall.ENOTSOCK
	}
	return d, s, 0
}

// install opens a descriptor for s; flags are SOCK_NONBLOCK and SOCK_CLOEXEC.
func install(s socket, flags int) (uintptr, syscall.Errno) {
	fd, errno := linux.Install(s, syscall.O_RDWR|flags&syscall.SOCK_NONBLOCK, flags&syscall.SOCK_CLOEXEC != 0)
	return uintptr(fd), errno
}

const (
	kindFlags = syscall.SOCK_NONBLOCK | syscall.SOCK_CLOEXEC
	kindMask  = 0xF // SOCK_TYPE_MASK
)

func (n *Network) callSocket(a *call.Arguments) (uintptr, syscall.Errno) {
	domain, kind, protocol := int(int32(a.Value[0])), int(int32(a.Value[1])), int(int32(a.Value[2]))
	if kind&^(kindMask|kindFlags) != 0 {
		return 0, syscall.EINVAL
	}
	s, errno := n.open(domain, kind&kindMask, protocol)
	if errno != 0 {
		return 0, errno
	}
	return install(s, kind&kindFlags)
}

// open makes a socket.
func (n *Network) open(domain, kind, protocol int) (socket, syscall.Errno) {
	switch domain {
	case syscall.AF_INET, syscall.AF_INET6:
		return n.openInet(domain, kind, protocol)
	case syscall.AF_UNIX:
		return n.openUnix(kind, protocol)
	case syscall.AF_NETLINK:
		return n.openNetlink(kind, protocol)
	case unix.AF_PACKET:
		return n.openPacket(kind, protocol)
	default:
		return nil, syscall.EAFNOSUPPORT
	}
}

func (n *Network) callSocketpair(a *call.Arguments) (uintptr, syscall.Errno) {
	domain, kind, protocol := int(int32(a.Value[0])), int(int32(a.Value[1])), int(int32(a.Value[2]))
	switch {
	case kind&^(kindMask|kindFlags) != 0:
		return 0, syscall.EINVAL
	case domain != syscall.AF_UNIX:
		return 0, syscall.EOPNOTSUPP
	}
	var fds [2]int32
	if errno := linux.CopyOut(linux.Argument(a, 3), &fds); errno != 0 {
		return 0, errno // before there is anything to close again
	}
	first, second, errno := n.unixPair(kind&kindMask, protocol)
	if errno != 0 {
		return 0, errno
	}
	one, errno := install(first, kind&kindFlags)
	if errno != 0 {
		second.Close()
		return 0, errno
	}
	other, errno := install(second, kind&kindFlags)
	if errno != 0 {
		linux.Dispatch(unix.SYS_CLOSE, &call.Arguments{Value: [6]uintptr{one}})
		return 0, errno
	}
	fds = [2]int32{int32(one), int32(other)}
	return 0, linux.CopyOut(linux.Argument(a, 3), &fds)
}

func callBind(a *call.Arguments) (uintptr, syscall.Errno) {
	_, s, errno := lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	m := newMessage(0)
	defer putMessage(m)
	if errno := m.address.copyIn(linux.Argument(a, 1), a.Value[2]); errno != 0 {
		return 0, errno
	}
	return 0, s.bind(&m.address)
}

func callConnect(a *call.Arguments) (uintptr, syscall.Errno) {
	d, s, errno := lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	m := newMessage(0)
	defer putMessage(m)
	if errno := m.address.copyIn(linux.Argument(a, 1), a.Value[2]); errno != 0 {
		return 0, errno
	}
	errno = s.connect(&m.address)
	if d.NonBlocking() {
		return 0, errno
	}
	until := deadline(&s.properties().sendTimeout)
	for errno == syscall.EINPROGRESS || errno == syscall.EALREADY {
		if waited := d.Wait(file.Writable, until); waited == syscall.EAGAIN {
			return 0, syscall.EINPROGRESS // the timeout
		} else if waited != 0 {
			return 0, waited
		}
		errno = s.connect(&m.address) // tells the outcome
	}
	return 0, errno
}

func callListen(a *call.Arguments) (uintptr, syscall.Errno) {
	_, s, errno := lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	backlog := int(int32(a.Value[1]))
	if backlog < 0 || backlog > mostBacklog {
		backlog = mostBacklog
	}
	return 0, s.listen(backlog)
}

// mostBacklog is net.core.somaxconn.
const mostBacklog = 4096

func callAccept(a *call.Arguments) (uintptr, syscall.Errno) {
	a.Value[3] = 0
	return callAccept4(a)
}

func callAccept4(a *call.Arguments) (uintptr, syscall.Errno) {
	flags := int(int32(a.Value[3]))
	if flags&^kindFlags != 0 {
		return 0, syscall.EINVAL
	}
	d, s, errno := lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	until := deadline(&s.properties().receiveTimeout)
	var accepted socket
	for {
		if accepted, errno = s.accept(); errno == 0 {
			break
		}
		if errno != syscall.EAGAIN || d.NonBlocking() {
			return 0, errno
		}
		if errno := d.Wait(file.Readable, until); errno != 0 {
			return 0, errno
		}
	}
	if !linux.Argument(a, 1).IsNil() {
		m := newMessage(0)
		defer putMessage(m)
		accepted.peer(&m.address) // one that has gone already has no address
		if errno := m.address.copyOut(linux.Argument(a, 1), linux.Argument(a, 2)); errno != 0 {
			accepted.Close()
			return 0, errno
		}
	}
	return install(accepted, flags)
}

func callGetsockname(a *call.Arguments) (uintptr, syscall.Errno) {
	return callName(a, socket.name)
}

func callGetpeername(a *call.Arguments) (uintptr, syscall.Errno) {
	return callName(a, socket.peer)
}

func callName(a *call.Arguments, which func(socket, *sockaddr) syscall.Errno) (uintptr, syscall.Errno) {
	_, s, errno := lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	m := newMessage(0)
	defer putMessage(m)
	if errno := which(s, &m.address); errno != 0 {
		return 0, errno
	}
	return 0, m.address.copyOut(linux.Argument(a, 1), linux.Argument(a, 2))
}

func callShutdown(a *call.Arguments) (uintptr, syscall.Errno) {
	_, s, errno := lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	how := int(int32(a.Value[1]))
	if how < syscall.SHUT_RD || how > syscall.SHUT_RDWR {
		return 0, syscall.EINVAL
	}
	return 0, s.shutdown(how)
}
