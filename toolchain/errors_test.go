package toolchain

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringo-os/ringo/toolchain/release"
)

// TestUsersMistakes: what is wrong with the program is told by the go command, in its words, and
// nothing is added.
func TestUsersMistakes(t *testing.T) {
	for _, test := range []struct {
		name, main string
		program    []string
		want       string
	}{
		{"compile error", "package main\n\nfunc main() { undefined() }\n", nil, "./main.go:3:15: undefined: undefined"},
		{"syntax error", "package main\n\nfunc main() {\n", nil, "./main.go:4:1: syntax error: unexpected EOF, expected }"},
		{"missing package", "package main\n\nimport _ \"example.com/missing\"\n\nfunc main() {}\n", nil,
			"main.go:3:8: no required module provides package example.com/missing"},
		{"no such folder", "package main\n\nfunc main() {}\n", []string{"./nowhere"}, "nowhere"},
		{"cgo only", "package main\n\nimport \"C\"\n\nfunc main() {}\n", nil, "build constraints exclude all Go files"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "-- go.mod --\nmodule example.com/program\n\ngo 1.21\n-- main.go --\n"+test.main, "")
			err := b.Build(t.Context(), b.overlay, Request{Program: test.program, Output: filepath.Join(t.TempDir(), "out")})
			if !errors.Is(err, ErrSaid) || !strings.Contains(b.said.String(), test.want) {
				t.Errorf("error %v, and the user was told %q, want %q", err, b.said, test.want)
			}
			if strings.Contains(b.said.String(), "ringo") {
				t.Errorf("the user was told about us: %q", b.said)
			}
		})
	}
}

// TestRefusals: what cannot work is refused by name.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const library = hello + "-- library/library.go --\npackage library\n-- other/main.go --\npackage main\n\nfunc main() {}\n"
	for _, test := range []struct {
		goflags string
		program []string
		flags   []string
		want    string
	}{
		{"", []string{"./library"}, nil, "is package library, a library"},
		{"", []string{"./..."}, nil, "several packages"},
		{"", []string{".", "./other"}, nil, "2 packages"},
		{"", []string{"./other@latest"}, nil, "import/path@version"},
		{"-race", nil, nil, "-race in GOFLAGS does not work"},
		{"", nil, []string{"-race=true"}, "-race does not work"},
		{"-buildmode=pie", nil, nil, "-buildmode in GOFLAGS does not work"},
		{"", nil, []string{"-ldflags=-s -linkmode=external"}, "-ldflags holds -linkmode"},
		{"'-ldflags=all=-X=a.b=c -T=0x1000'", nil, nil, "-ldflags in GOFLAGS holds -T"},
		{"", nil, []string{"-ldflags=-R 4096"}, "-ldflags holds -R"},
		{"", nil, []string{"-ldflags=./...=-d"}, "-ldflags holds -d"},
		{"", nil, []string{"-ldflags=-buildmode=exe"}, "-ldflags holds -buildmode"},
		{"'-tags=a", nil, nil, "GOFLAGS cannot be read"},
		{"-overlay=nowhere.json", nil, nil, "the overlay file of -overlay cannot be read"},
	} {
		b := newBench(t, library, "")
		b.env["GOFLAGS"] = test.goflags
		err := b.Build(t.Context(), b.overlay, Request{Program: test.program, Flags: test.flags, Output: filepath.Join(t.TempDir(), "out")})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: error %v\n%s", test, err, b.said)
		}
	}
}

// TestOtherGo: a Go version that there is no release for.
func TestOtherGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fake := filepath.Join(dir, "go")
	script := "#!/bin/sh\necho '{\"GOVERSION\": \"go1.19.5\", \"GOROOT\": \"/opt/go\"}'\n"
	if err := os.WriteFile(fake, []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	tc, err := Find(t.Context(), Options{Go: fake, Cache: dir})
	if err != nil {
		t.Fatal(err)
	}
	_, err = tc.Layout(t.Context(), fixture(t))
	if err == nil || !strings.Contains(err.Error(), "go1.19.5") || !strings.Contains(err.Error(), "go1.26.x") {
		t.Errorf("error %v", err)
	}
	if _, err := Find(t.Context(), Options{Go: filepath.Join(dir, "nothing")}); err == nil || !strings.Contains(err.Error(), "https://go.dev/dl/") {
		t.Errorf("error %v", err)
	}
}

// TestMovedAnchor: a Go release whose text is not what the edits build on.
func TestMovedAnchor(t *testing.T) {
	t.Parallel()
	b := newBench(t, hello, "")
	for _, change := range []func(r *release.Release){
		func(r *release.Release) { r.Edits[0].Anchor = "func nobody_knows()" },
		func(r *release.Release) { r.Edits[0].Count = 2 },
		func(r *release.Release) { r.Removed = []string{"runtime/nowhere.go"} },
	} {
		k := fixture(t)
		change(k.Releases[0])
		_, err := b.Layout(t.Context(), k)
		if err == nil || !strings.Contains(err.Error(), "runtime/") || !strings.Contains(err.Error(), b.Version) {
			t.Errorf("error %v", err)
		}
	}
}

// TestManyAtOnce: ringo processes that share a cache do not see each other's halves.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, hello, "")
	cache := t.TempDir()
	failures := make(chan error, 3)
	for range cap(failures) {
		go func() {
			tc := &Toolchain{Options: b.Options, Version: b.Version, GOROOT: b.GOROOT, env: b.env}
			tc.Cache, tc.Stdout, tc.Stderr = cache, nil, nil
			_, err := tc.Layout(t.Context(), fixture(t))
			failures <- err
		}()
	}
	for range cap(failures) {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	left, err := filepath.Glob(filepath.Join(cache, "*", "*"))
	if err != nil || len(left) != 2 { // the source and the overlay
		t.Errorf("the cache holds %q (%v)", left, err)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	tc := &Toolchain{Options: Options{Cache: t.TempDir()}}
	old, err := tc.cached("kind", "old", func(string) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-unused - time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	if _, err := tc.cached("kind", "new", func(string) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("what has not been used for long is still there")
	}
}
