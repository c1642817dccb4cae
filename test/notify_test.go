package test

import (
	"fmt"
	"testing"

	"github.com/ringo-os/ringo/qemu"
)

// TestNotify: fsnotify tells a program in a machine what it tells on Linux, and misses nothing that other cores do.
func TestNotify(t *testing.T) {
	t.Run("tell", func(t *testing.T) {
		t.Parallel()
		want := onLinux(t, "notify", []string{"TMPDIR=/dev/shm"}, "", "tell")
		got := boot(t, bare(t, "notify", "tell"))
		if d := difference(got.output, want.output); d != "" || got.status != 0 || want.status != 0 {
			t.Errorf("status %d, on Linux %d\n%s", got.status, want.status, d)
		}
	})
	for _, cores := range []int{1, 2, 4, 8} {
		t.Run(fmt.Sprint("crowd ", cores), func(t *testing.T) {
			t.Parallel()
			passes(t, qemu.Config{Image: image(t, "notify"), Memory: 128 << 20, Cores: cores, NoNetwork: true, Arguments: []string{"crowd"}})
		})
	}
}
