package net

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/linux"
	"golang.org/x/sys/unix"
)

// pair is socketpair.
func pair(t testing.TB, kind int) (a, b int) {
	t.Helper()
	fds := make([]byte, 8)
	must(t, unix.SYS_SOCKETPAIR, unix.AF_UNIX, kind, 0, fds)
	a, b = int(binary.NativeEndian.Uint32(fds)), int(binary.NativeEndian.Uint32(fds[4:]))
	t.Cleanup(func() { sys(unix.SYS_CLOSE, a); sys(unix.SYS_CLOSE, b) })
	return a, b
}

// sockaddrUnix is the struct sockaddr_un of a name.
func sockaddrUnix(name string) []byte {
	p := binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX)
	p = append(p, name...)
	if name != "" && name[0] != 0 {
		p = append(p, 0)
	}
	return p
}

func TestUnixStream(t *testing.T) {
	a, b := pair(t, unix.SOCK_STREAM)
	write(t, a, "one ")
	write(t, a, "two")
	if got := read(t, b); got != "one two" {
		t.Errorf("got %q", got)
	}
	must(t, unix.SYS_SHUTDOWN, a, unix.SHUT_WR)
	if got := read(t, b); got != "" {
		t.Errorf("got %q after the end", got)
	}
	write(t, b, "back")
	if got := read(t, a); got != "back" {
		t.Errorf("got %q", got)
	}
	wants(t, syscall.EPIPE, unix.SYS_WRITE, a, []byte("x"), 1)
	must(t, unix.SYS_CLOSE, b)
	if got := read(t, a); got != "" {
		t.Errorf("got %q after close", got)
	}
	if e := poll(t, a, unix.POLLIN, 0); e != unix.POLLIN|unix.POLLHUP {
		t.Errorf("events %#x", e)
	}
}

func TestUnixBulk(t *testing.T) {
	a, b := pair(t, unix.SOCK_STREAM)
	data := bytes.Repeat([]byte("unix"), 1<<19)
	var wg sync.WaitGroup
	wg.Go(func() {
		if n, err := sys(unix.SYS_SENDTO, a, data, len(data), 0, nil, 0); n != len(data) || err != nil {
			t.Errorf("sent %d, %v", n, err)
		}
		sys(unix.SYS_CLOSE, a)
	})
	var got []byte
	p := make([]byte, 5000)
	for {
		n := must(t, unix.SYS_READ, b, p, len(p))
		if n == 0 {
			break
		}
		got = append(got, p[:n]...)
	}
	wg.Wait()
	if !bytes.Equal(got, data) {
		t.Errorf("%d of %d bytes", len(got), len(data))
	}
}

