package linux

import (
	"bytes"
	"strings"
	"syscall"
	"testing"

	"github.com/ringo-os/ringo/kernel/machine"
	"golang.org/x/sys/unix"
)

// A view is memory that a test has mapped. No processor uses the simulated tables, so the test reads and
// writes it as the kernel does.
type view struct {
	*testing.T
	at, size int
}

func mapView(t *testing.T, fd, size, protection, flags, offset int) view {
	t.Helper()
	return view{t, must(t, unix.SYS_MMAP, 0, size, protection, flags, fd, offset), (size + pageSize - 1) &^ (pageSize - 1)}
}

func (v view) get(offset, n int) string {
	v.Helper()
	b := make([]byte, n)
	if got := machine.CopyMemory(b, uintptr(v.at+offset), false); got != n {
		v.Errorf("%d bytes of %d at %d can be read", got, n, offset)
	}
	return string(b)
}

func (v view) put(offset int, s string) {
	v.Helper()
	if got := machine.CopyMemory([]byte(s), uintptr(v.at+offset), true); got != len(s) {
		v.Errorf("%d bytes of %d at %d can be written", got, len(s), offset)
	}
}

func (v view) unmap() {
	v.Helper()
	must(v.T, unix.SYS_MUNMAP, v.at, v.size)
}

// countRegions counts what is mapped: other tests leave something.
func countRegions() (n int) {
	for r, ok := machine.NextRegion(0); ok; r, ok = machine.NextRegion(r.End) {
		n++
	}
	return n
}

func TestMapAnonymous(t *testing.T) {
	reset()
	before := countRegions()
	v := mapView(t, -1, 3*pageSize+1, 3, syscall.MAP_ANON|syscall.MAP_PRIVATE, 0)
	v.put(0, strings.Repeat("7", v.size))
	must(t, unix.SYS_MADVISE, v.at+pageSize, pageSize, syscall.MADV_DONTNEED)
	if v.get(pageSize-1, 2) != "7\x00" || v.get(2*pageSize, 1) != "7" {
		t.Error("MADV_DONTNEED")
	}
	must(t, unix.SYS_MPROTECT, v.at, 4*pageSize, 1)
	fails(t, syscall.ENOMEM, unix.SYS_MPROTECT, v.at, 1<<20, 1)
	fails(t, syscall.EINVAL, unix.SYS_MPROTECT, v.at+1, pageSize, 1)
	fails(t, syscall.EINVAL, unix.SYS_MPROTECT, v.at, pageSize, 8)
	fails(t, syscall.EACCES, unix.SYS_MPROTECT, v.at, pageSize, 7)
	must(t, unix.SYS_MUNMAP, v.at+pageSize, pageSize)
	fails(t, syscall.ENOMEM, unix.SYS_MPROTECT, v.at, 2*pageSize, 1)
	fails(t, syscall.ENOMEM, unix.SYS_MINCORE, v.at, 2*pageSize, make([]byte, 2))
	v.unmap()
	v.unmap() // nothing is there
	fails(t, syscall.EINVAL, unix.SYS_MUNMAP, v.at, 0)
	if after := countRegions(); after != before {
		t.Errorf("%d regions are left, %d were there", after, before)
	}
	const private = syscall.MAP_ANON | syscall.MAP_PRIVATE
	fails(t, syscall.EINVAL, unix.SYS_MMAP, 0, 0, 3, private, -1, 0)
	fails(t, syscall.EINVAL, unix.SYS_MMAP, 0, pageSize, 3, syscall.MAP_ANON, -1, 0)
	fails(t, syscall.EINVAL, unix.SYS_MMAP, pageSize+1, pageSize, 3, private|syscall.MAP_FIXED, -1, 0)
	fails(t, syscall.ENOMEM, unix.SYS_MMAP, 0, pageSize, 3, private|mapHugePages, -1, 0)
	fails(t, syscall.EOPNOTSUPP, unix.SYS_MMAP, 0, pageSize, 3, syscall.MAP_ANON|mapSharedValidate|0x80000, -1, 0)
	fails(t, syscall.EACCES, unix.SYS_MMAP, 0, pageSize, 7, private, -1, 0)
}

