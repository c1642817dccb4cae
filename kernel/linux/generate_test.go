package linux

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand"
	"strings"
	"syscall"

	"github.com/ringo-os/ringo/kernel/fs"
	"golang.org/x/sys/unix"
)

// A maker makes up random operations.
type maker struct {
	*rand.Rand
	// holes looks for holes, instead of allocating: what was allocated twice Linux takes for data.
	holes bool
}

// one returns one of choices.
func one[T any](g maker, choices ...T) T { return choices[g.Intn(len(choices))] }

// path makes up a path of few names, so that operations meet.
func (g maker) path() string {
	if g.Intn(60) == 0 {
		return one(g, "", "/", "//", ".", "..", "./", strings.Repeat("x", 255), strings.Repeat("x", 256),
			strings.Repeat("a/", 2100), "a/"+strings.Repeat("y", 300), "nothing/"+strings.Repeat("y", 300))
	}
	var b strings.Builder
	if g.Intn(5) == 0 {
		b.WriteString("/")
	}
	for i, n := 0, 1+g.Intn(2)+g.Intn(2); i < n; i++ {
		if i > 0 {
			b.WriteString(one(g, "/", "/", "/", "//"))
		}
		b.WriteString(one(g, "a", "b", "c", "d", "a", "b", "c", "d", "e", ".", ".."))
	}
	if g.Intn(8) == 0 {
		b.WriteString("/")
	}
	return b.String()
}

// slot is any but that of the test of inotify.
func (g maker) slot() descriptor { return descriptor(g.Intn(watcher)) }

// at is a directory descriptor: mostly the current directory.
func (g maker) at() descriptor {
	if g.Intn(3) > 0 {
		return -1
	}
	return g.slot()
}

func (g maker) mode() int {
	return one(g, 0o644, 0o600, 0o755, 0o777, 0o4755, 0o2755, 0o1777, 0, 0o2644)
}

func (g maker) size() int {
	return one(g, 0, 1, 2, 100, 4095, 4096, 4097, 8192, 5000, 10000, 12288, g.Intn(20000))
}

func (g maker) offset() int {
	return one(g, 0, 0, 1, 4095, 4096, 4097, 8192, 12288, 10000, g.Intn(30000), -1, 1<<20, 100<<20, 1<<40, 1<<62, 1<<63-1)
}

// filled is memory that a call reads.
func (g maker) filled(n int) *buffer {
	b := make([]byte, n)
	g.Read(b)
	return &buffer{b}
}

// empty is memory that a call writes.
func empty(n int) *buffer { return &buffer{make([]byte, n)} }

func (g maker) openFlags() int {
	flags := one(g, syscall.O_RDONLY, syscall.O_RDONLY, syscall.O_WRONLY, syscall.O_RDWR, syscall.O_RDWR, 3)
	for _, f := range []int{syscall.O_EXCL, syscall.O_TRUNC, syscall.O_APPEND, syscall.O_DIRECTORY,
		syscall.O_NOFOLLOW, oPath, syscall.O_CLOEXEC, syscall.O_NONBLOCK} {
		if g.Intn(8) == 0 {
			flags |= f
		}
	}
	if g.Intn(2) == 0 {
		flags |= syscall.O_CREAT
	}
	if g.Intn(40) == 0 {
		flags |= oTmpfile
	}
	return flags
}

func (g maker) timespecs() *buffer {
	b := make([]byte, 32)
	for i := range 2 {
		binary.LittleEndian.PutUint64(b[16*i:], uint64(g.Intn(1<<30)))
		binary.LittleEndian.PutUint64(b[16*i+8:], uint64(one(g, 0, 1, 999999999, 1000000000, utimeNow, utimeOmit)))
	}
	return &buffer{b}
}

func (g maker) lock() *buffer {
	b := make([]byte, 32)
	binary.LittleEndian.PutUint16(b, uint16(one(g, 0, 1, 2, 2, 3)))
	binary.LittleEndian.PutUint16(b[2:], uint16(one(g, 0, 0, 0, 1, 2, 3)))
	binary.LittleEndian.PutUint64(b[8:], uint64(g.Intn(20)))
	binary.LittleEndian.PutUint64(b[16:], uint64(g.Intn(20)-5))
	return &buffer{b}
}

// plain is an operation whose result is compared as it is.
func plain(number uintptr, name string, arguments ...any) operation {
	return operation{number: number, name: name, arguments: arguments, opens: -1}
}

func (o operation) opening(slot descriptor) operation {
	o.opens = int(slot)
	return o
}

func (o operation) with(normalize func(uintptr, []byte) string) operation {
	o.normalize = normalize
	return o
}

