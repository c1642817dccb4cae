package net

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/kernel/linux"
)

// shortcutOf returns the shortcut that a descriptor's socket takes, nil if it takes none.
func shortcutOf(t testing.TB, fd int) *shortcut {
	t.Helper()
	d, errno := linux.Lookup(uintptr(fd))
	if errno != 0 {
		t.Fatal(errno)
	}
	return d.File.(*inet).short.Load()
}

func TestShortcut(t *testing.T) {
	client, server := connected(t)
	there, back := shortcutOf(t, client), shortcutOf(t, server)
	if there == nil || back == nil || there.out != back.in || there.in != back.out {
		t.Fatalf("the client has %+v, the server %+v", there, back)
	}
	write(t, client, "hello")
	if n := back.in.ring.Length(); n != 5 {
		t.Errorf("%d bytes are on the way", n)
	}
	n := new(int32)
	must(t, unix.SYS_IOCTL, server, unix.TIOCINQ, n)
	if *n != 5 {
		t.Errorf("%d bytes wait to be received", *n)
	}
	if got := read(t, server); got != "hello" {
		t.Errorf("got %q", got)
	}
	if e := poll(t, server, unix.POLLIN|unix.POLLOUT, 0); e != unix.POLLOUT {
		t.Errorf("events %#x", e)
	}
}

