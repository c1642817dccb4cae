//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// openKeyboard returns standard input. A terminal is in raw mode until restore: the machine has a
// terminal of its own, which edits lines, echoes and knows Ctrl-C, unless the program wants it
// otherwise. The reader is nil if ringo is a background job: the shell would stop it for reading.
func openKeyboard() (in io.Reader, restore func()) {
	fd := int(os.Stdin.Fd())
	foreground, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	if err != nil {
		return os.Stdin, func() {}
	}
	if foreground != unix.Getpgrp() {
		return nil, func() {}
	}
	old, err := term.MakeRaw(fd)
	if err != nil {
		return os.Stdin, func() {}
	}
	// What the machine says ends its lines with newlines only.
	if now, err := unix.IoctlGetTermios(fd, getTermios); err == nil {
		now.Oflag |= unix.OPOST
		unix.IoctlSetTermios(fd, setTermios, now)
	}
	return os.Stdin, func() { term.Restore(fd, old) }
}