// number keeps only the result of a call.
func number(n uintptr, _ []byte) string { return fmt.Sprint(int(n)) }

// head compares as many bytes as the call said that it gave.
func head(n uintptr, b []byte) string { return fmt.Sprintf("%d %x", n, b[:n]) }

// locked makes the results of asking for a lock comparable: the process has another number.
func locked(n uintptr, b []byte) string {
	b = bytes.Clone(b)
	if pid := b[24:28]; pid[3] == 0 && !bytes.Equal(pid, make([]byte, 4)) {
		copy(pid, []byte{1, 0, 0, 0})
	}
	return fmt.Sprintf("%d %x", n, b)
}

// vectorOf splits memory into segments.
func (g maker) vectorOf(b *buffer) vector {
	var v vector
	for rest := b.data; ; {
		n := min(len(rest), g.Intn(6000))
		v = append(v, &buffer{rest[:n]})
		if rest = rest[n:]; len(rest) == 0 {
			return v
		}
	}
}

// operation makes up any operation.
func (g maker) operation() operation {
	return one(g, g.opening, g.opening, g.names, g.names, g.names, g.content, g.content, g.content,
		g.looking, g.looking, g.attributes, g.descriptors)()
}

// furniture is what some sequences begin with, so that there is something to work on.
func (g maker) furniture(seed int64) (list []operation) {
	if seed%3 == 0 {
		return nil
	}
	for _, name := range []string{"a", "b", "a/a", "a/b", "b/b", "a/b/c"} {
		list = append(list, plain(unix.SYS_MKDIRAT, "mkdirat", descriptor(-1), name, 0o755))
	}
	for i, name := range []string{"c", "a/c", "b/a"} {
		list = append(list, plain(unix.SYS_OPENAT, "openat", descriptor(-1), name,
			syscall.O_RDWR|syscall.O_CREAT, 0o644).opening(descriptor(i)))
	}
	list = append(list, plain(unix.SYS_OPENAT, "openat", descriptor(-1), "a", syscall.O_RDONLY, 0).opening(3))
	if seed%3 == 2 {
		for _, link := range [][2]string{{"a", "d"}, {"../a", "b/d"}, {"/b/a", "e"}, {"e", "a/e"}} {
			list = append(list, plain(unix.SYS_SYMLINKAT, "symlinkat", link[0], descriptor(-1), link[1]))
		}
	}
	return list
}

func (g maker) opening() operation {
	switch g.Intn(10) {
	case 0:
		return plain(unix.SYS_OPEN, "open", g.path(), g.openFlags(), g.mode()).opening(g.slot())
	case 1:
		return plain(unix.SYS_CREAT, "creat", g.path(), g.mode()).opening(g.slot())
	case 2:
		return plain(unix.SYS_DUP, "dup", g.slot()).opening(g.slot())
	case 3:
		return plain(unix.SYS_MEMFD_CREATE, "memfd_create", one(g, "x", strings.Repeat("m", 300)), one(g, 1, 1, 2, 3, 8, 10, 16, 24)).opening(g.slot())
	case 4:
		return plain(unix.SYS_OPENAT, "openat", g.at(), one(g, "a", "b", "c"), syscall.O_RDWR|syscall.O_CREAT, 0o644).opening(g.slot())
	}
	if g.Intn(4) == 0 {
		return plain(unix.SYS_OPENAT2, "openat2", g.at(), g.path(), g.openHow(), one(g, 24, 24, 24, 24, 23, 32, 1<<20)).opening(g.slot())
	}
	return plain(unix.SYS_OPENAT, "openat", g.at(), g.path(), g.openFlags(), g.mode()).opening(g.slot())
}

// openHow is a struct open_how, with more behind it that is zero, mostly. Everything here lies in one file
// system, and RESOLVE_CACHED depends on what Linux has cached.
func (g maker) openHow() *buffer {
	b := &buffer{data: make([]byte, 32)}
	flags, mode := g.openFlags(), 0
	if flags&syscall.O_CREAT != 0 || g.Intn(10) == 0 {
		mode = g.mode()
	}
	resolve := one(g, 0, 1, 2, 4, 8, 16, 8|4, 16|2, 8|16, 0x40)
	for i, v := range []int{flags, mode, resolve, one(g, 0, 0, 0, 1)} {
		binary.LittleEndian.PutUint64(b.data[8*i:], uint64(v))
	}
	return b
}

