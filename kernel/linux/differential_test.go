package linux

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"slices"
	"sort"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/fs"
	"golang.org/x/sys/unix"
)

// The differential test makes the same random system calls here and of the Linux that runs the test,
// in a tmpfs of its own, and compares everything that comes back.

// An operation is one system call. Its arguments are int (a number), descriptor (one of the slots
// that open files are kept in), string (a path), *buffer and vector.
type operation struct {
	number    uintptr
	name      string
	arguments []any
	opens     int                                   // slot for the descriptor that the call returns, -1 for none
	normalize func(result uintptr, b []byte) string // makes results comparable
}

type descriptor int

type buffer struct{ data []byte }

type vector []*buffer

func (o operation) String() string {
	var words []string
	for _, a := range o.arguments {
		switch a := a.(type) {
		case string:
			words = append(words, fmt.Sprintf("%.40q", a))
		case *buffer:
			words = append(words, fmt.Sprintf("[%d]", len(a.data)))
		case vector:
			words = append(words, fmt.Sprintf("iov%d", len(a)))
		case descriptor:
			words = append(words, fmt.Sprintf("fd%d", int(a)))
		case int:
			words = append(words, fmt.Sprintf("%#x", a))
		}
	}
	s := o.name + "(" + strings.Join(words, ", ") + ")"
	if o.opens >= 0 {
		s += fmt.Sprintf(" -> fd%d", o.opens)
	}
	return s
}

const slots = 9

// A world is one of the two that are compared.
type world struct {
	descriptors [slots]int
	call        func(number uintptr, a [6]uintptr) (uintptr, syscall.Errno)
}

// An outcome is what can be compared.
type outcome struct {
	errno  syscall.Errno
	result string
}

// do makes the call in w. The memory of its arguments is copied, for each world sees its own.
func (w *world) do(o operation) outcome {
	var a [6]uintptr
	var keep []any
	var out []byte
	for i, argument := range o.arguments {
		switch v := argument.(type) {
		case int:
			a[i] = uintptr(v)
		case descriptor:
			a[i] = uintptr(atCWDInt)
			if v >= 0 {
				a[i] = uintptr(w.descriptors[v])
			}
		case string:
			p := append([]byte(v), 0)
			keep = append(keep, p)
			a[i] = uintptr(unsafe.Pointer(&p[0]))
		case *buffer:
			out = append([]byte(nil), v.data...)
			if len(out) > 0 {
				keep = append(keep, out)
				a[i] = uintptr(unsafe.Pointer(&out[0]))
			}
		case vector:
			iovs := make([]unix.Iovec, len(v)+1)
			for _, b := range v {
				out = append(out, b.data...)
			}
			out = append(out, 0)
			at := 0
			for k, b := range v {
				iovs[k].Base = &out[at]
				iovs[k].SetLen(len(b.data))
				at += len(b.data)
			}
			keep = append(keep, iovs)
			a[i] = uintptr(unsafe.Pointer(&iovs[0]))
		}
	}
	result, errno := w.call(o.number, a)
	runtime.KeepAlive(keep)
	if errno != 0 {
		return outcome{errno: errno}
	}
	if o.opens >= 0 {
		w.keep(o.opens, int(result))
		return outcome{result: "opened"}
	}
	if o.normalize != nil {
		return outcome{result: o.normalize(result, out)}
	}
	return outcome{result: fmt.Sprintf("%d %x", int(result), out)}
}

const atCWDInt = -100 & (1<<64 - 1)

// keep puts a descriptor into a slot.
func (w *world) keep(slot, fd int) {
	if w.descriptors[slot] >= 0 {
		w.call(unix.SYS_CLOSE, [6]uintptr{uintptr(w.descriptors[slot])})
	}
	w.descriptors[slot] = fd
}

func (w *world) clear() {
	for i := range w.descriptors {
		w.keep(i, -1)
	}
}

// here returns the world of this package, with an empty tree of files.
func here() *world {
	reset()
	w := &world{call: func(number uintptr, a [6]uintptr) (uintptr, syscall.Errno) {
		r, errno := Dispatch(number, &call.Arguments{Value: a})
		return r, syscall.Errno(errno)
	}}
	for i := range w.descriptors {
		w.descriptors[i] = -1
	}
	return w
}

// reset gives the process an empty tree of files.
func reset() {
	for _, fd := range openDescriptors() {
		closeDescriptor(fd)
	}
	files = fs.New(1 << 30)
	files.Root().Hold()
	process.directory.Store(files.Root())
	process.umask.Store(0o022)
	process.domainname.Store(nil)
	credentials.user, credentials.group, credentials.groups = identity{}, identity{}, nil
	limits.all = firstLimits()
	descriptors.limit.Store(0)
	turns.all = nil
	signals.mu.Lock()
	for _, t := range posixTimers.all {
		t.remove()
	}
	posixTimers.next = 0
	barriers.Store(0)
	signals.masks, signals.pending, signals.takers = nil, nil, nil
	signals.mu.Unlock()
	for i := range intervalTimers {
		intervalTimers[i].set(0, 0)
	}
}

// linux returns the world of the Linux that runs the test: a directory in /dev/shm, which becomes
// this thread's root.
func linux(t *testing.T) *world {
	directory, err := os.MkdirTemp("/dev/shm", "ringo")
	if err != nil {
		t.Skip("no tmpfs to compare with:", err)
	}
	t.Cleanup(func() { os.RemoveAll(directory) })
	os.Chmod(directory, 0o755)
	if err := syscall.Unshare(syscall.CLONE_FS); err != nil {
		t.Skip("not root:", err)
	}
	for _, err := range []error{syscall.Chroot(directory), syscall.Chdir("/")} {
		if err != nil {
			t.Skip("not root:", err)
		}
	}
	syscall.Umask(0o022)
	w := &world{call: func(number uintptr, a [6]uintptr) (uintptr, syscall.Errno) {
		r, _, errno := syscall.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
		return r, errno
	}}
	for i := range w.descriptors {
		w.descriptors[i] = -1
	}
	return w
}

