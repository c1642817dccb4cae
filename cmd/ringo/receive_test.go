package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringo-os/ringo/kernel/fs/newc"
	"github.com/ringo-os/ringo/qemu"
)

// archive makes what a machine hands back: pairs of names and contents, directories where the name ends in /.
func archive(t *testing.T, end bool, pairs ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := newc.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		r := newc.Record{Name: strings.TrimPrefix(pairs[i], "/"), Mode: 0o100644}
		if strings.HasSuffix(r.Name, "/") {
			r.Mode, r.Name = 0o040755, strings.TrimSuffix(r.Name, "/")
		}
		if link, ok := strings.CutPrefix(pairs[i+1], "-> "); ok {
			r.Mode, pairs[i+1] = 0o120777, link
		}
		if err := w.Begin(&r, int64(len(pairs[i+1]))); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if end {
		if err := w.End(); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(t.TempDir(), "export.cpio")
	if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestUnpack: what was asked for is written, and what has not changed is left alone.
func TestUnpack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, folder := filepath.Join(dir, "cpu.out"), filepath.Join(dir, "golden")
	write(t, folder, map[string]string{"same": "same", "changed": "old, and longer", "kept": "k"})
	if err := os.Chmod(filepath.Join(folder, "same"), 0o444); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(filepath.Join(folder, "same"))
	if err != nil {
		t.Fatal(err)
	}
	from := archive(t, true, file, "profile", folder+"/", "", folder+"/same", "same", folder+"/changed", "new", folder+"/sub/", "", folder+"/sub/more", "more")
	if err := unpack(from, []string{file, folder}, 1<<20); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"cpu.out": "profile", "golden/same": "same", "golden/changed": "new", "golden/kept": "k", "golden/sub/more": "more"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); string(got) != want || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if after, err := os.Stat(filepath.Join(folder, "same")); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Error("a file that is the same was written", err)
	}
}

// TestUnpackHostile: nothing is written but what was asked for, whatever a machine hands back.
func TestUnpackHostile(t *testing.T) {
	t.Parallel()
	for name, pairs := range map[string]func(file, folder string) []string{
		"another file":          func(file, folder string) []string { return []string{file + "2", "x"} },
		"a way up":              func(file, folder string) []string { return []string{folder + "/../secret", "x"} },
		"below a file":          func(file, folder string) []string { return []string{file, "x", file + "/x", "x"} },
		"through a link":        func(file, folder string) []string { return []string{folder + "/link/secret", "x"} },
		"a link":                func(file, folder string) []string { return []string{folder + "/l", "-> /etc/passwd"} },
		"a NUL":                 func(file, folder string) []string { return []string{folder + "/a\x00b", "x"} },
		"the folder above":      func(file, folder string) []string { return []string{filepath.Dir(folder) + "/", ""} },
		"a name without a name": func(file, folder string) []string { return []string{"/", ""} },
	} {
		dir := t.TempDir()
		file, folder := filepath.Join(dir, "file"), filepath.Join(dir, "folder")
		write(t, dir, map[string]string{"secret": "untouched", "folder/f": ""})
		if err := os.Symlink("..", filepath.Join(folder, "link")); err != nil {
			t.Fatal(err)
		}
		if err := unpack(archive(t, true, pairs(file, folder)...), []string{file, folder}, 1<<20); err == nil || errors.Is(err, errIncomplete) {
			t.Errorf("%s: error %v", name, err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "secret")); string(got) != "untouched" || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if entries, err := os.ReadDir(dir); len(entries) > 3 || err != nil {
			t.Errorf("%s: %v, %v", name, entries, err)
		}
	}
	large := archive(t, true, "/f", strings.Repeat("x", 2000))
	if err := unpack(large, []string{"/f"}, 1000); err == nil || !strings.Contains(err.Error(), "more than it has memory") {
		t.Error(err)
	}
}

// TestReceive: a program that fails may have handed back nothing; one that succeeds has.
func TestReceive(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	failed := exitStatus{code: 1}
	for _, test := range []struct {
		archive string
		ended   error
		want    error
		said    string
	}{
		{archive(t, true, file, "x"), nil, nil, ""},
		{archive(t, true, file, "x"), failed, failed, ""},
		{archive(t, false, file, "x"), nil, errIncomplete, ""},
		{archive(t, false), failed, failed, ""},
		{archive(t, true, file+"2", "x"), failed, failed, "nobody has asked for"},
	} {
		c := &qemu.Config{ExportFile: test.archive, Export: []string{file}, Memory: 1 << 20}
		var err error
		said := stderr(t, func() { err = receive(c, test.ended) })
		if err != test.want || !strings.Contains(said, test.said) || (said == "") != (test.said == "") {
			t.Errorf("%v, want %v; %q", err, test.want, said)
		}
	}
}

// FuzzUnpack: whatever a machine hands back, nothing is written beside the folder.
func FuzzUnpack(f *testing.F) {
	for _, name := range []string{"d/f", "d/../x", "d/link/x", "d"} {
		var b bytes.Buffer
		w := newc.NewWriter(&b)
		w.Begin(&newc.Record{Name: name, Mode: 0o100644}, 1)
		w.Write([]byte("x"))
		w.End()
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		// The names in data are below the folder's.
		base := filepath.Join(dir, "base")
		if err := os.MkdirAll(filepath.Join(base, "d"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("..", filepath.Join(base, "d/link")); err != nil {
			t.Fatal(err)
		}
		for r := (newc.Reader{Data: data}); ; {
			found, err := r.Read()
			if err != nil {
				break
			}
			found.Name = base + "/" + found.Name
			place(&found, []string{filepath.Join(base, "d")})
		}
		entries, err := os.ReadDir(base)
		above, err2 := os.ReadDir(dir)
		if len(entries) != 1 || len(above) != 1 || err != nil || err2 != nil {
			t.Fatalf("%v %v, %v %v", entries, above, err, err2)
		}
	})
}
