package test

import (
	"fmt"
	"strings"
	"testing"
)

// TestMmap: memory that a program maps.
func TestMmap(t *testing.T) {
	for _, mode := range []string{"anonymous", "file", "faults", "buffers", "collapse"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			passes(t, bare(t, "mmap", mode))
		})
	}
	for _, mode := range []string{"race", "stale", "churn", "collapsing"} {
		for _, cores := range []int{1, 2, 4, 8} {
			t.Run(fmt.Sprintf("%s/%d", mode, cores), func(t *testing.T) {
				t.Parallel()
				c := bare(t, "mmap", mode)
				c.Cores = cores
				passes(t, c)
			})
		}
	}
}

// TestMmapOnLinux keeps the program honest.
func TestMmapOnLinux(t *testing.T) {
	for _, mode := range []string{"anonymous", "file", "faults", "buffers", "race", "stale", "churn", "collapse", "collapsing"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			if r := onLinux(t, "mmap", nil, "", mode); r != (result{"ok\n", 0}) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestMmapFatal: a fault that nobody recovers from ends the program as on Linux.
func TestMmapFatal(t *testing.T) {
	for _, mode := range []string{"fatal", "fatal-bus"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			r := boot(t, bare(t, "mmap", mode))
			want := onLinux(t, "mmap", nil, "", mode)
			if d := difference(normal(r.output), normal(want.output)); d != "" || r.status != want.status {
				t.Errorf("status %d, not %d\n%s", r.status, want.status, d)
			}
			if !strings.Contains(r.output, "unexpected fault address 0x7") {
				t.Errorf("%s", r.output)
			}
		})
	}
}

// TestDatabases: programs of others that map their files.
func TestDatabases(t *testing.T) {
	for _, name := range []string{"bolt", "sqlite"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			binary(t, name) // which takes long, and is not what onLinux waits for
			want := onLinux(t, name, []string{"TMPDIR=" + t.TempDir()}, "")
			for _, cores := range []int{1, 4} {
				c := bare(t, name)
				c.Memory, c.Cores = 256<<20, cores
				r := boot(t, c)
				if d := difference(r.output, want.output); d != "" || r.status != want.status || r.status != 0 {
					t.Errorf("%d cores: status %d, not %d\n%s", cores, r.status, want.status, d)
				}
			}
		})
	}
}