func TestUnixMessages(t *testing.T) {
	for _, kind := range []int{unix.SOCK_DGRAM, unix.SOCK_SEQPACKET} {
		a, b := pair(t, kind)
		write(t, a, "first")
		write(t, a, "")
		write(t, a, "third")
		p := make([]byte, 3)
		if n := must(t, unix.SYS_RECVFROM, b, p, 3, unix.MSG_PEEK|unix.MSG_TRUNC, nil, nil); n != 5 {
			t.Errorf("length %d", n)
		}
		for _, want := range []string{"first", "", "third"} {
			if got := read(t, b); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		wants(t, syscall.EAGAIN, unix.SYS_RECVFROM, b, p, 3, unix.MSG_DONTWAIT, nil, nil)
	}
}

func TestUnixNames(t *testing.T) {
	for _, name := range []string{"/tmp/socket", "\x00abstract", ""} {
		l := open(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
		sa := sockaddrUnix(name)
		must(t, unix.SYS_BIND, l, sa, len(sa))
		p, n := make([]byte, 128), new(int32)
		*n = 128
		must(t, unix.SYS_GETSOCKNAME, l, p, n)
		sa = p[:*n]
		c := open(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
		wants(t, syscall.ECONNREFUSED, unix.SYS_CONNECT, c, sa, len(sa))
		must(t, unix.SYS_LISTEN, l, 1)
		other := open(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
		wants(t, syscall.EADDRINUSE, unix.SYS_BIND, other, sa, len(sa))
		must(t, unix.SYS_CONNECT, c, sa, len(sa))
		if e := poll(t, l, unix.POLLIN, 0); e != unix.POLLIN {
			t.Errorf("events %#x", e)
		}
		s := must(t, unix.SYS_ACCEPT, l, nil, nil)
		write(t, c, "hello")
		if got := read(t, s); got != "hello" {
			t.Errorf("got %q", got)
		}
		q := make([]byte, 128)
		*n = 128
		must(t, unix.SYS_GETPEERNAME, c, q, n)
		if !bytes.Equal(q[:*n], sa) {
			t.Errorf("peer %q, want %q", q[:*n], sa)
		}
		d := open(t, unix.AF_UNIX, unix.SOCK_DGRAM, 0)
		wants(t, syscall.EPROTOTYPE, unix.SYS_CONNECT, d, sa, len(sa))
		must(t, unix.SYS_CLOSE, s)
	}
	c := open(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
	sa := sockaddrUnix("/not/there")
	wants(t, syscall.ENOENT, unix.SYS_CONNECT, c, sa, len(sa))
	wants(t, syscall.ENOTCONN, unix.SYS_WRITE, c, sa, 1)
}

func TestUnixPaths(t *testing.T) {
	path := func(p string) []byte { return append([]byte(p), 0) }
	l := open(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
	sa := sockaddrUnix("/tmp/before")
	must(t, unix.SYS_BIND, l, sa, len(sa))
	must(t, unix.SYS_LISTEN, l, 5)
	must(t, unix.SYS_RENAME, path("/tmp/before"), path("/tmp/after"))
	c := open(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
	wants(t, syscall.ENOENT, unix.SYS_CONNECT, c, sa, len(sa))
	sa = sockaddrUnix("/tmp/after")
	must(t, unix.SYS_CONNECT, c, sa, len(sa))
	must(t, unix.SYS_CLOSE, l)
	c = open(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
	wants(t, syscall.ECONNREFUSED, unix.SYS_CONNECT, c, sa, len(sa)) // the file is still there
	wants(t, syscall.EADDRINUSE, unix.SYS_BIND, c, sa, len(sa))
	must(t, unix.SYS_UNLINK, path("/tmp/after"))
	must(t, unix.SYS_BIND, c, sa, len(sa))
	sa = sockaddrUnix("/tmp")
	wants(t, syscall.ECONNREFUSED, unix.SYS_CONNECT, c, sa, len(sa))
	sa = sockaddrUnix("/tmp/no/such/folder")
	d := open(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
	wants(t, syscall.ENOENT, unix.SYS_BIND, d, sa, len(sa))
}

func TestUnixDatagramNames(t *testing.T) {
	server, client := open(t, unix.AF_UNIX, unix.SOCK_DGRAM, 0), open(t, unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	to, from := sockaddrUnix("\x00server"), sockaddrUnix("\x00client")
	must(t, unix.SYS_BIND, server, to, len(to))
	must(t, unix.SYS_BIND, client, from, len(from))
	must(t, unix.SYS_SENDTO, client, []byte("question"), 8, 0, to, len(to))
	p, sa, n := make([]byte, 100), make([]byte, 128), new(int32)
	*n = 128
	if k := must(t, unix.SYS_RECVFROM, server, p, 100, 0, sa, n); string(p[:k]) != "question" || !bytes.Equal(sa[:*n], from) {
		t.Errorf("got %q from %q", p[:k], sa[:*n])
	}
	must(t, unix.SYS_CONNECT, client, to, len(to))
	// Fill it up: the sender waits, until somebody receives.
	count := 0
	for {
		if _, err := sys(unix.SYS_SENDTO, client, p, 100, unix.MSG_DONTWAIT, nil, 0); err != nil {
			break
		}
		count++
	}
	if count < 100 {
		t.Errorf("only %d messages", count)
	}
	done := make(chan error)
	go func() {
		_, err := sys(unix.SYS_SENDTO, client, p, 100, 0, nil, 0)
		done <- err
	}()
	time.Sleep(5 * time.Millisecond)
	for range count {
		must(t, unix.SYS_RECVFROM, server, p, 100, 0, nil, nil)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Second):
		t.Fatal("the sender still waits")
	}
	must(t, unix.SYS_CLOSE, server)
	wants(t, syscall.ECONNREFUSED, unix.SYS_SENDTO, client, p, 1, 0, nil, 0)
}

// msg builds a struct msghdr.
func msg(name, data, control []byte) ([]byte, *runtime.Pinner) {
	pin := new(runtime.Pinner)
	at := func(p []byte) uint64 {
		if len(p) == 0 {
			return 0
		}
		pin.Pin(&p[0])
		return uint64(uintptr(unsafe.Pointer(&p[0])))
	}
	le := binary.NativeEndian
	vector := make([]byte, 16)
	le.PutUint64(vector, at(data))
	le.PutUint64(vector[8:], uint64(len(data)))
	h := make([]byte, 56)
	le.PutUint64(h, at(name))
	le.PutUint32(h[msgNameLength:], uint32(len(name)))
	le.PutUint64(h[msgVector:], at(vector))
	le.PutUint64(h[msgVectorLength:], 1)
	le.PutUint64(h[msgControl:], at(control))
	le.PutUint64(h[msgControlLength:], uint64(len(control)))
	return h, pin
}

func TestDescriptorPassing(t *testing.T) {
	a, b := pair(t, unix.SOCK_STREAM)
	c, d := pair(t, unix.SOCK_STREAM)
	h, pin := msg(nil, []byte("take this"), unix.UnixRights(c))
	must(t, unix.SYS_SENDMSG, a, h, 0)
	pin.Unpin()
	must(t, unix.SYS_CLOSE, c)
	write(t, d, "through")
	write(t, a, "more")

	data, control := make([]byte, 100), make([]byte, 64)
	h, pin = msg(nil, data, control)
	defer pin.Unpin()
	n := must(t, unix.SYS_RECVMSG, b, h, 0)
	if string(data[:n]) != "take this" {
		t.Errorf("got %q: descriptors end a read", data[:n])
	}
	length := binary.NativeEndian.Uint64(h[msgControlLength:])
	messages, err := unix.ParseSocketControlMessage(control[:length])
	if err != nil || len(messages) != 1 {
		t.Fatal(messages, err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		t.Fatal(fds, err)
	}
	if got := read(t, fds[0]); got != "through" {
		t.Errorf("got %q", got)
	}
	must(t, unix.SYS_CLOSE, fds[0])
	if got := read(t, d); got != "" { // that was the last descriptor
		t.Errorf("got %q", got)
	}
	if got := read(t, b); got != "more" {
		t.Errorf("got %q", got)
	}
}

func TestDescriptorsWithoutRoomAreClosed(t *testing.T) {
	a, b := pair(t, unix.SOCK_DGRAM)
	c, d := pair(t, unix.SOCK_STREAM)
	h, pin := msg(nil, []byte("x"), unix.UnixRights(c))
	must(t, unix.SYS_SENDMSG, a, h, 0)
	pin.Unpin()
	must(t, unix.SYS_CLOSE, c)
	h, pin = msg(nil, make([]byte, 1), nil)
	defer pin.Unpin()
	must(t, unix.SYS_RECVMSG, b, h, 0)
	if flags := binary.NativeEndian.Uint32(h[msgFlags:]); flags&unix.MSG_CTRUNC == 0 {
		t.Errorf("flags %#x", flags)
	}
	if got := read(t, d); got != "" {
		t.Errorf("got %q", got)
	}
}

// TestUnnamedSender: nothing is said of where a message comes from if that has no name.
func TestUnnamedSender(t *testing.T) {
	a, b := pair(t, unix.SOCK_DGRAM)
	write(t, a, "x")
	from, length := make([]byte, 110), new(int32)
	*length = 110
	must(t, unix.SYS_RECVFROM, b, make([]byte, 1), 1, 0, from, length)
	if *length != 0 || from[0] != 0 {
		t.Errorf("length %d, family %d", *length, from[0])
	}
}

func TestReceivedFlags(t *testing.T) {
	a, b := pair(t, unix.SOCK_DGRAM)
	for _, wanted := range []uint32{0, unix.MSG_CMSG_CLOEXEC} {
		write(t, a, "x")
		h, pin := msg(nil, make([]byte, 1), nil)
		must(t, unix.SYS_RECVMSG, b, h, int(wanted))
		if flags := binary.NativeEndian.Uint32(h[msgFlags:]); flags != wanted {
			t.Errorf("recvmsg with flags %#x says %#x", wanted, flags)
		}
		pin.Unpin()
	}
}

func TestBadControl(t *testing.T) {
	a, _ := pair(t, unix.SOCK_STREAM)
	for _, length := range []uint64{0, 15, 17, 1 << 40} {
		h, pin := msg(nil, []byte("x"), binary.NativeEndian.AppendUint64(nil, length))
		must(t, unix.SYS_SENDMSG, a, h, 0) // too short for a header: nothing
		pin.Unpin()
		control := binary.NativeEndian.AppendUint64(nil, length)
		h, pin = msg(nil, []byte("x"), append(control, 1, 0, 0, 0, 1, 0, 0, 0))
		wants(t, syscall.EINVAL, unix.SYS_SENDMSG, a, h, 0)
		pin.Unpin()
	}
	h, pin := msg(nil, []byte("x"), unix.UnixRights(9999))
	wants(t, syscall.EBADF, unix.SYS_SENDMSG, a, h, 0)
	pin.Unpin()
}

func TestPeerCredentials(t *testing.T) {
	a, _ := pair(t, unix.SOCK_STREAM)
	p, n := make([]byte, 12), new(int32)
	*n = 12
	must(t, unix.SYS_GETSOCKOPT, a, unix.SOL_SOCKET, unix.SO_PEERCRED, p, n)
	if *n != 12 || p[0] != 1 {
		t.Errorf("% x", p)
	}
}

// A conversation allocates nothing, as on Linux.
func TestUnixAllocatesNothing(t *testing.T) {
	for name, kind := range map[string]int{"stream": unix.SOCK_STREAM, "seqpacket": unix.SOCK_SEQPACKET, "datagram": unix.SOCK_DGRAM} {
		a, b := pair(t, kind)
		p := make([]byte, 1000)
		sink.Store(&[]any{p}) // so that it is in the heap
		transfer := func(number uintptr, fd int) {
			if n, errno := linux.Dispatch(number, &call.Arguments{Value: [6]uintptr{uintptr(fd), uintptr(unsafe.Pointer(&p[0])), 1000}}); n != 1000 || errno != 0 {
				t.Errorf("%s: %d, %v", name, n, syscall.Errno(errno))
			}
		}
		if n := testing.AllocsPerRun(100, func() {
			transfer(unix.SYS_WRITE, a)
			transfer(unix.SYS_READ, b)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
