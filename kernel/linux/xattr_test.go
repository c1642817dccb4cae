package linux

import (
	"bytes"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Where Linux says no to every attribute, as on its ramfs, so do we; and what is wrong in itself is so
// there, too.
func TestExtendedAttributes(t *testing.T) {
	reset()
	fd := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_CREAT|syscall.O_RDWR, 0o600)
	must(t, unix.SYS_SYMLINK, "gone", "l")
	long, value := string(bytes.Repeat([]byte{'n'}, 256)), []byte("value")
	for _, name := range []string{"user.a", "security.a", "x", long[:255]} {
		fails(t, syscall.EOPNOTSUPP, unix.SYS_GETXATTR, "f", name, value, 5)
		fails(t, syscall.EOPNOTSUPP, unix.SYS_LGETXATTR, "l", name, value, 5)
		fails(t, syscall.EOPNOTSUPP, unix.SYS_FGETXATTR, fd, name, value, 5)
		fails(t, syscall.EOPNOTSUPP, unix.SYS_SETXATTR, "f", name, value, 5, 0)
		fails(t, syscall.EOPNOTSUPP, unix.SYS_FSETXATTR, fd, name, value, 5, 2)
		fails(t, syscall.EOPNOTSUPP, unix.SYS_LREMOVEXATTR, "l", name)
	}
	fails(t, syscall.ENOENT, unix.SYS_GETXATTR, "l", "user.a", value, 5)
	fails(t, syscall.ENOENT, unix.SYS_REMOVEXATTR, "none", "user.a")
	fails(t, syscall.EBADF, unix.SYS_FGETXATTR, 99, "user.a", value, 5)
	fails(t, syscall.ERANGE, unix.SYS_GETXATTR, "f", long, value, 5)
	fails(t, syscall.ERANGE, unix.SYS_GETXATTR, "f", "", value, 5)
	fails(t, syscall.EINVAL, unix.SYS_SETXATTR, "f", "user.a", value, 5, 4)
	fails(t, syscall.E2BIG, unix.SYS_SETXATTR, "f", "user.a", value, 1<<17, 0)
	fails(t, syscall.EFAULT, unix.SYS_SETXATTR, "f", "user.a", 1, 5, 0)
	for _, n := range []int{must(t, unix.SYS_LISTXATTR, "f", value, 5), must(t, unix.SYS_LLISTXATTR, "l", 0, 0), must(t, unix.SYS_FLISTXATTR, fd, 0, 0)} {
		if n != 0 {
			t.Errorf("a list of %d bytes", n)
		}
	}
}
