package test

import "testing"

// TestPty runs the modes of testdata/pty, which uses creack/pty and x/term as they are, here and on Linux, and compares.
func TestPty(t *testing.T) {
	for _, mode := range []string{"open", "lines", "raw", "hangup", "poll", "session"} {
		t.Run(mode, func(t *testing.T) { asOnLinux(t, "pty", mode) })
	}
}