func TestMapShared(t *testing.T) {
	reset()
	free := machine.FreeFrames()
	fd := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_CREAT|syscall.O_RDWR, 0o600)
	must(t, unix.SYS_WRITE, fd, bytes.Repeat([]byte("0123456789"), 600), 6000)
	b := mapView(t, fd, 4*pageSize, 3, syscall.MAP_SHARED, 0)
	file := func(offset, n int) string {
		p := make([]byte, n)
		return string(p[:must(t, unix.SYS_PREAD64, fd, p, n, offset)])
	}
	if b.get(0, 12) != "012345678901" || b.get(6000, 1) != "\x00" {
		t.Errorf("%q", b.get(0, 12))
	}
	must(t, unix.SYS_PWRITE64, fd, []byte("file"), 4, pageSize-2)
	if b.get(pageSize-2, 4) != "file" {
		t.Error("what was written is not in the memory")
	}
	b.put(10, "memory")
	if got := file(9, 8); got != "9memory6" {
		t.Errorf("the file has %q", got)
	}
	b.put(6000, "behind the end")
	must(t, unix.SYS_PWRITE64, fd, []byte("grown"), 5, 3*pageSize)
	if b.get(3*pageSize, 6) != "grown\x00" || file(6000, 4) != "\x00\x00\x00\x00" {
		t.Error("the file has not grown as it should")
	}
	must(t, unix.SYS_FTRUNCATE, fd, 100)
	if machine.CopyMemory(make([]byte, 1), uintptr(b.at+pageSize), false) != 0 {
		t.Error("memory behind the end can be read")
	}
	must(t, unix.SYS_FTRUNCATE, fd, 2*pageSize)
	if file(100, 5) != "\x00\x00\x00\x00\x00" || file(pageSize, 5) != "\x00\x00\x00\x00\x00" {
		t.Error("what was cut off came back")
	}
	other := mapView(t, fd, pageSize, 1, syscall.MAP_SHARED, pageSize)
	b.unmap()
	must(t, unix.SYS_PWRITE64, fd, []byte("x"), 1, pageSize+5)
	if other.get(5, 1) != "x" {
		t.Error("unmapping one mapping ended the other")
	}
	fails(t, syscall.EACCES, unix.SYS_MMAP, 0, pageSize, 3, syscall.MAP_SHARED, must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_RDONLY, 0), 0)

	maps := string(mapsOf("/program"))
	if !strings.Contains(maps, " r--s 00001000 ") || !strings.HasSuffix(maps, " /f\n") {
		t.Errorf("/proc/self/maps:\n%s", maps)
	}

	// Pages of a hole, of a program's making, count.
	var st syscall.Stat_t
	hole := mapView(t, fd, 64*pageSize, 3, syscall.MAP_SHARED, 0)
	must(t, unix.SYS_FTRUNCATE, fd, 64*pageSize)
	hole.put(40*pageSize, "x")
	hole.unmap()
	e, _ := files.Lookup(files.Root(), "/f", true)
	if e.Node().Status(&st); st.Blocks != 3*8 {
		t.Errorf("%d blocks", st.Blocks)
	}
	const seekData = 3
	if at := must(t, unix.SYS_LSEEK, fd, 3*pageSize, seekData); at != 40*pageSize {
		t.Errorf("SEEK_DATA: %d", at)
	}

	// A file that is gone is there as long as it is mapped.
	must(t, unix.SYS_UNLINK, "f")
	must(t, unix.SYS_CLOSE, fd)
	must(t, unix.SYS_CLOSE, fd+1)
	var s syscall.Statfs_t
	v := files.Root().Node().Volume()
	if v.Statistics(&s); s.Blocks-s.Bfree == 0 || other.get(5, 1) != "x" {
		t.Error("the file is gone")
	}
	other.unmap()
	if v.Statistics(&s); s.Blocks != s.Bfree {
		t.Error(s.Blocks-s.Bfree, "pages are left")
	}
	if now := machine.FreeFrames(); now+2 < free { // the list of regions may have grown
		t.Errorf("%d frames are free, %d were", now, free)
	}
}

