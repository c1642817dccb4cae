package test

import "testing"

// TestPty runs the modes of testdata/pty, which uses creack/pty and x/term as they are, here and on Linux, and compares.
func TestPty(t *testing.T) {
	for _, mode := range []string{"open", "lines", "raw", "hangup", "poll", "session"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			want := onLinux(t, "pty", nil, "", mode)
			for _, cores := range []int{1, 4} {
				c := bare(t, "pty", mode)
				c.Cores = cores
				if got := boot(t, c); got.status != want.status || normal(got.output) != normal(want.output) {
					t.Errorf("with %d cores: status %d\n%s", cores, got.status, difference(got.output, want.output))
				}
			}
		})
	}
}