// TestShortcutBegins: what the client has sent before anybody accepted comes first.
func TestShortcutBegins(t *testing.T) {
	l, at := listenTCP(t, "127.0.0.1:0")
	client := open(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	sa := sockaddrOf(at.String())
	must(t, unix.SYS_CONNECT, client, sa, len(sa))
	write(t, client, "be")
	write(t, client, "fore")
	server := must(t, unix.SYS_ACCEPT4, l, nil, nil, 0)
	write(t, client, "after")
	if n := shortcutOf(t, server).in.ring.Length(); n != 5 {
		t.Errorf("%d bytes take the shortcut", n)
	}
	p := make([]byte, 11)
	if n := must(t, unix.SYS_RECVFROM, server, p, 3, unix.MSG_WAITALL, nil, nil); string(p[:n]) != "bef" {
		t.Errorf("got %q", p[:n])
	}
	if n := must(t, unix.SYS_RECVFROM, server, p, 8, unix.MSG_WAITALL, nil, nil); string(p[:n]) != "oreafter" {
		t.Errorf("got %q", p[:n])
	}
	write(t, server, "answer")
	if got := read(t, client); got != "answer" {
		t.Errorf("got %q", got)
	}
	must(t, unix.SYS_CLOSE, server)
}

// TestShortcutEnds: the end comes after all that was sent before it, and who has closed is not written to.
func TestShortcutEnds(t *testing.T) {
	client, server := connected(t)
	write(t, server, "last words")
	must(t, unix.SYS_CLOSE, server)
	if e := poll(t, client, unix.POLLIN|unix.POLLRDHUP, time.Second); e&unix.POLLIN == 0 {
		t.Errorf("events %#x", e)
	}
	for _, want := range []string{"last words", "", ""} {
		if got := read(t, client); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	write(t, client, "nobody hears")
	poll(t, client, unix.POLLERR, time.Second)
	wants(t, syscall.EPIPE, unix.SYS_SENDTO, client, []byte("x"), 1, unix.MSG_NOSIGNAL, nil, 0)
}

// TestShortcutEndsAtOnce: who waits for bytes hears of the end, whenever it comes.
func TestShortcutEndsAtOnce(t *testing.T) {
	l, at := listenTCP(t, "127.0.0.1:0")
	sa := sockaddrOf(at.String())
	for range 2000 {
		client := must(t, unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 0)
		closed := make(chan error)
		go func() {
			server, err := sys(unix.SYS_ACCEPT4, l, nil, nil, 0)
			sys(unix.SYS_CLOSE, server)
			closed <- err
		}()
		must(t, unix.SYS_CONNECT, client, sa, len(sa))
		if got := read(t, client); got != "" {
			t.Errorf("got %q", got)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		must(t, unix.SYS_CLOSE, client)
	}
}

// TestShortcutResets: who closes with something unread has lost it, and the other one is told.
func TestShortcutResets(t *testing.T) {
	client, server := connected(t)
	write(t, server, "said before")
	write(t, client, "never read")
	must(t, unix.SYS_CLOSE, server)
	if got := read(t, client); got != "said before" {
		t.Errorf("got %q", got)
	}
	wants(t, syscall.ECONNRESET, unix.SYS_READ, client, make([]byte, 1), 1)
}

func TestShortcutShutdown(t *testing.T) {
	client, server := connected(t)
	write(t, client, "there already")
	must(t, unix.SYS_SHUTDOWN, server, unix.SHUT_RD)
	for _, want := range []string{"there already", ""} {
		if got := read(t, server); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	must(t, unix.SYS_SHUTDOWN, client, unix.SHUT_WR)
	wants(t, syscall.EPIPE, unix.SYS_SENDTO, client, []byte("x"), 1, unix.MSG_NOSIGNAL, nil, 0)
	write(t, server, "still heard")
	if got := read(t, client); got != "still heard" {
		t.Errorf("got %q", got)
	}
}

// TestShortcutFills: a sender waits for the receiver, as long as the buffers of both are full, but not for every byte.
func TestShortcutFills(t *testing.T) {
	client, server := connected(t)
	setInt(t, client, unix.SOL_SOCKET, unix.SO_SNDBUF, 10000)
	setInt(t, server, unix.SOL_SOCKET, unix.SO_RCVBUF, 20000)
	size := getOption(t, client, unix.SOL_SOCKET, unix.SO_SNDBUF) + getOption(t, server, unix.SOL_SOCKET, unix.SO_RCVBUF)
	p := make([]byte, size+1)
	if n := must(t, unix.SYS_SENDTO, client, p, len(p), unix.MSG_DONTWAIT, nil, 0); n != size {
		t.Errorf("sent %d bytes, want %d", n, size)
	}
	wants(t, syscall.EAGAIN, unix.SYS_SENDTO, client, p, 1, unix.MSG_DONTWAIT, nil, 0)
	for range 2 {
		if e := poll(t, client, unix.POLLOUT, 0); e != 0 {
			t.Errorf("events %#x", e)
		}
		must(t, unix.SYS_READ, server, p, size/8)
	}
	if e := poll(t, client, unix.POLLOUT, 0); e != 0 {
		t.Errorf("events %#x when there is a bit of room", e)
	}
	woken := make(chan int16)
	go func() { woken <- poll(t, client, unix.POLLOUT, 10*time.Second) }()
	time.Sleep(10 * time.Millisecond)
	must(t, unix.SYS_READ, server, p, size/8)
	if e := <-woken; e != unix.POLLOUT {
		t.Errorf("events %#x", e)
	}
	setInt(t, server, unix.SOL_SOCKET, unix.SO_RCVBUF, 100000)
	sent := must(t, unix.SYS_SENDTO, client, make([]byte, 1<<20), 1<<20, unix.MSG_DONTWAIT, nil, 0)
	if want := getOption(t, server, unix.SOL_SOCKET, unix.SO_RCVBUF) + 20000 - size + size/8*3; sent != want {
		t.Errorf("sent %d bytes after the buffer had grown, want %d", sent, want)
	}
	blocked := make(chan error)
	go func() {
		_, err := sys(unix.SYS_SENDTO, client, make([]byte, 1<<20), 1<<20, unix.MSG_NOSIGNAL, nil, 0)
		blocked <- err
	}()
	time.Sleep(10 * time.Millisecond)
	must(t, unix.SYS_CLOSE, server)
	if err := <-blocked; err != syscall.ECONNRESET && err != syscall.EPIPE {
		t.Errorf("the sender whose peer has gone: %v", err)
	}
}

// TestShortcutEdge: who asks for changes alone hears of room, too.
func TestShortcutEdge(t *testing.T) {
	client, server := connected(t)
	e := must(t, unix.SYS_EPOLL_CREATE1, 0)
	event := unix.EpollEvent{Events: unix.EPOLLOUT | unix.EPOLLET}
	must(t, unix.SYS_EPOLL_CTL, e, unix.EPOLL_CTL_ADD, client, unsafe.Pointer(&event))
	changed := func() bool {
		var events [1]unix.EpollEvent
		return must(t, unix.SYS_EPOLL_WAIT, e, unsafe.Pointer(&events), 1, 0) == 1
	}
	if !changed() {
		t.Error("no room at first")
	}
	p := make([]byte, 4<<20)
	n := must(t, unix.SYS_SENDTO, client, p, len(p), unix.MSG_DONTWAIT, nil, 0)
	if changed() {
		t.Error("room where there is none")
	}
	must(t, unix.SYS_RECVFROM, server, p, n, unix.MSG_WAITALL, nil, nil)
	if !changed() {
		t.Error("no room at last")
	}
	must(t, unix.SYS_CLOSE, e)
}

// TestNoShortcut: where bytes would miss somebody there is none.
func TestNoShortcut(t *testing.T) {
	t.Run("to itself", func(t *testing.T) {
		s := open(t, unix.AF_INET, unix.SOCK_STREAM, 0)
		sa := sockaddrOf("127.0.0.1:0")
		must(t, unix.SYS_BIND, s, sa, len(sa))
		sa = sockaddrOf(name(t, unix.SYS_GETSOCKNAME, s).String())
		must(t, unix.SYS_CONNECT, s, sa, len(sa))
		write(t, s, "echo")
		if got := read(t, s); got != "echo" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("watched", func(t *testing.T) {
		packetSockets.Add(1)
		defer packetSockets.Add(-1)
		client, server := connected(t)
		if shortcutOf(t, client) != nil || shortcutOf(t, server) != nil {
			t.Error("there is one")
		}
		write(t, client, "seen")
		if got := read(t, server); got != "seen" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("not accepted", func(t *testing.T) {
		l, at := listenTCP(t, "127.0.0.1:0")
		client := open(t, unix.AF_INET, unix.SOCK_STREAM, 0)
		sa := sockaddrOf(at.String())
		must(t, unix.SYS_CONNECT, client, sa, len(sa))
		write(t, client, "anybody?")
		must(t, unix.SYS_CLOSE, l)
		wants(t, syscall.ECONNRESET, unix.SYS_READ, client, make([]byte, 1), 1)
	})
}

// TestShortcutStress moves random amounts both ways while connections begin and end.
func TestShortcutStress(t *testing.T) {
	l, at := listenTCP(t, "127.0.0.1:0")
	sa := sockaddrOf(at.String())
	const connections = 60
	must(t, unix.SYS_LISTEN, l, connections)
	var wg sync.WaitGroup
	converse := func(fd int, seed uint64) {
		defer wg.Done()
		random := rand.New(rand.NewPCG(seed, 1))
		size := random.IntN(600000)
		var both sync.WaitGroup
		both.Go(func() {
			p := make([]byte, 70000)
			for sent := 0; sent < size; {
				n := min(random.IntN(len(p))+1, size-sent)
				for i := range p[:n] {
					p[i] = byte(sent + i)
				}
				n, err := sys(unix.SYS_WRITE, fd, p, n)
				if err != nil {
					t.Error(err)
					return
				}
				sent += n
			}
			sys(unix.SYS_SHUTDOWN, fd, unix.SHUT_WR)
		})
		p, want := make([]byte, 50000), make([]byte, 50000)
		for got := 0; ; {
			n, err := sys(unix.SYS_READ, fd, p, len(p))
			if err != nil || n == 0 {
				if err != nil {
					t.Error(err)
				}
				break
			}
			for i := range n {
				want[i] = byte(got + i)
			}
			if !bytes.Equal(p[:n], want[:n]) {
				t.Errorf("wrong bytes after %d", got)
			}
			got += n
		}
		both.Wait()
		sys(unix.SYS_CLOSE, fd)
	}
	for i := range connections {
		wg.Add(2)
		go func() {
			fd, err := sys(unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 0)
			if err == nil {
				_, err = sys(unix.SYS_CONNECT, fd, sa, len(sa))
			}
			if err != nil {
				t.Error(err)
			}
			converse(fd, uint64(i))
		}()
		go func() {
			fd, err := sys(unix.SYS_ACCEPT4, l, nil, nil, 0)
			if err != nil {
				t.Error(err)
			}
			converse(fd, uint64(i+connections))
		}()
	}
	wg.Wait()
}
