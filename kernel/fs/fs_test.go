package fs

import (
	"bytes"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/kernel/file"
)

// read returns all of a file.
func read(t *testing.T, files *FS, path string) string {
	t.Helper()
	f, errno := files.Open(files.Root(), path, syscall.O_RDONLY, 0)
	if errno != 0 {
		t.Fatalf("%s: %v", path, errno)
	}
	defer f.Close()
	var all []byte
	p := make([]byte, 777)
	for {
		n, errno := f.Read(p)
		if errno != 0 {
			t.Fatalf("%s: %v", path, errno)
		}
		if all = append(all, p[:n]...); n == 0 {
			return string(all)
		}
	}
}

// names lists a directory.
func names(t *testing.T, f file.File, most int) (list []string) {
	t.Helper()
	errno := f.(Directory).Names(func(n Name) bool {
		if len(list) == most {
			return false
		}
		list = append(list, n.Name)
		return true
	})
	if errno != 0 {
		t.Fatal(errno)
	}
	return list
}

func create(t *testing.T, files *FS, path, content string) {
	t.Helper()
	f, errno := files.Open(files.Root(), path, syscall.O_CREAT|syscall.O_WRONLY|syscall.O_TRUNC, 0o644)
	if errno != 0 {
		t.Fatalf("%s: %v", path, errno)
	}
	f.Write([]byte(content))
	f.Close()
}

// Names come in the order in which they were made, and each once, whatever else comes and goes.
func TestNamesAreStable(t *testing.T) {
	files := New(1 << 20)
	for _, name := range strings.Fields("d c b a f e") {
		create(t, files, name, "")
	}
	f, _ := files.Open(files.Root(), "/", syscall.O_RDONLY, 0)
	got := names(t, f, 4) // ".", "..", "d", "c"
	for _, name := range []string{"d", "b"} {
		files.Remove(files.Root(), name)
	}
	create(t, files, "new", "")
	position, _ := f.(file.Seeker).Move(0, 1)
	got = append(got, names(t, f, 1)...)
	got = append(got, names(t, f, 100)...)
	if want := strings.Fields(". .. d c a f e new"); !slices.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
	if more := names(t, f, 100); more != nil {
		t.Errorf("after the end: %q", more)
	}
	f.(file.Seeker).Move(position, 0)
	if again, want := names(t, f, 100), strings.Fields("a f e new"); !slices.Equal(again, want) {
		t.Errorf("again %q, want %q", again, want)
	}
}

func TestManyNames(t *testing.T) {
	files := New(1 << 20)
	for i := range 3000 {
		create(t, files, strings.Repeat("x", i%200+1)+string(rune('a'+i/200)), "")
	}
	f, _ := files.Open(files.Root(), "/", syscall.O_RDONLY, 0)
	count := 0
	for {
		list := names(t, f, 7)
		if len(list) == 0 {
			break
		}
		count += len(list)
		for _, name := range list {
			if name[0] == 'x' {
				if errno := files.Remove(files.Root(), name); errno != 0 {
					t.Fatal(errno)
				}
			}
		}
	}
	if count != 3002 {
		t.Error(count, "names")
	}
	if c := files.root.node.children; len(c.order)-c.gaps != 0 || len(c.order) > 40 {
		t.Error("left:", len(c.order), c.gaps)
	}
}

// What the archive brought is copied page by page, when it is written to.
func TestBaseStays(t *testing.T) {
	files := New(1 << 20)
	base := bytes.Repeat([]byte("0123456789"), 1000)
	before := bytes.Clone(base)
	e, errno := files.Place("/f", Attributes{Mode: syscall.S_IFREG | 0o644}, base, nil)
	if errno != 0 {
		t.Fatal(errno)
	}
	f, _ := files.Open(files.Root(), "f", syscall.O_RDWR, 0)
	s := f.(file.Seeker)
	want := bytes.Clone(base)
	check := func(what string, pages int64) {
		t.Helper()
		if got := read(t, files, "f"); got != string(want) {
			t.Error(what, "went wrong")
		}
		if !bytes.Equal(base, before) {
			t.Fatal(what, "changed the archive")
		}
		if used := e.node.volume.used.Load(); used != pages {
			t.Errorf("%s: %d pages, want %d", what, used, pages)
		}
	}
	check("reading", 0)
	s.WriteAt([]byte("hello"), 4094)
	copy(want[4094:], "hello")
	check("writing", 2)
	e.node.Truncate(9000)
	want = want[:9000]
	check("truncating", 2)
	e.node.Truncate(9500)
	want = append(want, make([]byte, 500)...)
	check("growing", 2)
	e.node.Allocate(AllocatePunchHole|AllocateKeepSize, 8200, 100)
	clear(want[8200:8300])
	check("punching", 3)
	s.WriteAt([]byte("x"), 20000)
	want = append(append(want, make([]byte, 20000-9500)...), 'x')
	check("writing far", 4)
	e.node.Truncate(0)
	want = nil
	check("truncating to nothing", 0)
}