func (g maker) names() operation {
	switch g.Intn(16) {
	case 0, 1, 2:
		return plain(unix.SYS_MKDIRAT, "mkdirat", g.at(), g.path(), g.mode())
	case 3:
		return plain(unix.SYS_UNLINKAT, "unlinkat", g.at(), g.path(), one(g, 0, 0, 0, atRemoveDir, 1))
	case 4:
		return plain(unix.SYS_RMDIR, "rmdir", g.path())
	case 5:
		return plain(unix.SYS_UNLINK, "unlink", g.path())
	case 6, 7, 8, 9:
		return plain(unix.SYS_RENAMEAT2, "renameat2", g.at(), g.path(), g.at(), g.path(), one(g, 0, 0, 0, 1, 2, 3))
	case 10, 11:
		return plain(unix.SYS_LINKAT, "linkat", g.at(), one(g, g.path(), ""), g.at(), g.path(),
			one(g, 0, atSymlinkFollow, atEmptyPath, 1))
	case 12, 13:
		return plain(unix.SYS_SYMLINKAT, "symlinkat", g.path(), g.at(), g.path())
	case 14:
		return plain(unix.SYS_CHDIR, "chdir", g.path())
	}
	if g.Intn(2) == 0 {
		return plain(unix.SYS_MKNODAT, "mknodat", g.at(), g.path(), one(g, syscall.S_IFREG, syscall.S_IFSOCK, 0)|g.mode(), 0)
	}
	return plain(unix.SYS_FCHDIR, "fchdir", g.slot())
}

func (g maker) content() operation {
	n := g.size()
	switch g.Intn(16) {
	case 0, 1, 2:
		return plain(unix.SYS_WRITE, "write", g.slot(), g.filled(n), n)
	case 3, 4:
		return plain(unix.SYS_READ, "read", g.slot(), empty(n), n)
	case 5:
		return plain(unix.SYS_PREAD64, "pread64", g.slot(), empty(n), n, g.offset())
	case 6:
		return plain(unix.SYS_PWRITE64, "pwrite64", g.slot(), g.filled(n), n, g.offset())
	case 7, 8:
		whence := one(g, 0, 1, 2, 5)
		if g.holes {
			whence = g.Intn(6)
		}
		return plain(unix.SYS_LSEEK, "lseek", g.slot(), g.offset(), whence)
	case 9:
		return plain(unix.SYS_FTRUNCATE, "ftruncate", g.slot(), g.offset())
	case 10:
		return plain(unix.SYS_TRUNCATE, "truncate", g.path(), g.offset())
	case 11:
		mode := one(g, 0, 1, 3, 2, 16)
		if g.holes {
			mode = fs.AllocatePunchHole | fs.AllocateKeepSize
		}
		return plain(unix.SYS_FALLOCATE, "fallocate", g.slot(), mode, g.size(), g.size())
	case 12:
		v := g.vectorOf(empty(n))
		return plain(unix.SYS_READV, "readv", g.slot(), v, len(v))
	case 13:
		v := g.vectorOf(g.filled(n))
		return plain(unix.SYS_WRITEV, "writev", g.slot(), v, len(v))
	case 14:
		v := g.vectorOf(g.filled(n))
		return plain(unix.SYS_PWRITEV, "pwritev", g.slot(), v, len(v), one(g, 0, 100, 4096, -1))
	}
	switch g.Intn(8) {
	case 3:
		v := g.vectorOf(empty(n))
		return plain(unix.SYS_PREADV2, "preadv2", g.slot(), v, len(v), one(g, 0, 100, 4096, -1, -2), 0, g.rwFlags())
	case 4:
		v := g.vectorOf(g.filled(n))
		return plain(unix.SYS_PWRITEV2, "pwritev2", g.slot(), v, len(v), one(g, 0, 100, 4096, -1, -2), 0, g.rwFlags())
	case 5:
		return plain(unix.SYS_FADVISE64, "fadvise64", g.slot(), g.offset(), g.offset(), one(g, 0, 1, 2, 3, 4, 5, 6, -1))
	case 6:
		return plain(unix.SYS_READAHEAD, "readahead", g.slot(), g.offset(), g.size())
	case 7:
		return plain(unix.SYS_SYNC_FILE_RANGE, "sync_file_range", g.slot(), g.offset(), g.offset(), one(g, 0, 1, 2, 7, 8))
	case 0:
		return plain(unix.SYS_SENDFILE, "sendfile", g.slot(), g.slot(), &buffer{}, n)
	case 1:
		v := g.vectorOf(empty(n))
		return plain(unix.SYS_PREADV, "preadv", g.slot(), v, len(v), one(g, 0, 100, 4096, -1))
	}
	return plain(unix.SYS_COPY_FILE_RANGE, "copy_file_range", g.slot(), &buffer{}, g.slot(), &buffer{}, n, 0)
}

