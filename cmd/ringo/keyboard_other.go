//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package main

import (
	"io"
	"os"
)

func openKeyboard() (in io.Reader, restore func()) { return os.Stdin, func() {} }
