package fs

import (
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// What is in a volume is made once, when somebody first looks, however many look at the same time.
func TestLater(t *testing.T) {
	looks := map[string]func(t *testing.T, files *FS){
		"open": func(t *testing.T, files *FS) {
			if got := read(t, files, "/later/a/b"); got != "made" {
				t.Errorf("%q", got)
			}
		},
		"list": func(t *testing.T, files *FS) {
			f, errno := files.Open(files.Root(), "/later", syscall.O_RDONLY, 0)
			if errno != 0 {
				t.Fatal(errno)
			}
			if got := names(t, f, 100); len(got) != 4 {
				t.Errorf("%q", got)
			}
		},
		"missing": func(t *testing.T, files *FS) {
			if _, errno := files.Lookup(files.Root(), "/later/none", true); errno != syscall.ENOENT {
				t.Error(errno)
			}
		},
		"remove": func(t *testing.T, files *FS) {
			if errno := files.RemoveDirectory(files.Root(), "/later/a"); errno == 0 {
				t.Error("removed")
			}
		},
	}
	for name, look := range looks {
		t.Run(name, func(t *testing.T) {
			files := New(1 << 20)
			var made atomic.Int32
			files.Mount("/later", "later", 1, func() {
				made.Add(1)
				files.Generate("/later/a/b", func() []byte { return []byte("made") })
				files.Point("/later/link", func() string { return "a" })
			})
			if made.Load() != 0 {
				t.Fatal("made before anybody looked")
			}
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() { look(t, files) })
				all.Go(func() { create(t, files, "/beside", "x") })
			}
			all.Wait()
			if made.Load() != 1 {
				t.Errorf("made %d times", made.Load())
			}
		})
	}
}

// What is left for later by several is made in their order, also after somebody has looked.
func TestLaterRoot(t *testing.T) {
	files := New(1 << 20)
	files.Later(func() { files.Write("/a", 0o644, "first") })
	files.Furnish("test")
	files.Later(func() { files.Write("/a", 0o644, "second") })
	if files.root.node.children.names != nil {
		t.Fatal("made before anybody looked")
	}
	if got := read(t, files, "/a"); got != "first" {
		t.Errorf("%q", got)
	}
	if got := read(t, files, "/etc/hostname"); got != "test\n" {
		t.Errorf("%q", got)
	}
	var all sync.WaitGroup
	for i := range 8 { // somebody else may be looking
		all.Go(func() { read(t, files, "/etc/hostname") })
		all.Go(func() { files.Later(func() { files.Provide("/etc/"+strconv.Itoa(i), func() []byte { return nil }) }) })
	}
	all.Wait()
	files.Later(func() { files.Provide("/b", func() []byte { return []byte("last") }) })
	if got := read(t, files, "/b"); got != "last" {
		t.Errorf("%q", got)
	}
}