func TestMapPrivate(t *testing.T) {
	reset()
	fd := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_CREAT|syscall.O_RDWR, 0o600)
	must(t, unix.SYS_PWRITE64, fd, []byte("hello"), 5, pageSize)
	b := mapView(t, fd, 2*pageSize, 3, syscall.MAP_PRIVATE, pageSize)
	if b.get(0, 6) != "hello\x00" {
		t.Errorf("%q", b.get(0, 6))
	}
	b.put(0, "j")
	p := make([]byte, 5)
	if must(t, unix.SYS_PREAD64, fd, p, 5, pageSize); string(p) != "hello" {
		t.Errorf("the file has %q", p)
	}
	if b.get(0, 5) != "jello" {
		t.Errorf("%q", b.get(0, 5))
	}
	b.unmap()
	fails(t, syscall.EINVAL, unix.SYS_MMAP, 0, pageSize, 1, syscall.MAP_PRIVATE, fd, 100)
	fails(t, syscall.EBADF, unix.SYS_MMAP, 0, pageSize, 1, syscall.MAP_PRIVATE, 99, 0)
	r, w := newPipe(t, 0)
	fails(t, syscall.ENODEV, unix.SYS_MMAP, 0, pageSize, 1, syscall.MAP_PRIVATE, r, 0)
	fails(t, syscall.EACCES, unix.SYS_MMAP, 0, pageSize, 1, syscall.MAP_PRIVATE, w, 0)
}

// Mapped memory as an argument of system calls.
func TestMappedArguments(t *testing.T) {
	reset()
	v := mapView(t, -1, 4*pageSize, 3, syscall.MAP_ANON|syscall.MAP_PRIVATE, 0)
	must(t, unix.SYS_MPROTECT, v.at+pageSize, pageSize, 0)
	v.put(pageSize-4, "/f\x00")
	fd := must(t, unix.SYS_OPENAT, int(currentDirectory), v.at+pageSize-4, syscall.O_CREAT|syscall.O_RDWR, 0o600)
	fails(t, syscall.EFAULT, unix.SYS_OPENAT, int(currentDirectory), v.at+pageSize, syscall.O_CREAT|syscall.O_RDWR, 0o600)
	v.put(pageSize-6, "//")
	v.put(pageSize-2, "xx")
	fails(t, syscall.EFAULT, unix.SYS_OPENAT, int(currentDirectory), v.at+pageSize-6, syscall.O_CREAT|syscall.O_RDWR, 0o600)
	v.put(0, "written from there")
	if n := must(t, unix.SYS_WRITE, fd, v.at, 18); n != 18 {
		t.Error(n)
	}
	if n := must(t, unix.SYS_PREAD64, fd, v.at+3*pageSize-9, 18, 0); n != 18 || v.get(3*pageSize-9, 18) != "written from there" {
		t.Errorf("%d, %q", n, v.get(3*pageSize-9, 18))
	}
	fails(t, syscall.EFAULT, unix.SYS_WRITE, fd, v.at+pageSize-1, 2)
	fails(t, syscall.EFAULT, unix.SYS_PREAD64, fd, v.at+pageSize-1, 2, 0)
	fails(t, syscall.EFAULT, unix.SYS_FSTAT, fd, v.at+pageSize)
	must(t, unix.SYS_MPROTECT, v.at, pageSize, 1)
	fails(t, syscall.EFAULT, unix.SYS_PREAD64, fd, v.at, 5, 0)
	must(t, unix.SYS_PWRITE64, fd, v.at, 5, 0)
	v.unmap()
	accessOnly(t)
	fails(t, syscall.EFAULT, unix.SYS_WRITE, fd, v.at, 1)
}

func TestMoveMemory(t *testing.T) {
	reset()
	const private = syscall.MAP_ANON | syscall.MAP_PRIVATE
	v := mapView(t, -1, 2*pageSize, 3, private, 0)
	v.put(0, "hello")
	fails(t, syscall.EINVAL, unix.SYS_MREMAP, v.at+1, pageSize, pageSize, 1, 0)
	fails(t, syscall.EINVAL, unix.SYS_MREMAP, v.at, pageSize, 0, 1, 0)
	fails(t, syscall.EINVAL, unix.SYS_MREMAP, v.at, pageSize, pageSize, 2, 1<<40)
	fails(t, syscall.EINVAL, unix.SYS_MREMAP, v.at, pageSize, pageSize, 4, 0)
	fails(t, syscall.EFAULT, unix.SYS_MREMAP, v.at, 3*pageSize, pageSize, 1, 1<<41)
	fence := must(t, unix.SYS_MMAP, v.at+2*pageSize, pageSize, 3, private|mapFixedNoReplace, -1, 0)
	fails(t, syscall.ENOMEM, unix.SYS_MREMAP, v.at, 2*pageSize, 3*pageSize, 0, 0)
	moved := view{t, must(t, unix.SYS_MREMAP, v.at, 2*pageSize, 300*pageSize, 1, 0), 300 * pageSize}
	if moved.get(0, 6) != "hello\x00" || machine.Mapped(uintptr(v.at)) {
		t.Error("it did not move")
	}
	must(t, unix.SYS_MUNMAP, fence, pageSize)
	to := view{t, must(t, unix.SYS_MREMAP, moved.at, 300*pageSize, pageSize, 3, 1<<40), pageSize}
	if to.at != 1<<40 || to.get(0, 5) != "hello" || machine.Mapped(uintptr(moved.at)) {
		t.Error("it did not move there")
	}
	to.unmap()
}

