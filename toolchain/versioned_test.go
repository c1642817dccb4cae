package toolchain

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// proxy makes a module proxy on disk that has one module.
func proxy(t *testing.T, module, version, archive string) string {
	t.Helper()
	dir := t.TempDir()
	at := filepath.Join(dir, module, "@v")
	var zipped bytes.Buffer
	w := zip.NewWriter(&zipped)
	for _, f := range txtar.Parse([]byte(archive)).Files {
		part, err := w.Create(module + "@" + version + "/" + f.Name)
		if err == nil {
			_, err = part.Write(f.Data)
		}
		if err == nil && f.Name == "go.mod" {
			err = writeFile(filepath.Join(at, version+".mod"), f.Data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{version + ".zip": zipped.String(), version + ".info": `{"Version": "` + version + `"}`, "list": version + "\n"} {
		if err := writeFile(filepath.Join(at, name), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return "file://" + filepath.ToSlash(dir)
}

// TestVersioned: a program out of the module cache.
func TestVersioned(t *testing.T) {
	b := newBench(t, "", "")
	t.Setenv("GOPROXY", proxy(t, "example.com/tool", "v1.2.3", `
-- go.mod --
module example.com/tool

go 1.21

godebug panicnil=1
-- cmd/tool/main.go --
package main

import (
	"fmt"
	"runtime"
)

func main() {
	defer func() {
		_, file, _, _ := runtime.Caller(0)
		fmt.Println("recovered", recover(), file)
	}()
	panic(nil)
}
`))
	t.Setenv("GONOSUMDB", "*")
	t.Setenv("GOFLAGS", "-modcacherw")
	cache := filepath.Join(t.TempDir(), "mod")
	t.Setenv("GOMODCACHE", cache)
	want := kernelSays + "recovered <nil> example.com/tool@v1.2.3/cmd/tool/main.go\n"
	if got := b.run(t, []string{"example.com/tool/cmd/tool@latest"}); got != want {
		t.Errorf("the program printed %q, want %q", got, want)
	}
	if b.said.Len() > 0 {
		t.Errorf("the user was told %q", b.said)
	}
	err := filepath.WalkDir(filepath.Join(cache, "example.com"), func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(name, "ringo") {
			t.Errorf("%s is in the module cache", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	err = b.Build(t.Context(), b.overlay, Request{Program: []string{"example.com/tool/cmd/tool@v9"}, Output: filepath.Join(t.TempDir(), "out")})
	if err != ErrSaid || !strings.Contains(b.said.String(), "v9") {
		t.Errorf("error %v, and the user was told %q", err, b.said)
	}
}

// TestDependency: a program of a module that the user's requires, at that version.
func TestDependency(t *testing.T) {
	b := newBench(t, `
-- go.mod --
module example.com/user

go 1.21

require example.com/tool v1.2.3
`, "")
	t.Setenv("GOPROXY", proxy(t, "example.com/tool", "v1.2.3", `
-- go.mod --
module example.com/tool

go 1.21
-- cmd/tool/main.go --
package main

import (
	"fmt"
	"runtime/debug"
)

func main() {
	info, _ := debug.ReadBuildInfo()
	fmt.Println(info.Path, info.Main.Path, info.Main.Version)
}
`))
	t.Setenv("GONOSUMDB", "*")
	t.Setenv("GOFLAGS", "-modcacherw -mod=mod")
	t.Setenv("GOMODCACHE", filepath.Join(t.TempDir(), "mod"))
	b.env["GOMODCACHE"] = os.Getenv("GOMODCACHE")
	before := snapshot(t, b.root)
	want := kernelSays + "example.com/tool/cmd/tool example.com/tool v1.2.3\n"
	for range 2 {
		if got := b.run(t, []string{"example.com/tool/cmd/tool"}); got != want {
			t.Errorf("the program printed %q, want %q", got, want)
		}
	}
	if after := snapshot(t, b.root); after["go.mod"] != before["go.mod"] {
		t.Error("go.mod has changed")
	}
	b.env["GOWORK"] = filepath.Join(b.root, "go.work")
	err := b.Build(t.Context(), b.overlay, Request{Program: []string{"example.com/tool/cmd/tool"}, Output: filepath.Join(t.TempDir(), "out")})
	if err == nil || !strings.Contains(err.Error(), "example.com/tool/cmd/tool@v1.2.3") {
		t.Errorf("in a workspace: %v", err)
	}
}

// TestGoFlags: go test with the kernel under the tests.
func TestGoFlags(t *testing.T) {
	b := newBench(t, hello+`
-- plain/plain.go --
package plain
-- plain/plain_test.go --
package plain

import "testing"

func TestPlain(t *testing.T) {}
-- with/with.go --
package with
-- with/with_test.go --
package with_test

import (
	"net"
	"os"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(m.Run()) }

func TestWith(t *testing.T) { t.Log(net.IPv4zero) }
`, "")
	before := snapshot(t, b.root)
	value, err := b.GoFlags(t.Context(), b.overlay, []string{"./..."}, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, b.said)
	}
	cmd := exec.Command("go", "test", "-v", "./...")
	cmd.Dir = b.root
	cmd.Env = append(os.Environ(), "GOFLAGS="+value, "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOTOOLCHAIN=local")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), kernelSays); n != 2 {
		t.Errorf("the kernel spoke %d times, not twice:\n%s", n, out)
	}
	if n := strings.Count(string(out), networkSays); n != 1 {
		t.Errorf("the network spoke %d times, not once:\n%s", n, out)
	}
	if after := snapshot(t, b.root); len(before) != len(after) {
		t.Error("the folder has changed")
	}
	if _, err := b.GoFlags(t.Context(), b.overlay, []string{"."}, nil); err == nil || !strings.Contains(err.Error(), "no tests") {
		t.Errorf("error %v", err)
	}
}
