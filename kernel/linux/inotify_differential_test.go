package linux

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// watcher is the slot of an inotify instance that is read after each operation.
const watcher = slots - 1

// TestDifferentialInotify makes random calls while files and directories are watched, here and of Linux.
func TestDifferentialInotify(t *testing.T) {
	compareMany(t, func(seed int64) sequence {
		return &watching{maker: maker{Rand: rand.New(rand.NewSource(seed))}}
	})
}

// watching makes up operations of which every other one reads what has happened.
type watching struct {
	maker
	looked bool
}

func (g *watching) furniture(seed int64) []operation {
	first := []operation{plain(unix.SYS_INOTIFY_INIT1, "inotify_init1", syscall.O_NONBLOCK).opening(watcher)}
	return append(first, g.maker.furniture(seed)...)
}

func (g *watching) operation() operation {
	if g.looked = !g.looked; g.looked {
		return plain(unix.SYS_READ, "read", descriptor(watcher), empty(1<<16), one(g.maker, 1<<16, 1<<16, 1<<16, 1<<16, 32, 16, 5)).with(happened)
	}
	switch g.Intn(12) {
	case 0, 1, 2:
		return plain(unix.SYS_INOTIFY_ADD_WATCH, "inotify_add_watch", descriptor(watcher), g.path(), g.watchMask())
	case 3:
		return plain(unix.SYS_INOTIFY_ADD_WATCH, "inotify_add_watch", one(g.maker, descriptor(watcher), g.slot()), g.path(), g.watchMask())
	case 4:
		return plain(unix.SYS_INOTIFY_RM_WATCH, "inotify_rm_watch", one(g.maker, descriptor(watcher), descriptor(watcher), g.slot()), g.Intn(20))
	case 5:
		return plain(unix.SYS_IOCTL, "ioctl", descriptor(watcher), fionread, empty(4))
	}
	return g.maker.operation()
}

func (g maker) watchMask() int {
	mask := one(g, inotifyAll, inotifyAll, inotifyAll, 1<<g.Intn(32), g.Intn(1<<12), g.Intn(1<<12), 0, 1<<16)
	for _, flag := range []int{inOnlyDir, inDontFollow, inExclUnlink, inMaskCreate, inMaskAdd, inOneShot} {
		if g.Intn(8) == 0 {
			mask |= flag
		}
	}
	return mask
}

// nameless is the name of a file without one (O_TMPFILE): its inode number.
var nameless = regexp.MustCompile(`#[0-9]+`)

// happened makes what is read from an inotify instance comparable: the cookies are not the same.
func happened(n uintptr, b []byte) string {
	var text strings.Builder
	cookies := map[uint32]int{0: 0}
	for b = b[:n]; len(b) >= inotifyHeader; {
		word := func(i int) uint32 { return binary.NativeEndian.Uint32(b[4*i:]) }
		cookie, known := cookies[word(2)]
		if !known {
			cookie = len(cookies)
			cookies[word(2)] = cookie
		}
		end := inotifyHeader + int(word(3))
		name := nameless.ReplaceAllString(fmt.Sprintf("%q", b[inotifyHeader:end]), "#")
		if strings.HasPrefix(name, `"#`) {
			name = "#"
		}
		fmt.Fprintf(&text, "%d %#x %d %s\n", int32(word(0)), word(1), cookie, name)
		b = b[end:]
	}
	return text.String()
}

// A script is operations that are made one after the other, each with a look at what it made happen.
type script []operation

func (s script) operation() operation { panic("the script is over") }

func (s script) furniture(int64) (list []operation) {
	for _, o := range s {
		list = append(list, o, plain(unix.SYS_READ, "read", descriptor(watcher), empty(1<<16), 1<<16).with(happened))
	}
	return list
}

// When a file is gone, and with it the watch, is decided by who still uses it by which name.
func TestDifferentialInotifyGone(t *testing.T) {
	const cwd = descriptor(-1)
	begin := plain(unix.SYS_INOTIFY_INIT1, "inotify_init1", syscall.O_NONBLOCK).opening(watcher)
	watch := func(path string) operation {
		return plain(unix.SYS_INOTIFY_ADD_WATCH, "inotify_add_watch", descriptor(watcher), path, inotifyAll)
	}
	open := func(slot int, path string, flags int) operation {
		return plain(unix.SYS_OPENAT, "openat", cwd, path, flags, 0o644).opening(descriptor(slot))
	}
	mkdir := func(path string) operation { return plain(unix.SYS_MKDIRAT, "mkdirat", cwd, path, 0o755) }
	rmdir := func(path string) operation { return plain(unix.SYS_RMDIR, "rmdir", path) }
	unlink := func(path string) operation { return plain(unix.SYS_UNLINK, "unlink", path) }
	chdir := func(path string) operation { return plain(unix.SYS_CHDIR, "chdir", path) }
	write := func(slot int) operation {
		return plain(unix.SYS_WRITE, "write", descriptor(slot), &buffer{[]byte("x")}, 1)
	}
	replace := func(slot int) operation { return open(slot, "/", syscall.O_RDONLY) } // closes what was in the slot
	for name, s := range map[string]script{
		"a folder whose open file has gone": {begin, mkdir("a"), watch("a"), open(0, "a/f", syscall.O_CREAT|syscall.O_RDWR),
			unlink("a/f"), rmdir("a"), write(0), replace(0)},
		"a folder below the open one": {begin, mkdir("a"), mkdir("a/b"), watch("a"), watch("a/b"), open(0, "a/b", syscall.O_RDONLY),
			rmdir("a/b"), rmdir("a"), replace(0)},
		"the current directory": {begin, mkdir("a"), watch("a"), chdir("a"), rmdir("/a"), chdir("/")},
		"by its other name": {begin, open(0, "f", syscall.O_CREAT|syscall.O_RDWR), watch("f"), watch("."),
			plain(unix.SYS_LINKAT, "linkat", cwd, "f", cwd, "g", 0), unlink("f"), write(0), unlink("g"), write(0), replace(0)},
		"opened as a path": {begin, open(0, "f", syscall.O_CREAT|syscall.O_RDWR), watch("f"), open(1, "f", oPath), replace(0), unlink("f"), replace(1)},
		"without a name": {begin, mkdir("a"), watch("a"), open(0, "a", oTmpfile|syscall.O_RDWR), write(0),
			plain(unix.SYS_LINKAT, "linkat", descriptor(0), "", cwd, "a/f", atEmptyPath), write(0), watch("a/f"), write(0), unlink("a/f"), replace(0)},
		"replaced": {begin, mkdir("a"), mkdir("b"), watch("."), watch("a"), watch("b"), open(0, "b", syscall.O_RDONLY),
			plain(unix.SYS_RENAMEAT2, "renameat2", cwd, "a", cwd, "b", 0), replace(0), rmdir("b")},
		"exchanged": {begin, mkdir("a"), mkdir("b"), open(0, "a/f", syscall.O_CREAT|syscall.O_RDWR), watch("a"), watch("b"), watch("a/f"), watch("."),
			plain(unix.SYS_RENAMEAT2, "renameat2", cwd, "a/f", cwd, "b", 2), write(0)},
	} {
		t.Run(name, func(t *testing.T) { compare(t, s, 0, 2*len(s)) })
	}
}