func TestDifferential(t *testing.T) {
	compareMany(t, func(seed int64) sequence { return maker{rand.New(rand.NewSource(seed)), seed%4 == 0} })
}

// A sequence makes up operations, one after the other, after those that it begins with.
type sequence interface {
	operation() operation
	furniture(seed int64) []operation
}

// compareMany compares many sequences of operations.
func compareMany(t *testing.T, generate func(seed int64) sequence) {
	runs, length := 150, 400
	if testing.Short() {
		runs = 30
	}
	if os.Getenv("RINGO_LONG") != "" {
		runs = 20000
	}
	for seed := range runs {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) {
			compare(t, generate(int64(seed)), int64(seed), length)
		}) {
			break
		}
	}
}

// compare runs one sequence of operations, which g makes up, in both worlds. Its thread has a root of its own
// afterwards, and ends with the goroutine.
func compare(t *testing.T, g sequence, seed int64, length int) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for ever
		theirs := linux(t)
		ours := here()
		defer theirs.clear()
		defer ours.clear()
		var trace []string
		first := g.furniture(seed)
		for i := range length {
			var o operation
			if i < len(first) {
				o = first[i]
			} else {
				o = g.operation()
			}
			if ours.avoids(o) {
				continue
			}
			want, got := theirs.do(o), ours.do(o)
			trace = append(trace, fmt.Sprintf("%v = %v %.60s", o, want.errno, want.result))
			if got != want && !either(o, got.errno, want.errno) {
				if len(trace) > 400 {
					trace = trace[len(trace)-400:]
				}
				t.Errorf("%s\n%v\nLinux: %v %.300s\n here: %v %.300s", strings.Join(trace, "\n"),
					o, want.errno, want.result, got.errno, got.result)
				return
			}
		}
	}()
	<-done
}

// avoids reports whether an operation means something else here than on Linux, and nobody minds.
func (w *world) avoids(o operation) bool {
	switch o.number {
	case unix.SYS_LSEEK: // in a directory: what positions there are
		return w.directory(o.arguments[0]) && (o.arguments[1] != 0 || o.arguments[2] != 0)
	case unix.SYS_FCNTL: // a lock relative to such a position
		b, ok := o.arguments[2].(*buffer)
		return ok && b.data[2] != 0 && w.directory(o.arguments[0])
	case unix.SYS_SENDFILE: // from a file to itself
		from, errno1 := Lookup(uintptr(w.descriptors[o.arguments[0].(descriptor)]))
		to, errno2 := Lookup(uintptr(w.descriptors[o.arguments[1].(descriptor)]))
		if errno1 != 0 || errno2 != 0 {
			return false
		}
		x, _ := from.entry()
		y, _ := to.entry()
		return x != nil && y != nil && x.Node() == y.Node()
	}
	return false
}

// directory reports whether a slot holds a directory.
func (w *world) directory(slot any) bool {
	d, errno := Lookup(uintptr(w.descriptors[slot.(descriptor)]))
	return errno == 0 && d.directory()
}

// either reports whether two errnos of a call with two paths are about one of them each: then it does
// not matter which was looked at first.
func either(o operation, x, y syscall.Errno) bool {
	if o.number != unix.SYS_RENAMEAT2 && o.number != unix.SYS_LINKAT || x == 0 || y == 0 {
		return false
	}
	if x == syscall.ENAMETOOLONG || y == syscall.ENAMETOOLONG {
		return true // seen later by Linux, when it looks for the name
	}
	unreachable := []syscall.Errno{syscall.ENOENT, syscall.ENOTDIR, syscall.EBADF, syscall.ELOOP, syscall.ENAMETOOLONG}
	return slices.Contains(unreachable, x) && slices.Contains(unreachable, y)
}

// stated makes the results of stat comparable.
func stated(_ uintptr, b []byte) string {
	st := (*syscall.Stat_t)(unsafe.Pointer(&b[0]))
	return fmt.Sprintf("mode %o links %d owner %d:%d size %d blocks %d",
		st.Mode, st.Nlink, st.Uid, st.Gid, st.Size, st.Blocks)
}

func statedX(_ uintptr, b []byte) string {
	st := (*unix.Statx_t)(unsafe.Pointer(&b[0]))
	return fmt.Sprintf("mode %o links %d owner %d:%d size %d blocks %d",
		st.Mode, st.Nlink, st.Uid, st.Gid, st.Size, st.Blocks)
}

// listedOld is listed for getdents, where the type is the last byte.
func listedOld(n uintptr, b []byte) string {
	var names []string
	for b = b[:n]; len(b) > 0; {
		size := int(b[16]) | int(b[17])<<8
		name, _, _ := bytes.Cut(b[18:size], []byte{0})
		names = append(names, fmt.Sprintf("%s:%d", name, b[size-1]))
		b = b[size:]
	}
	sort.Strings(names)
	return strings.Join(names, " ")
}

// listed makes the results of getdents64 comparable: the order is not the same.
func listed(n uintptr, b []byte) string {
	var names []string
	for b = b[:n]; len(b) > 0; {
		size := int(b[16]) | int(b[17])<<8
		name, _, _ := bytes.Cut(b[19:size], []byte{0})
		names = append(names, fmt.Sprintf("%s:%d", name, b[18]))
		b = b[size:]
	}
	sort.Strings(names)
	return strings.Join(names, " ")
}
