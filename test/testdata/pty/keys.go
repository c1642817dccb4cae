package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// script types each text in turn, and says what is seen on both sides.
func script(master, slave end, texts ...string) {
	for _, text := range texts {
		must(master.WriteString(text))
		fmt.Printf("%q shows %s", text, seen(master))
		fmt.Printf(" gives %s\n", reads(slave, "|"))
	}
}

func change(f end, how func(t *unix.Termios)) {
	t := must(unix.IoctlGetTermios(f.fd, unix.TCGETS))
	how(t)
	done(unix.IoctlSetTermios(f.fd, unix.TCSETS, t))
}

// lines are edited while they are typed.
func lines() {
	master, slave := pair()
	must(slave.WriteString("one\ntwo\tthree\r\n"))
	fmt.Println(seen(master))
	script(master, slave, "hello\n", "with return\r", "two\nlines\n", "unfini", "shed\n", "\x04", "abc\x04", "abcd\x7f\x7f\n", "\x7f\x7fa\n", "kill me\x15x\n",
		"one two  \x17x\n", "one_2+3\x17\x17\n", "\x01\x1b[A\n", "tab\tbed\t\x7f\x7f\x7f\x7fx\n", "\tx\x7f\x7fy\n", "a\x01\x7fb\n", "\x16\x03lit\x16\x7f\n", "re\x12do\n", "bs\b\n",
		"caf\xc3\xa9\x7f\x7f\n", "\x00nul\n", "a", "\x1cb\n", "sus", "\x1apend\n", "int", "\x03errupt\n", "\x04\x04")
	fmt.Println("IUTF8")
	change(slave, func(t *unix.Termios) { t.Iflag |= unix.IUTF8 })
	script(master, slave, "caf\xc3\xa9\x7f\n", "\xe2\x82\xac\x7fx\n")
	fmt.Println("no ECHOE, ECHOK, ECHOKE")
	change(slave, func(t *unix.Termios) { t.Lflag &^= unix.ECHOE | unix.ECHOKE })
	script(master, slave, "ab\x7f\n", "kill\x15x\n")
	change(slave, func(t *unix.Termios) { t.Lflag &^= unix.ECHOK | unix.ECHOCTL })
	script(master, slave, "kill\x15x\n", "\x01", "\x03x\n")
	fmt.Println("no ECHO")
	change(slave, func(t *unix.Termios) { t.Lflag &^= unix.ECHO })
	script(master, slave, "secret\x7f\n", "kill\x15x\n")
	change(slave, func(t *unix.Termios) { t.Lflag |= unix.ECHONL })
	script(master, slave, "secret\n")
	fmt.Println("other keys")
	change(slave, func(t *unix.Termios) {
		t.Lflag |= unix.ECHO | unix.ECHOE | unix.NOFLSH
		t.Cc[unix.VEOL], t.Cc[unix.VEOL2], t.Cc[unix.VERASE], t.Cc[unix.VINTR] = ';', '!', '#', 0
	})
	script(master, slave, "a;b!c\n", "ab#\n", "\x03\x00\n", "no\x1cflush\n")
	change(slave, func(t *unix.Termios) { t.Lflag &^= unix.IEXTEN })
	script(master, slave, "a;b!c\x17\x16\n")
	fmt.Println("input flags")
	change(slave, func(t *unix.Termios) { t.Iflag = unix.IGNCR | unix.ISTRIP })
	script(master, slave, "a\rb\xe1\n")
	change(slave, func(t *unix.Termios) { t.Iflag = unix.INLCR; t.Cc[unix.VEOL] = '\r' })
	script(master, slave, "a\nb\r")
	fmt.Println("output flags")
	for _, flags := range []uint32{0, unix.OPOST, unix.OPOST | unix.ONLCR, unix.OPOST | unix.OCRNL, unix.OPOST | unix.ONOCR, unix.OPOST | unix.ONLRET, unix.OPOST | unix.XTABS, unix.OPOST | unix.OCRNL | unix.ONLRET} {
		change(slave, func(t *unix.Termios) { t.Oflag = flags })
		must(slave.WriteString("\ra\r\nb\tc\n\r\td\b\te\r"))
		fmt.Printf("%#x %s\n", flags, seen(master))
	}
	fmt.Println("flow")
	change(slave, func(t *unix.Termios) { t.Iflag = unix.IXON; t.Oflag = 0 })
	done(unix.SetNonblock(slave.fd, true))
	script(master, slave, "\x13")
	n, err := unix.Write(slave.fd, []byte("stopped"))
	fmt.Println(n, err)
	script(master, slave, "\x11")
	must(unix.Write(slave.fd, []byte("going")))
	fmt.Println(seen(master))
	done(unix.IoctlSetInt(slave.fd, unix.TCXONC, unix.TCOOFF))
	n, err = unix.Write(slave.fd, []byte("stopped"))
	fmt.Println(n, err)
	done(unix.IoctlSetInt(slave.fd, unix.TCXONC, unix.TCOON))
	must(unix.Write(slave.fd, []byte("going")))
	fmt.Println(seen(master))
	done(unix.IoctlSetInt(slave.fd, unix.TCXONC, unix.TCIOFF))
	fmt.Println(seen(master))
	must(master.WriteString("to be flushed\n"))
	time.Sleep(50 * time.Millisecond)
	fmt.Println(must(unix.IoctlGetInt(slave.fd, unix.TIOCINQ)))
	done(unix.IoctlSetInt(slave.fd, unix.TCFLSH, unix.TCIFLUSH))
	fmt.Println(seen(slave), must(unix.IoctlGetInt(slave.fd, unix.TIOCINQ)))
}

// raw is what programs with screens want.
func raw() {
	master, slave := pair()
	must(master.WriteString("typed before"))
	time.Sleep(50 * time.Millisecond)
	old := must(term.MakeRaw(slave.fd))
	fmt.Println(seen(slave), seen(master))
	script(master, slave, "a", "\r\n\x03\x04\x7f", "\x00\xff\t")
	must(slave.WriteString("a\nb\r\tc"))
	fmt.Println(seen(master))
	change(slave, func(t *unix.Termios) { t.Cc[unix.VMIN] = 0 })
	fmt.Println(unix.Read(slave.fd, make([]byte, 10)))
	change(slave, func(t *unix.Termios) { t.Cc[unix.VMIN] = 3 })
	script(master, slave, "ab", "c", "defghij")
	done(term.Restore(slave.fd, old))
	script(master, slave, "line\n")

	// A terminal of package term, on both sides of the wire.
	must(term.MakeRaw(slave.fd))
	t := term.NewTerminal(slave, "> ")
	got := make(chan string)
	go func() {
		line, err := t.ReadLine()
		got <- fmt.Sprintf("%q %v", line, err)
	}()
	time.Sleep(50 * time.Millisecond)
	must(master.WriteString("edited\x7f\x7fing\r"))
	fmt.Println(<-got, seen(master))
	must(unix.IoctlGetTermios(slave.fd, unix.TCGETS))
	change(slave, func(t *unix.Termios) {
		t.Lflag |= unix.ICANON | unix.ECHO
		t.Iflag |= unix.ICRNL
		t.Oflag |= unix.OPOST | unix.ONLCR
	})
	go func() {
		password, err := term.ReadPassword(slave.fd)
		got <- fmt.Sprintf("%q %v", password, err)
	}()
	time.Sleep(50 * time.Millisecond)
	must(master.WriteString("secret\r"))
	fmt.Println(<-got, seen(master))
}
