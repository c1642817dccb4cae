package net

import (
	"encoding/binary"
	"net/netip"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/linux"
)

// machineNetwork is the network behind the system calls of the tests.
var machineNetwork *Network

func TestMain(m *testing.M) {
	linux.Start(linux.Options{Files: fs.New(1 << 20), Hostname: "test", Environment: func() []string { return nil }})
	sys(unix.SYS_MKDIR, append([]byte("/tmp"), 0), 0o777)
	var err error
	if machineNetwork, err = New(256<<20, func(string) {}); err != nil {
		panic(err)
	}
	machineNetwork.Register()
	os.Exit(m.Run())
}

// sink makes what is passed to system calls escape to the heap, as an argument that does not point
// into a stack must be.
var sink atomic.Pointer[[]any]

// sys makes a system call, as a program would.
func sys(number uintptr, arguments ...any) (int, error) {
	var a call.Arguments
	for i, argument := range arguments {
		switch v := argument.(type) {
		case int:
			a.Value[i] = uintptr(v)
		case []byte:
			a.Value[i] = uintptr(unsafe.Pointer(unsafe.SliceData(v)))
		case *int32:
			a.Value[i] = uintptr(unsafe.Pointer(v))
		case unsafe.Pointer:
			a.Value[i] = uintptr(v)
		case nil:
		default:
			panic("argument of a system call")
		}
	}
	sink.Store(&arguments)
	r, errno := linux.Dispatch(number, &a)
	runtime.KeepAlive(arguments)
	if errno != 0 {
		return -1, syscall.Errno(errno)
	}
	return int(r), nil
}

// must is for calls that have to succeed.
func must(t testing.TB, number uintptr, arguments ...any) int {
	t.Helper()
	n, err := sys(number, arguments...)
	if err != nil {
		t.Fatalf("system call %d: %v", number, err)
	}
	return n
}

// wants checks for an error.
func wants(t testing.TB, want syscall.Errno, number uintptr, arguments ...any) {
	t.Helper()
	if n, err := sys(number, arguments...); err != want {
		t.Errorf("system call %d: %d, %v; want %v", number, n, err, want)
	}
}

// open makes a socket that is closed with the test.
func open(t testing.TB, domain, kind, protocol int) int {
	t.Helper()
	fd := must(t, unix.SYS_SOCKET, domain, kind, protocol)
	t.Cleanup(func() { sys(unix.SYS_CLOSE, fd) })
	return fd
}

// sockaddrOf is the struct sockaddr of an address.
func sockaddrOf(address string) []byte {
	a := netip.MustParseAddrPort(address)
	if a.Addr().Is4() {
		p := binary.NativeEndian.AppendUint16(nil, unix.AF_INET)
		p = binary.BigEndian.AppendUint16(p, a.Port())
		return append(append(p, a.Addr().AsSlice()...), make([]byte, 8)...)
	}
	p := binary.NativeEndian.AppendUint16(nil, unix.AF_INET6)
	p = binary.BigEndian.AppendUint16(p, a.Port())
	p = append(append(p, 0, 0, 0, 0), a.Addr().AsSlice()...)
	scope := uint32(0)
	if z := a.Addr().Zone(); z != "" {
		scope = uint32(z[0] - '0')
	}
	return binary.NativeEndian.AppendUint32(p, scope)
}

// addressIn reads a struct sockaddr.
func addressIn(p []byte) netip.AddrPort {
	port := binary.BigEndian.Uint16(p[2:])
	if binary.NativeEndian.Uint16(p) == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(p[4:])), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte(p[8:])), port)
}

// name returns what getsockname or getpeername says.
func name(t testing.TB, number uintptr, fd int) netip.AddrPort {
	t.Helper()
	p, n := make([]byte, 28), new(int32)
	*n = 28
	must(t, number, fd, p, n)
	return addressIn(p)
}

func setInt(t testing.TB, fd, level, option, value int) {
	t.Helper()
	v := new(int32)
	*v = int32(value)
	must(t, unix.SYS_SETSOCKOPT, fd, level, option, v, 4)
}

func getOption(t testing.TB, fd, level, option int) int {
	t.Helper()
	v, n := new(int32), new(int32)
	*n = 4
	must(t, unix.SYS_GETSOCKOPT, fd, level, option, v, n)
	if *n != 4 {
		t.Errorf("option %d/%d has %d bytes", level, option, *n)
	}
	return int(*v)
}

// listenTCP returns a listening socket and its address.
func listenTCP(t testing.TB, address string) (fd int, at netip.AddrPort) {
	t.Helper()
	domain := unix.AF_INET
	if a := netip.MustParseAddrPort(address); a.Addr().Is6() {
		domain = unix.AF_INET6
	}
	fd = open(t, domain, unix.SOCK_STREAM, 0)
	sa := sockaddrOf(address)
	must(t, unix.SYS_BIND, fd, sa, len(sa))
	must(t, unix.SYS_LISTEN, fd, 16)
	return fd, name(t, unix.SYS_GETSOCKNAME, fd)
}

// connected returns two ends of a TCP connection.
func connected(t testing.TB) (client, server int) {
	t.Helper()
	l, at := listenTCP(t, "127.0.0.1:0")
	client = open(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	sa := sockaddrOf(at.String())
	must(t, unix.SYS_CONNECT, client, sa, len(sa))
	server = must(t, unix.SYS_ACCEPT4, l, nil, nil, 0)
	t.Cleanup(func() { sys(unix.SYS_CLOSE, server) })
	return client, server
}

// write and read are write(2) and read(2) of everything.
func write(t testing.TB, fd int, text string) {
	t.Helper()
	if n := must(t, unix.SYS_SENDTO, fd, []byte(text), len(text), 0, nil, 0); n != len(text) {
		t.Fatalf("wrote %d of %d bytes", n, len(text))
	}
}

func read(t testing.TB, fd int) string {
	t.Helper()
	p := make([]byte, 4096)
	return string(p[:must(t, unix.SYS_RECVFROM, fd, p, len(p), 0, nil, nil)])
}

// poll waits for events of a socket.
func poll(t testing.TB, fd int, events int16, timeout time.Duration) int16 {
	t.Helper()
	p := binary.NativeEndian.AppendUint32(nil, uint32(fd))
	p = binary.NativeEndian.AppendUint16(p, uint16(events))
	p = append(p, 0, 0)
	must(t, unix.SYS_POLL, p, 1, int(timeout/time.Millisecond))
	return int16(binary.NativeEndian.Uint16(p[6:]))
}
