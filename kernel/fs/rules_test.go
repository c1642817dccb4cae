package fs

import (
	"fmt"
	"math/rand"
	"strings"
	"syscall"
	"testing"
)

func TestLinksMax(t *testing.T) {
	files := New(1 << 20)
	create(t, files, "l0", "")
	for i := range 41 {
		files.MakeLink(fmt.Sprint("l", i), files.Root(), fmt.Sprint("l", i+1))
	}
	if _, errno := files.Lookup(files.Root(), "l40", true); errno != 0 {
		t.Error("40 links:", errno)
	}
	if _, errno := files.Lookup(files.Root(), "l41", true); errno != syscall.ELOOP {
		t.Error("41 links:", errno)
	}
}

// What changes a file's name or its directory changes their times.
func TestTimes(t *testing.T) {
	files := New(1 << 20)
	root := files.Root()
	files.MakeDirectory(root, "d", 0o755)
	create(t, files, "f", "x")
	old := syscall.Timespec{Sec: 1}
	changed := func(name string, act func() syscall.Errno, paths ...string) {
		t.Helper()
		for _, p := range []string{"/", "/d", "/f"} {
			if e, errno := files.Lookup(root, p, false); errno == 0 {
				e.node.modified, e.node.changed, e.node.accessed = old, old, old
			}
		}
		if errno := act(); errno != 0 {
			t.Fatal(name, errno)
		}
		var got []string
		for _, p := range []string{"/", "/d", "/f", "/d/f"} {
			e, errno := files.Lookup(root, p, false)
			if errno != 0 {
				continue
			}
			if e.node.modified != old {
				got = append(got, p+":m")
			}
			if e.node.changed != old {
				got = append(got, p+":c")
			}
		}
		if strings.Join(got, " ") != strings.Join(paths, " ") {
			t.Errorf("%s changed %q, want %q", name, got, paths)
		}
	}
	changed("writing", func() syscall.Errno { create(t, files, "f", "y"); return 0 }, "/f:m", "/f:c")
	changed("chmod", func() syscall.Errno { return find(files, "f").node.SetMode(0o600) }, "/f:c")
	changed("link", func() syscall.Errno { return files.Link(find(files, "f"), root, "d/g") }, "/d:m", "/d:c", "/f:c")
	changed("unlink", func() syscall.Errno { return files.Remove(root, "d/g") }, "/d:m", "/d:c", "/f:c")
	changed("rename", func() syscall.Errno { return files.Rename(root, "f", root, "d/f", 0) }, "/:m", "/:c", "/d:m", "/d:c", "/d/f:c")
	read(t, files, "d/f")
	if find(files, "d/f").node.accessed == old {
		t.Error("reading did not change the time of access")
	}
}

func find(files *FS, path string) *Entry {
	e, _ := files.Lookup(files.Root(), path, false)
	return e
}

// Range locks do what the same locks on single bytes would do.
func TestLocksAreBytes(t *testing.T) {
	const size = 12
	type byteLock struct{ held, exclusive bool }
	for seed := range int64(300) {
		g := rand.New(rand.NewSource(seed))
		var l Locks
		var model [3][size]byteLock
		for range 40 {
			owner := g.Intn(3)
			first := g.Intn(size)
			r := RangeLock{Owner: owner, Exclusive: g.Intn(2) == 0, First: int64(first), Last: int64(first + g.Intn(size-first))}
			mine := model[owner][r.First : r.Last+1]
			if g.Intn(3) == 0 {
				l.UnlockRange(r)
				clear(mine)
				continue
			}
			free := true
			for other := range model {
				for i := r.First; i <= r.Last; i++ {
					if b := model[other][i]; other != owner && b.held && (b.exclusive || r.Exclusive) {
						free = false
					}
				}
			}
			if got := l.LockRange(r); got != free {
				t.Fatalf("seed %d: %+v: %v, want %v", seed, r, got, free)
			}
			if free {
				for i := range mine {
					mine[i] = byteLock{true, r.Exclusive}
				}
			}
			for owner := range model {
				for i := range int64(size) {
					held, found := l.Held(RangeLock{Owner: owner, First: i, Last: i})
					if want := model[owner][i]; found != want.held || found && held.Exclusive != want.exclusive {
						t.Fatalf("seed %d: owner %d, byte %d: %v %+v, want %+v", seed, owner, i, found, held, want)
					}
				}
			}
		}
		for i, r := range l.ranges { // neighbours are one lock
			for _, other := range l.ranges[i+1:] {
				if r.Owner == other.Owner && r.Exclusive == other.Exclusive && (r.Last+1 == other.First || other.Last+1 == r.First) {
					t.Fatalf("seed %d: %+v and %+v", seed, r, other)
				}
			}
		}
	}
}
