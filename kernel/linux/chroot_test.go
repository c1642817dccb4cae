package linux

import (
	"syscall"
	"testing"

	"github.com/ringo-os/ringo/kernel/fs"
	"golang.org/x/sys/unix"
)

const cwd = descriptor(-1)

// From a root of the program's own no path leads out.
func TestChroot(t *testing.T) {
	var list []operation
	add := func(number uintptr, name string, arguments ...any) {
		list = append(list, plain(number, name, arguments...))
	}
	open := func(slot descriptor, at descriptor, path string, flags int) {
		list = append(list, plain(unix.SYS_OPENAT, "openat", at, path, flags, 0o644).opening(slot))
	}
	where := func() { list = append(list, plain(unix.SYS_GETCWD, "getcwd", empty(100), 100).with(head)) }
	chroot := func(path string) { add(unix.SYS_CHROOT, "chroot", path) }
	look := func() {
		for _, path := range []string{"/", "/f", "/..", "/../../f", "/b/../../f", "/l", "/up/f", "/b/up", "f", "../f", "../../f", "l", "/a", "/a/f", "/b/.."} {
			list = append(list, plain(unix.SYS_NEWFSTATAT, "newfstatat", cwd, path, empty(144), 0).with(stated))
		}
	}
	for _, path := range []string{"a", "a/b", "a/b/c"} {
		add(unix.SYS_MKDIRAT, "mkdirat", cwd, path, 0o755)
	}
	open(1, cwd, "f", syscall.O_CREAT)
	open(2, cwd, "a/f", syscall.O_CREAT|syscall.O_RDWR)
	add(unix.SYS_WRITE, "write", descriptor(2), &buffer{[]byte("inner")}, 5)
	for link, target := range map[string]string{"a/l": "/f", "a/up": "../../..", "a/b/up": "/../.."} {
		add(unix.SYS_SYMLINKAT, "symlinkat", target, cwd, link)
	}
	open(0, cwd, "/", syscall.O_RDONLY)
	chroot("f")
	chroot("none")
	chroot("")
	chroot("f/x")
	look()
	add(unix.SYS_CHDIR, "chdir", "a")
	chroot("/a")
	look()
	where()
	open(3, descriptor(0), "a/b", syscall.O_RDONLY) // what was open before
	open(4, descriptor(0), "/f", syscall.O_RDONLY)
	list = append(list, plain(unix.SYS_FSTAT, "fstat", descriptor(4), empty(144)).with(stated))
	add(unix.SYS_MKDIRAT, "mkdirat", cwd, "/new", 0o755)
	add(unix.SYS_RENAMEAT2, "renameat2", cwd, "/new", cwd, "/b/new", 0)
	add(unix.SYS_RENAMEAT2, "renameat2", cwd, "/..", cwd, "/x", 0)
	add(unix.SYS_RMDIR, "rmdir", "/..")
	add(unix.SYS_CHDIR, "chdir", "/b/c/../..//../b")
	where()
	chroot("..")
	look()
	chroot("c/..")
	look()
	where()
	open(5, cwd, "/..", syscall.O_RDONLY)
	list = append(list, plain(unix.SYS_GETDENTS64, "getdents64", descriptor(5), empty(4096), 4096).with(listed))
	follow(t, list...)
}

// Who keeps a directory outside gets there, as on Linux.
func TestChrootOutside(t *testing.T) {
	reset()
	must(t, unix.SYS_MKDIR, "a", 0o755)
	must(t, unix.SYS_MKDIR, "a/b", 0o755)
	must(t, unix.SYS_MKDIR, "c", 0o755)
	must(t, unix.SYS_CHDIR, "c")
	must(t, unix.SYS_CHROOT, "/a")
	b := make([]byte, 100)
	if n := must(t, unix.SYS_GETCWD, b, 100); string(b[:n-1]) != "(unreachable)/c" {
		t.Errorf("%q", b[:n])
	}
	must(t, unix.SYS_MKDIR, "../d", 0o755)
	if _, errno := Open("/d", 0); errno != 0 {
		t.Error("the kernel looks for its files below the program's root")
	}
	must(t, unix.SYS_CHDIR, "/b")
	if n := must(t, unix.SYS_GETCWD, b, 100); string(b[:n-1]) != "/b" {
		t.Errorf("%q", b[:n])
	}
	if files.Top() == files.Root() {
		t.Error("the root is what it was")
	}
	if WriteFile("/d/f", "x") != 0 {
		t.Error("the kernel cannot write")
	}
	must(t, unix.SYS_SETUID, 5)
	fails(t, syscall.EPERM, unix.SYS_CHROOT, "/b")
	fails(t, syscall.ENOENT, unix.SYS_CHROOT, "/c")
	if fs.FromRoot("/") != "." || fs.FromRoot("/a/b") != "a/b" {
		t.Error("FromRoot")
	}
}
