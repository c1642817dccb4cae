//go:build !unix

package main

import (
	"io"
	"os"
)

func keyboard() io.Reader { return os.Stdin }
