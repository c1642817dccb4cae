package test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/u-root/u-root/pkg/cpio"
)

// TestFiles runs the modes of testdata/files that check themselves.
func TestFiles(t *testing.T) {
	for _, mode := range []string{"devices", "system", "work", "root", "many", "pipes", "itself"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			passes(t, bare(t, "files", mode))
		})
	}
}

// TestFilesOnLinux keeps the program honest: what must work in a machine works on Linux too.
func TestFilesOnLinux(t *testing.T) {
	for _, mode := range []string{"work", "many", "pipes", "itself"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			if r := onLinux(t, "files", nil, "", mode); r != (result{"ok\n", 0}) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestRoot: a folder becomes the machine's root folder.
func TestRoot(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	data := filepath.Join(root, "data")
	for _, dir := range []string{"data", "data/empty", "data/deep/er/folder", "etc"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, filepath.Join(data, "a file with spaces, äöü and 漢字"), "contents\n")
	writeFile(t, filepath.Join(data, "empty file"), "")
	writeFile(t, filepath.Join(data, "deep/er/folder/large"), strings.Repeat("0123456789abcdef", 200_000))
	writeFile(t, filepath.Join(root, "etc/hosts"), "127.0.0.1 localhost ours\n")
	for link, target := range map[string]string{"link": "empty file", "dangling": "/nowhere", "deep/up": "../empty"} {
		if err := os.Symlink(target, filepath.Join(data, link)); err != nil {
			t.Fatal(err)
		}
	}
	then := time.Date(2020, 2, 29, 12, 0, 0, 0, time.UTC)
	err := filepath.WalkDir(data, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.Type() == fs.ModeSymlink {
			return err
		}
		return os.Chtimes(name, then, then)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(data, "empty file"), 0o711); err != nil {
		t.Fatal(err)
	}
	r := ringoRun(t, "", "--root", root, image(t, "files"), "--", "show", "/data")
	want := strings.ReplaceAll(onLinux(t, "files", nil, "", "show", data).output, data, "/data")
	if d := difference(r.output, want); d != "" {
		t.Error(d)
	}
}

// TestArchive: what an archive can hold besides files and folders.
func TestArchive(t *testing.T) {
	t.Parallel()
	file := func(name, content string, inode, links uint64) cpio.Record {
		r := cpio.StaticFile(name, content, 0o644)
		r.Ino, r.NLink, r.MTime = inode, links, 1_000_000_000
		return r
	}
	folder := cpio.Directory("data", 0o711)
	folder.MTime = 1_000_000_000
	c := bare(t, "files", "show", "/data")
	c.Initrd = archive(t, folder,
		file("data/first", "", 7, 2), file("data/second", "linked", 7, 2), // hard links: the last has the contents
		file("./data/dot", "dot", 8, 1), file("/data/slash", "slash", 9, 1),
		file("data/twice", "old", 10, 1), file("data/twice", "new", 11, 1))
	want := `/data drwx--x--x 1000000000
/data/dot -rw-r--r-- 1000000000 "dot"
/data/first -rw-r--r-- 1000000000 "linked"
/data/second -rw-r--r-- 1000000000 "linked"
/data/slash -rw-r--r-- 1000000000 "slash"
/data/twice -rw-r--r-- 1000000000 "new"
ok
`
	if r := boot(t, c); strings.ReplaceAll(r.output, " \n", "\n") != want || r.status != 0 {
		t.Errorf("status %d\n%s\nwant\n%s", r.status, r.output, want)
	}
}

// TestSignals: the program can send signals to itself, and Ctrl-C on the console sends one.
func TestSignals(t *testing.T) {
	t.Parallel()
	m := start(t, bare(t, "files", "signals"))
	m.expect("waiting")
	time.Sleep(100 * time.Millisecond)
	m.Console.Send("\x03")
	if r := m.wait(); r.status != 0 || !strings.HasSuffix(r.output, "ok\n") {
		t.Errorf("status %d\n%s", r.status, r.output)
	}
	// Without a handler it ends the program, as on Linux.
	m = start(t, bare(t, "basic", "stdin"))
	m.expect("ready")
	m.Console.Send("\x03")
	if r := m.wait(); r.status != 130 {
		t.Errorf("status %d\n%s", r.status, r.output)
	}
}

// TestProcesses: there are no other processes, and an error says so.
func TestProcesses(t *testing.T) {
	t.Parallel()
	r := boot(t, bare(t, "files", "processes"))
	if r.status != 0 || !strings.Contains(r.output, "error: fork/exec /proc/self/exe: ") {
		t.Errorf("%+v", r)
	}
}
