package linux

import (
	"syscall"
	"testing"

	"github.com/ringo-os/ringo/kernel/fs"
	"golang.org/x/sys/unix"
)

// What is sealed does not happen any more, as on Linux.
func TestSeals(t *testing.T) {
	for seals := range fs.Seals(64) {
		var list []operation
		add := func(number uintptr, name string, arguments ...any) {
			list = append(list, plain(number, name, arguments...))
		}
		list = append(list, plain(unix.SYS_MEMFD_CREATE, "memfd_create", "x", 2+8*int(seals%2)).opening(0))
		const f = descriptor(0)
		get := func() {
			add(unix.SYS_FCNTL, "fcntl", f, fGetSeals, 0)
			list = append(list, plain(unix.SYS_FSTAT, "fstat", f, empty(144)).with(stated))
		}
		get()
		add(unix.SYS_WRITE, "write", f, &buffer{make([]byte, 6000)}, 6000)
		add(unix.SYS_FCNTL, "fcntl", f, fAddSeals, int(seals))
		get()
		add(unix.SYS_PWRITE64, "pwrite64", f, &buffer{[]byte("abc")}, 3, 10)
		add(unix.SYS_PWRITE64, "pwrite64", f, &buffer{make([]byte, 9000)}, 9000, 100)
		get()
		add(unix.SYS_PWRITE64, "pwrite64", f, &buffer{[]byte("abc")}, 3, 20000)
		add(unix.SYS_FALLOCATE, "fallocate", f, 3, 0, 4096)
		add(unix.SYS_FALLOCATE, "fallocate", f, 0, 0, 30000)
		add(unix.SYS_FALLOCATE, "fallocate", f, 1, 0, 40000)
		for _, size := range []int{100, 100, 50000} {
			add(unix.SYS_FTRUNCATE, "ftruncate", f, size)
			get()
		}
		add(unix.SYS_FCHMOD, "fchmod", f, 0o600)
		add(unix.SYS_FCHMOD, "fchmod", f, 0o777)
		add(unix.SYS_FCNTL, "fcntl", f, fAddSeals, 4)
		add(unix.SYS_FCNTL, "fcntl", f, fAddSeals, 64)
		get()
		follow(t, list...)
	}
	follow(t, plain(unix.SYS_OPENAT, "openat", cwd, "f", syscall.O_CREAT|syscall.O_RDWR, 0o644).opening(0),
		plain(unix.SYS_FCNTL, "fcntl", descriptor(0), fGetSeals, 0), plain(unix.SYS_FCNTL, "fcntl", descriptor(0), fAddSeals, 2))
}

func TestSealsOfMapped(t *testing.T) {
	reset()
	const shared, read, write = mapShared, 1, 2
	f := must(t, unix.SYS_MEMFD_CREATE, "x", 2)
	must(t, unix.SYS_FTRUNCATE, f, pageSize)
	at := must(t, unix.SYS_MMAP, 0, pageSize, read|write, shared, f, 0)
	fails(t, syscall.EBUSY, unix.SYS_FCNTL, f, fAddSeals, int(fs.SealWrite))
	must(t, unix.SYS_FCNTL, f, fAddSeals, int(fs.SealFutureWrite))
	fails(t, syscall.EPERM, unix.SYS_MMAP, 0, pageSize, read|write, shared, f, 0)
	must(t, unix.SYS_MUNMAP, at, pageSize)
	must(t, unix.SYS_FCNTL, f, fAddSeals, int(fs.SealWrite))
	at = must(t, unix.SYS_MMAP, 0, pageSize, read, shared, f, 0)
	fails(t, syscall.EACCES, unix.SYS_MPROTECT, at, pageSize, read|write)
	must(t, unix.SYS_MUNMAP, at, pageSize)
	at = must(t, unix.SYS_MMAP, 0, pageSize, read|write, mapPrivate, f, 0)
	must(t, unix.SYS_MUNMAP, at, pageSize)
	r := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_CREAT|syscall.O_RDONLY, 0o600)
	fails(t, syscall.EPERM, unix.SYS_FCNTL, r, fAddSeals, 2)
	p, _ := newPipe(t, 0)
	fails(t, syscall.EINVAL, unix.SYS_FCNTL, p, fGetSeals, 0)
}
