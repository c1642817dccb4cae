// Pty uses pseudo-terminals. Its first argument says how.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

var modes = map[string]func(){
	"open":    open,
	"lines":   lines,
	"raw":     raw,
	"hangup":  hangup,
	"poll":    poll,
	"session": session,
}

func main() {
	modes[os.Args[1]]()
	fmt.Println("ok")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func done(err error) {
	if err != nil {
		panic(err)
	}
}

// reason is what is wrong, without names.
func reason(err error) any {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

// An end is one side of a pseudo-terminal, with its descriptor: to ask for that makes it wait again.
type end struct {
	*os.File
	fd int
}

func pair() (master, slave end) {
	m, s, err := pty.Open()
	done(err)
	kept = append(kept, m, s)
	return end{m, int(m.Fd())}, end{s, int(s.Fd())}
}

// kept are not collected, and so not closed, while only their descriptors are used.
var kept []*os.File

// seen returns what comes from f until nothing comes any more.
func seen(f end) string { return reads(f, "") }

// reads is seen with something between what comes at once.
func reads(f end, between string) string {
	var all []byte
	for {
		p := []unix.PollFd{{Fd: int32(f.fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(p, 150); err == unix.EINTR {
			continue
		} else if n == 0 || p[0].Revents&unix.POLLIN == 0 {
			return fmt.Sprintf("%q", all)
		}
		b := make([]byte, 1000)
		n, err := unix.Read(f.fd, b)
		if n <= 0 {
			return fmt.Sprintf("%q and %d, %v", all, n, err)
		}
		all = append(append(all, b[:n]...), between...)
	}
}

// open looks at what there is at first.
func open() {
	master, slave := pair()
	name := slave.Name()
	fmt.Println(master.Name(), strings.HasPrefix(name, "/dev/pts/"), must(os.Readlink(fmt.Sprintf("/proc/self/fd/%d", slave.fd))) == name)
	var st unix.Stat_t
	done(unix.Fstat(slave.fd, &st))
	fmt.Printf("%o major %d minor %v\n", st.Mode&unix.S_IFMT, unix.Major(st.Rdev), fmt.Sprint("/dev/pts/", unix.Minor(st.Rdev)) == name)
	done(unix.Fstat(master.fd, &st))
	fmt.Printf("%o %d %d\n", st.Mode&unix.S_IFMT, unix.Major(st.Rdev), unix.Minor(st.Rdev))
	var fs unix.Statfs_t
	done(unix.Statfs("/dev/pts", &fs))
	fmt.Printf("%#x\n", fs.Type)
	for _, f := range []end{master, slave} {
		t := must(unix.IoctlGetTermios(f.fd, unix.TCGETS))
		fmt.Printf("%#x %#x %#x %#x %v\n", t.Iflag, t.Oflag, t.Cflag, t.Lflag, t.Cc)
		fmt.Println(term.IsTerminal(f.fd), f.SetDeadline(time.Time{}))
	}
	fmt.Println(pty.Getsize(slave.File))
	done(pty.Setsize(master.File, &pty.Winsize{Rows: 30, Cols: 100}))
	fmt.Println(term.GetSize(slave.fd))
	fmt.Println(must(unix.IoctlGetInt(master.fd, unix.TIOCGPTN)) >= 0, must(unix.IoctlGetInt(master.fd, unix.TIOCGPTLCK)))
	names := must(os.ReadDir("/dev/pts"))
	fmt.Println(slices.ContainsFunc(names, func(e os.DirEntry) bool { return "/dev/pts/"+e.Name() == name }))
	_, err := unix.Seek(slave.fd, 0, 0)
	fmt.Println(err)
	_, err = unix.Pread(slave.fd, make([]byte, 1), 0)
	fmt.Println(err)

	// Locked, and by the other way.
	m := must(unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY, 0))
	number := must(unix.IoctlGetInt(m, unix.TIOCGPTN))
	other := fmt.Sprint("/dev/pts/", number)
	_, err = unix.Open(other, unix.O_RDWR|unix.O_NOCTTY, 0)
	fmt.Println(err)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(m), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY)
	fmt.Println(errno)
	fmt.Println(must(unix.IoctlGetInt(m, unix.TIOCGPTLCK)))
	done(unix.IoctlSetPointerInt(m, unix.TIOCSPTLCK, 0))
	s, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(m), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	fmt.Println(errno, must(unix.FcntlInt(s, unix.F_GETFD, 0)))
	must(unix.Write(int(s), []byte("through the peer")))
	b := make([]byte, 100)
	fmt.Printf("%q\n", b[:must(unix.Read(m, b))])
	done(unix.IoctlSetInt(int(s), unix.TIOCEXCL, 0))
	_, err = unix.Open(other, unix.O_RDWR|unix.O_NOCTTY, 0)
	fmt.Println(err == nil || err == unix.EBUSY) // root may
	done(unix.Close(m))
	_, err = os.Stat(other)
	fmt.Println(reason(err))
	again := must(unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY, 0))
	fmt.Println(must(unix.IoctlGetInt(again, unix.TIOCGPTN)) != number) // its number is in use
	done(unix.Close(int(s)))
	for _, request := range []uint{unix.TIOCGPGRP, unix.TIOCGSID, unix.TIOCNOTTY} {
		_, err := unix.IoctlGetInt(slave.fd, request)
		fmt.Println(err)
		if request != unix.TIOCNOTTY {
			fmt.Println(unix.IoctlGetInt(master.fd, request))
		}
	}
	fmt.Println(unix.IoctlGetInt(slave.fd, unix.TIOCGPTN))
	fmt.Println(unix.IoctlGetInt(slave.fd, 0x5499))
	fmt.Println(unix.IoctlSetInt(slave.fd, unix.TCFLSH, 3), unix.IoctlSetInt(slave.fd, unix.TCXONC, 4))
}

// events are those that poll tells of f.
func events(f int) string {
	p := []unix.PollFd{{Fd: int32(f), Events: unix.POLLIN | unix.POLLOUT | unix.POLLPRI}}
	must(unix.Poll(p, 0))
	return fmt.Sprintf("%#x", p[0].Revents)
}

// hangup closes either side.
func hangup() {
	master, slave := pair()
	must(slave.WriteString("last words"))
	fmt.Println(pty.Getsize(slave.File))
	name := slave.Name()
	done(slave.Close())
	time.Sleep(50 * time.Millisecond)
	fmt.Println(events(master.fd))
	b := make([]byte, 100)
	fmt.Printf("%q\n", b[:must(master.Read(b))])
	_, err := master.Read(b)
	fmt.Println(reason(err), events(master.fd))
	n, err := master.WriteString("to nobody\n")
	fmt.Println(n, err)
	// It can be opened again.
	again := must(os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY, 0))
	slave = end{again, int(again.Fd())}
	fmt.Println(seen(slave))
	done(unix.SetNonblock(master.fd, true))
	seen(master)
	_, err = unix.Read(master.fd, b)
	fmt.Println(err, events(master.fd))
	done(unix.SetNonblock(master.fd, false))

	// The master goes while somebody reads.
	must(master.WriteString("unread"))
	result := make(chan string)
	go func() {
		n, _ := slave.Read(b) // the end of the file on other systems than Linux, which tells who waits of an error
		result <- fmt.Sprint(n)
	}()
	time.Sleep(50 * time.Millisecond)
	done(master.Close())
	fmt.Println(<-result)
	n, err = slave.Write(b)
	fmt.Println(n, reason(err))
	fmt.Println(events(slave.fd))
	_, err = unix.IoctlGetTermios(slave.fd, unix.TCGETS)
	fmt.Println(err)
	_, err = os.Stat(name)
	fmt.Println(reason(err))
	done(slave.Close())

	// The slave goes while somebody reads the master; a Go program waits by the netpoller.
	master, slave = pair()
	go func() {
		n, err := master.Read(b)
		result <- fmt.Sprint(n, reason(err))
	}()
	time.Sleep(50 * time.Millisecond)
	done(slave.Close())
	fmt.Println(<-result)
}

// await is EpollWait, whatever signals come.
func await(ep int, list []unix.EpollEvent, milliseconds int) (n int, err error) {
	for {
		if n, err = unix.EpollWait(ep, list, milliseconds); err != unix.EINTR {
			return n, err
		}
	}
}

// poll waits, and fills.
func poll() {
	master, slave := pair()
	fmt.Println(events(master.fd), events(slave.fd))
	must(master.WriteString("half a line"))
	time.Sleep(50 * time.Millisecond)
	fmt.Println(events(master.fd), events(slave.fd))
	must(master.WriteString("\n"))
	time.Sleep(50 * time.Millisecond)
	fmt.Println(events(master.fd), events(slave.fd))
	ep := must(unix.EpollCreate1(0))
	done(unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, slave.fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: 7}))
	list := make([]unix.EpollEvent, 4)
	fmt.Println(must(await(ep, list, 1000)), must(await(ep, list, 0)))
	go func() {
		time.Sleep(20 * time.Millisecond)
		master.WriteString("more\n")
	}()
	fmt.Println(must(await(ep, list, 5000)), list[0].Events&unix.EPOLLIN != 0)
	fmt.Println(seen(slave), seen(master))

	// A deadline, and a writer that waits for a reader.
	done(unix.SetNonblock(master.fd, true))
	m := os.NewFile(uintptr(must(unix.Dup(master.fd))), "master")
	done(m.SetReadDeadline(time.Now().Add(20 * time.Millisecond)))
	_, err := m.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
	done(m.SetReadDeadline(time.Time{}))
	data := bytes.Repeat([]byte("0123456789abcde\n"), 50_000)
	sent := make(chan error)
	go func() {
		_, err := slave.Write(data)
		sent <- err
	}()
	total, newlines := 0, 0
	for b := make([]byte, 5000); newlines < 50_000; {
		n := must(m.Read(b))
		total += n
		newlines += bytes.Count(b[:n], []byte("\r\n"))
		if n > 0 && b[n-1] == '\r' { // split
			one := make([]byte, 1)
			total += must(m.Read(one))
			newlines++
		}
	}
	fmt.Println(total, <-sent)
	done(unix.SetNonblock(slave.fd, true))
	for {
		if _, err = unix.Write(slave.fd, data); err != nil {
			fmt.Println(err)
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	fmt.Println(events(slave.fd))
}

// session makes a pseudo-terminal that of the program.
func session() {
	signal.Ignore(syscall.SIGHUP)
	c := make(chan os.Signal, 10)
	unix.Setsid() // where it does not lead one already
	if tty, err := unix.Open("/dev/tty", unix.O_RDWR, 0); err == nil {
		done(unix.IoctlSetInt(tty, unix.TIOCNOTTY, 0))
		done(unix.Close(tty))
	}
	_, err := unix.Open("/dev/tty", unix.O_RDWR, 0)
	fmt.Println(err)
	master, slave := pair()
	_, err = unix.IoctlGetInt(slave.fd, unix.TIOCGPGRP)
	fmt.Println(err)
	signal.Notify(c, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGWINCH, syscall.SIGHUP, syscall.SIGCONT)
	signal.Reset(syscall.SIGHUP, syscall.SIGCONT)
	signal.Ignore(syscall.SIGHUP)
	fmt.Println(unix.IoctlSetInt(slave.fd, unix.TIOCSCTTY, 0), unix.IoctlSetInt(slave.fd, unix.TIOCSCTTY, 0))
	group := must(unix.IoctlGetInt(slave.fd, unix.TIOCGPGRP))
	fmt.Println(group == unix.Getpgrp(), must(unix.IoctlGetInt(master.fd, unix.TIOCGPGRP)) == group, must(unix.IoctlGetInt(slave.fd, unix.TIOCGSID)) == os.Getpid())
	fmt.Println(unix.IoctlSetPointerInt(slave.fd, unix.TIOCSPGRP, group), unix.IoctlSetPointerInt(slave.fd, unix.TIOCSPGRP, 1<<30), unix.IoctlSetPointerInt(slave.fd, unix.TIOCSPGRP, -5))
	must(master.WriteString("abc"))
	time.Sleep(50 * time.Millisecond)
	must(master.WriteString("\x03"))
	fmt.Println(<-c, seen(master), seen(slave))
	must(master.WriteString("\x1c"))
	fmt.Println(<-c)
	done(pty.Setsize(master.File, &pty.Winsize{Rows: 10, Cols: 20}))
	fmt.Println(<-c)
	done(pty.Setsize(master.File, &pty.Winsize{Rows: 10, Cols: 20})) // the same
	tty := must(os.OpenFile("/dev/tty", os.O_RDWR, 0))
	must(tty.WriteString("to the terminal"))
	fmt.Println(seen(master), len(c))
	other, _ := pair()
	otherSlave := must(os.OpenFile(fmt.Sprint("/dev/pts/", must(unix.IoctlGetInt(other.fd, unix.TIOCGPTN))), os.O_RDWR, 0))
	fmt.Println(unix.IoctlSetInt(int(otherSlave.Fd()), unix.TIOCSCTTY, 0))
	signal.Notify(c, syscall.SIGHUP)
	done(master.Close())
	fmt.Println(<-c)
	_, err = unix.Open("/dev/tty", unix.O_RDWR, 0)
	fmt.Println(err)
	// What is opened without O_NOCTTY is the next.
	third := must(unix.Open("/dev/pts/"+fmt.Sprint(must(unix.IoctlGetInt(other.fd, unix.TIOCGPTN))), unix.O_RDWR, 0))
	fmt.Println(must(unix.IoctlGetInt(third, unix.TIOCGPGRP)) == group)
	done(unix.IoctlSetInt(third, unix.TIOCNOTTY, 0))
	fmt.Println(<-c)
}