func TestFarPages(t *testing.T) {
	files := New(1 << 30)
	e, _ := files.Place("/f", Attributes{Mode: syscall.S_IFREG | 0o644}, nil, nil)
	d := e.node.data
	v := e.node.volume
	at := []int64{1 << 50, 1 << 40, 5 << 20, 0, 4096, 1 << 23, maxSize - 1}
	for _, offset := range at {
		if n, errno := d.writeAt(v, []byte{byte(offset >> 8), 7}, offset); n == 0 || errno != 0 {
			t.Fatal(n, errno)
		}
	}
	if len(d.dense) > 5000 || len(d.far) < 3 {
		t.Error("dense", len(d.dense), "far", len(d.far))
	}
	for i := range int64(3000) { // the pages come near
		d.writeAt(v, []byte("x"), i*pageSize+100)
	}
	var p [2]byte
	for _, offset := range at {
		if n := d.readAt(p[:], offset); n == 0 || p[0] != byte(offset>>8) {
			t.Errorf("at %#x: %v", offset, p)
		}
	}
	if next, errno := d.seek(1<<45, true); next != 1<<50 || errno != 0 {
		t.Errorf("data at %#x, %v", next, errno)
	}
	if next, errno := d.seek(1<<50, false); next != 1<<50+pageSize || errno != 0 {
		t.Errorf("a hole at %#x, %v", next, errno)
	}
	d.truncate(v, 1<<50)
	if d.readAt(p[:], 1<<50) != 0 || len(d.far) != 1 {
		t.Error("truncating left", d.far)
	}
	d.truncate(v, 0)
	if v.used.Load() != 0 || d.taken != 0 || len(d.far) != 0 {
		t.Error("left", v.used.Load(), d.taken, d.far)
	}
}

func TestDevices(t *testing.T) {
	files := New(1 << 20)
	files.MountDevices(Devices{
		Random:   func(p []byte) syscall.Errno { p[0] = 42; return 0 },
		Terminal: func(e *Entry, flags int) (file.File, syscall.Errno) { return &handle{e}, 0 },
	})
	for _, test := range []struct {
		name         string
		n            int
		first        byte
		write, magic syscall.Errno
	}{
		{"null", 0, 7, 0, 0}, {"zero", 5, 0, 0, 0}, {"full", 5, 0, syscall.ENOSPC, 0}, {"urandom", 5, 42, 0, 0},
	} {
		f, errno := files.Open(files.Root(), "/dev/"+test.name, syscall.O_RDWR, 0)
		if errno != 0 {
			t.Fatal(test.name, errno)
		}
		p := []byte{7, 7, 7, 7, 7}
		if n, errno := f.Read(p); n != test.n || errno != 0 || p[0] != test.first {
			t.Error(test.name, n, errno, p)
		}
		if _, errno := f.Write(p); errno != test.write {
			t.Error(test.name, errno)
		}
		var st syscall.Stat_t
		if f.Status(&st); st.Mode != syscall.S_IFCHR|0o666 || st.Rdev>>8 != 1 {
			t.Errorf("%s: %o %#x", test.name, st.Mode, st.Rdev)
		}
	}
	f, _ := files.Open(files.Root(), "/dev/random", syscall.O_RDONLY, 0)
	bits := make([]byte, 4)
	if _, errno := f.(file.Controller).Control(unix.RNDGETENTCNT, bits); errno != 0 || string(bits) != "\x00\x01\x00\x00" {
		t.Error("entropy:", bits, errno)
	}
	if errno := files.Rename(files.Root(), "/dev", files.Root(), "/x", 0); errno != syscall.EBUSY {
		t.Error("moving a volume:", errno)
	}
	create(t, files, "/f", "x")
	if errno := files.Rename(files.Root(), "/f", files.Root(), "/dev/shm/f", 0); errno != syscall.EXDEV {
		t.Error("moving to another volume:", errno)
	}
}

// /etc/services and /etc/protocols have no name twice, and what a program expects of Debian's.
func TestServices(t *testing.T) {
	seen := map[string]string{}
	for line := range strings.Lines(servicesFile()) {
		f := strings.Fields(line)
		_, protocol, _ := strings.Cut(f[1], "/")
		for _, name := range append(f[2:], f[0]) {
			if key := name + "/" + protocol; seen[key] != "" {
				t.Errorf("%s is %s and %s", key, seen[key], f[1])
			} else {
				seen[key] = f[1]
			}
		}
	}
	for name, want := range map[string]string{"http/tcp": "80/tcp", "www/tcp": "80/tcp", "https/udp": "443/udp", "domain/udp": "53/udp",
		"imap/tcp": "143/tcp", "postgresql/tcp": "5432/tcp", "syslog/udp": "514/udp", "redis/tcp": "6379/tcp", "http/udp": ""} {
		if seen[name] != want {
			t.Errorf("%s is %q", name, seen[name])
		}
	}
	numbers := map[string]bool{}
	for line := range strings.Lines(protocols) {
		f := strings.Fields(line)
		if len(f) < 2 || numbers[f[0]] || numbers[f[1]] {
			t.Errorf("%q", line)
		}
		numbers[f[0]], numbers[f[1]] = true, true
	}
}