func TestAdvice(t *testing.T) {
	reset()
	v := mapView(t, -1, 8*pageSize, 3, syscall.MAP_ANON|syscall.MAP_SHARED, 0)
	v.put(pageSize, "x")
	must(t, unix.SYS_MADVISE, v.at, v.size, syscall.MADV_DONTNEED)
	if v.get(pageSize, 1) != "x" {
		t.Error("MADV_DONTNEED of shared memory")
	}
	must(t, unix.SYS_MADVISE, v.at, v.size, adviceRemove)
	if v.get(pageSize, 1) != "\x00" {
		t.Error("MADV_REMOVE")
	}
	fails(t, syscall.EINVAL, unix.SYS_MADVISE, v.at, v.size, adviceFree)
	fails(t, syscall.EINVAL, unix.SYS_MADVISE, v.at, v.size, 99)
	fails(t, syscall.EINVAL, unix.SYS_MADVISE, v.at, v.size, 5)
	must(t, unix.SYS_MADVISE, v.at, v.size, advicePopulateWrite)
	residents := make([]byte, 8)
	if must(t, unix.SYS_MINCORE, v.at, v.size, residents); !bytes.Equal(residents, []byte{1, 1, 1, 1, 1, 1, 1, 1}) {
		t.Errorf("mincore: %v", residents)
	}
	must(t, unix.SYS_MPROTECT, v.at, v.size, 1)
	fails(t, syscall.EFAULT, unix.SYS_MADVISE, v.at, v.size, advicePopulateWrite)
	must(t, unix.SYS_MSYNC, v.at, v.size, 4)
	fails(t, syscall.EINVAL, unix.SYS_MSYNC, v.at, v.size, 5)
	must(t, unix.SYS_MLOCK, v.at+5, pageSize)
	v.unmap()
	for _, advice := range []int{syscall.MADV_DONTNEED, adviceHugePage, adviceRemove, advicePopulateRead, adviceCollapse} {
		fails(t, syscall.ENOMEM, unix.SYS_MADVISE, v.at, v.size, advice)
	}
}

// TestCollapse: small pages become large ones, and what was in them stays.
func TestCollapse(t *testing.T) {
	reset()
	const large = 2 << 20
	v := mapView(t, -1, 3*large, 3, syscall.MAP_ANON|syscall.MAP_PRIVATE, 0)
	at := (v.at + large - 1) &^ (large - 1)
	pages := func() (size uint64) {
		m, _ := machine.NextMapping(uint64(at))
		return m.Size
	}
	fails(t, syscall.EINVAL, unix.SYS_MADVISE, at, large, adviceCollapse)
	must(t, unix.SYS_MADVISE, at, large, adviceNoHugePage)
	v.put(at-v.at, "begins")
	v.put(at-v.at+large-4, "ends")
	fails(t, syscall.EINVAL, unix.SYS_MADVISE, at, large, adviceCollapse)
	must(t, unix.SYS_MADVISE, at, large, adviceHugePage)
	fails(t, syscall.EINVAL, unix.SYS_MADVISE, at+1, large, adviceCollapse)
	must(t, unix.SYS_MADVISE, at+pageSize, large-pageSize, adviceCollapse)
	if pages() != pageSize {
		t.Errorf("a page of %d bytes", pages())
	}
	must(t, unix.SYS_MADVISE, at, large, adviceCollapse)
	if pages() != large || v.get(at-v.at, 7) != "begins\x00" || v.get(at-v.at+large-5, 5) != "\x00ends" {
		t.Errorf("a page of %d bytes, %q, %q", pages(), v.get(at-v.at, 7), v.get(at-v.at+large-5, 5))
	}
	v.unmap()
}