func (g maker) rwFlags() int {
	return one(g, 0, 1, 2, 4, 8, 0x10, 0x10, 0x20, 0x30, 0x40, 0x80, 0x200, 0x400)
}

func (g maker) looking() operation {
	switch g.Intn(10) {
	case 9:
		return plain(unix.SYS_GETDENTS, "getdents", g.slot(), empty(4096), one(g, 4096, 4096, 20)).with(listedOld)
	case 0, 1, 2:
		return plain(unix.SYS_NEWFSTATAT, "newfstatat", g.at(), g.path(), empty(144),
			one(g, 0, atSymlinkNofollow, atEmptyPath)).with(stated)
	case 3:
		return plain(unix.SYS_FSTAT, "fstat", g.slot(), empty(144)).with(stated)
	case 4:
		return plain(unix.SYS_STATX, "statx", g.at(), one(g, g.path(), ""), one(g, 0, atSymlinkNofollow, atEmptyPath),
			unix.STATX_BASIC_STATS, empty(256)).with(statedX)
	case 5:
		return plain(unix.SYS_READLINKAT, "readlinkat", g.at(), g.path(), empty(300), one(g, 300, 1, 0)).with(head)
	case 6:
		return plain(unix.SYS_GETDENTS64, "getdents64", g.slot(), empty(4096), one(g, 4096, 4096, 20)).with(listed)
	case 7:
		return plain(unix.SYS_GETCWD, "getcwd", empty(4096), one(g, 4096, 3)).with(head)
	}
	return plain(unix.SYS_FACCESSAT2, "faccessat2", g.at(), g.path(), g.Intn(9), one(g, 0, atEaccess, atSymlinkNofollow))
}

func (g maker) attributes() operation {
	switch g.Intn(9) {
	case 8:
		return plain(unix.SYS_UTIME, "utime", g.path(), one(g, g.timespecs(), g.timespecs(), &buffer{}))
	case 0, 1:
		return plain(unix.SYS_FCHMODAT, "fchmodat", g.at(), g.path(), g.mode())
	case 2:
		return plain(unix.SYS_FCHMOD, "fchmod", g.slot(), g.mode())
	case 3:
		return plain(unix.SYS_FCHOWNAT, "fchownat", g.at(), g.path(), one(g, 0, 1, -1), one(g, 0, 1, -1),
			one(g, 0, atSymlinkNofollow, atEmptyPath))
	case 4:
		return plain(unix.SYS_FCHOWN, "fchown", g.slot(), one(g, 0, 1, -1), one(g, 0, 1, -1))
	case 5:
		return plain(unix.SYS_UTIMENSAT, "utimensat", g.at(), g.path(), g.timespecs(), one(g, 0, atSymlinkNofollow, atEmptyPath)).with(number)
	case 6:
		return plain(unix.SYS_FCHMODAT2, "fchmodat2", g.at(), g.path(), g.mode(), one(g, 0, atSymlinkNofollow, atEmptyPath))
	}
	return plain(unix.SYS_UMASK, "umask", g.mode())
}

func (g maker) descriptors() operation {
	switch g.Intn(10) {
	case 8:
		return plain(unix.SYS_FCNTL, "fcntl", g.slot(), fAddSeals, one(g, 1, 2, 4, 8, 16, 32, 6, 64))
	case 9:
		return plain(unix.SYS_FCNTL, "fcntl", g.slot(), fGetSeals, 0)
	case 0:
		return plain(unix.SYS_FCNTL, "fcntl", g.slot(), fGetFL, 0)
	case 1:
		return plain(unix.SYS_FCNTL, "fcntl", g.slot(), fSetFL, one(g, 0, syscall.O_APPEND, syscall.O_NONBLOCK))
	case 2:
		return plain(unix.SYS_FCNTL, "fcntl", g.slot(), fGetFD, 0)
	case 3:
		return plain(unix.SYS_FCNTL, "fcntl", g.slot(), one(g, fDupFD, fDupFDCloexec), one(g, 100, -1)).opening(g.slot())
	case 4:
		return plain(unix.SYS_FLOCK, "flock", g.slot(), one(g, 1, 2, 8, 3)|syscall.LOCK_NB)
	case 5, 6:
		return plain(unix.SYS_FCNTL, "fcntl", g.slot(), one(g, fGetLock, fSetLock, fOFDGet, fOFDSet), g.lock()).with(locked)
	}
	return plain(unix.SYS_FSYNC, "fsync", g.slot())
}
