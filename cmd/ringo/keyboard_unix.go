//go:build unix

package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// keyboard returns standard input, unless it is a terminal of which ringo is a background job: the
// shell would stop ringo for reading from it.
func keyboard() io.Reader {
	foreground, err := unix.IoctlGetInt(int(os.Stdin.Fd()), unix.TIOCGPGRP)
	if err == nil && foreground != unix.Getpgrp() {
		return nil
	}
	return os.Stdin
}
