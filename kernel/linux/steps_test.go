package linux

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Steps are operations that are always the same, for what chance seldom finds.
type steps []operation

func (s steps) operation() operation        { panic("there are no more steps") }
func (s steps) furniture(int64) []operation { return s }

// follow makes the operations here and of Linux, and compares.
func follow(t *testing.T, operations ...operation) {
	t.Helper()
	compare(t, steps(operations), 0, len(operations))
}

// A directory that was removed has nothing in it, not even names to say what is wrong with renaming to them.
func TestRenameToRemoved(t *testing.T) {
	rename := func(from, to string, flags int) operation {
		return plain(unix.SYS_RENAMEAT2, "renameat2", descriptor(-1), from, descriptor(-1), to, flags)
	}
	list := []operation{
		plain(unix.SYS_MKDIRAT, "mkdirat", descriptor(-1), "a", 0o755),
		plain(unix.SYS_MKDIRAT, "mkdirat", descriptor(-1), "a/b", 0o755),
		plain(unix.SYS_MKDIRAT, "mkdirat", descriptor(-1), "c", 0o755),
		plain(unix.SYS_OPENAT, "openat", descriptor(-1), "f", syscall.O_CREAT, 0o644).opening(0),
		plain(unix.SYS_SYMLINKAT, "symlinkat", "a", descriptor(-1), "l"),
		rename("a", "a/b/x", 0), rename("/l/b", "a/b/x", 0), rename("a/b", "l", 0), rename("l/none", "a/none", 0),
		plain(unix.SYS_CHDIR, "chdir", "a/b"),
		plain(unix.SYS_UNLINKAT, "unlinkat", descriptor(-1), "/a/b", atRemoveDir),
	}
	for _, from := range []string{"/a", "/l", "/c", "/f", "/f/", "/none", "x", ".", "..", "../b", "/"} {
		for _, to := range []string{"x", "x/", "./x", ".", "..", "../x", "../../x"} {
			for flags := range 3 {
				list = append(list, rename(from, to, flags), rename(to, from, flags))
			}
		}
	}
	follow(t, list...)
}
