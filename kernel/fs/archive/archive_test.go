package archive

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/u-root/u-root/pkg/cpio"
)

// packed makes an archive.
func packed(t testing.TB, records ...cpio.Record) []byte {
	t.Helper()
	var b bytes.Buffer
	w := cpio.Newc.Writer(&b)
	for _, r := range records {
		if err := w.WriteRecord(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := cpio.WriteTrailer(w); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func linked(name, content string, inode uint64) cpio.Record {
	r := cpio.StaticFile(name, content, 0o644)
	r.Ino, r.NLink = inode, 2
	return r
}

// seen describes the file at path: its mode and content, or its target.
func seen(t *testing.T, files *fs.FS, path string) string {
	t.Helper()
	e, errno := files.Lookup(files.Root(), path, false)
	if errno != 0 {
		return errno.Error()
	}
	var st syscall.Stat_t
	e.Node().Status(&st)
	text := fmt.Sprintf("%o", st.Mode)
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFLNK:
		target, _ := files.ReadLink(e)
		return text + " -> " + target
	case syscall.S_IFREG:
		f, errno := files.Open(files.Root(), path, syscall.O_RDONLY, 0)
		if errno != 0 {
			return errno.Error()
		}
		defer f.Close()
		p := make([]byte, st.Size)
		n, _ := f.Read(p)
		return text + " " + string(p[:n])
	}
	return text
}

func newFiles() *fs.FS {
	files := fs.New(1 << 20)
	files.Mount("/proc", "proc", 0x9fa0, func() {
		files.Generate("/proc/version", func() []byte { return []byte("ours") })
	})
	return files
}

func TestUnpack(t *testing.T) {
	files := newFiles()
	data := packed(t,
		cpio.Directory("etc", 0o755),
		cpio.StaticFile("etc/passwd", "root", 0o600),
		cpio.StaticFile("a/b/c", "deep", 0o755), // whose directories are missing
		cpio.Symlink("link", "a/b"),
		cpio.StaticFile("link/d", "through a link", 0o644),
		cpio.StaticFile("../../outside", "no", 0o644),
		cpio.StaticFile("/abs/./x/../y", "clean", 0o644),
		cpio.StaticFile("twice", "first", 0o644),
		linked("one", "", 77),
		linked("two", "both", 77),
		cpio.CharDev("dev/null", 0o666, 1, 3),
		cpio.StaticFile("proc/version", "theirs", 0o644),
		cpio.Directory("proc", 0o700),
	)
	if err := Unpack(files, data); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/etc":          "40755",
		"/etc/passwd":   "100600 root",
		"/a":            "40755",
		"/a/b/c":        "100755 deep",
		"/link":         "120777 -> a/b",
		"/a/b/d":        "100644 through a link",
		"/outside":      "100644 no",
		"/abs/y":        "100644 clean",
		"/one":          "100644 both",
		"/two":          "100644 both",
		"/dev/null":     syscall.ENOENT.Error(),
		"/proc/version": "100444 ",
		"/proc":         "40555",
	} {
		if got := seen(t, files, path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestUnpackReplaces(t *testing.T) {
	files := newFiles()
	one := packed(t, cpio.StaticFile("f", "one", 0o644), cpio.Directory("d", 0o755), cpio.Symlink("l", "f"))
	two := packed(t, cpio.Symlink("f", "x"), cpio.StaticFile("d", "file", 0o644), cpio.StaticFile("l", "own", 0o644))
	for _, data := range [][]byte{one, two} {
		if err := Unpack(files, data); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{"/f": "120777 -> x", "/d": "100644 file", "/l": "100644 own"} {
		if got := seen(t, files, path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestDamaged(t *testing.T) {
	good := packed(t, cpio.StaticFile("name", "content of the file", 0o644))
	huge := bytes.Clone(good)
	copy(huge[6+11*8:], "ffffffff")
	none := bytes.Clone(good)
	copy(none[6+11*8:], "00000000")
	unterminated := bytes.Clone(good)
	unterminated[110+len("name")] = 'x'
	number := bytes.Clone(good)
	number[6+4*8] = 'g'
	long := bytes.Clone(good)
	copy(long[6+6*8:], "7fffffff")
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "ends in the middle"},
		{"text", []byte(strings.Repeat("hello", 100)), "magic"},
		{"compressed", []byte{0x1f, 0x8b, 8, 0}, "compressed"},
		{"cut in the header", good[:100], "ends in the middle"},
		{"cut in the name", good[:112], "ends in the middle"},
		{"cut in the content", good[:120], `"name": it ends in the middle`},
		{"without the last record", good[:140], "ends in the middle"},
		{"huge name", huge, "wrong length"},
		{"no name", none, "wrong length"},
		{"name without end", unterminated, "wrong length"},
		{"no number", number, "not hexadecimal"},
		{"huge file", long, `"name": it ends in the middle`},
		{"file as directory", packed(t, cpio.StaticFile("f", "", 0o644), cpio.StaticFile("f/g", "", 0o644)), `"f/g": not a directory`},
		{"link to itself", packed(t, cpio.Symlink("l", "l"), cpio.StaticFile("l/g", "", 0o644)), `"l/g": too many levels`},
		{"file for a full directory", packed(t, cpio.StaticFile("d/g", "", 0o644), cpio.StaticFile("d", "", 0o644)), `"d": is a directory`},
		{"long name", packed(t, cpio.StaticFile(strings.Repeat("n", 300), "", 0o644)), "file name too long"},
	} {
		if err := Unpack(newFiles(), test.data); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

// Content is not copied.
func TestContentStays(t *testing.T) {
	files := newFiles()
	data := packed(t, cpio.StaticFile("f", strings.Repeat("x", 100000), 0o644))
	if err := Unpack(files, data); err != nil {
		t.Fatal(err)
	}
	var s syscall.Statfs_t
	if files.Root().Node().Volume().Statistics(&s); s.Bfree != s.Blocks {
		t.Error(s.Blocks-s.Bfree, "pages taken")
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(packed(f, cpio.StaticFile("a/b", "x", 0o644), cpio.Symlink("l", "/a"), cpio.Directory("l/d", 0o755), linked("l/e", "yy", 5), linked("g", "", 5)))
	f.Add(packed(f, cpio.Symlink("a", "../b"), cpio.StaticFile("b/../c", "x", 0o4755), cpio.StaticFile("a", "", 0)))
	f.Fuzz(func(t *testing.T, data []byte) {
		files := newFiles()
		before := bytes.Clone(data)
		err := Unpack(files, data)
		if !bytes.Equal(data, before) {
			t.Error("the archive was written to")
		}
		if err == nil && seen(t, files, "/proc/version") != "100444 " {
			t.Error("the archive changed /proc")
		}
		check(t, files, "/", 0)
	})
}

// check opens and reads everything.
func check(t *testing.T, files *fs.FS, directory string, depth int) {
	if depth > 50 {
		return
	}
	f, errno := files.Open(files.Root(), directory, syscall.O_RDONLY, 0)
	if errno != 0 {
		t.Fatalf("%q: %v", directory, errno)
	}
	defer f.Close()
	var list []fs.Name
	f.(fs.Directory).Names(func(n fs.Name) bool { list = append(list, n); return true })
	for _, n := range list[2:] {
		path := directory + "/" + n.Name
		if strings.Contains(n.Name, "/") || n.Name == "." || n.Name == ".." || n.Name == "" {
			t.Fatalf("there is a file called %q", n.Name)
		}
		if len(path) < 4000 {
			seen(t, files, path)
		}
		if n.Type == syscall.DT_DIR {
			check(t, files, path, depth+1)
		}
	}
}
