package toolchain

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/ringo-os/ringo/toolchain/release"
)

// fixture is a kernel that runs on Linux: it shows that the laying-out works, without a machine.
func fixture(t *testing.T) Kernel {
	t.Helper()
	tree := fstest.MapFS{}
	root := os.DirFS(filepath.Join("testdata", "fixture"))
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		tree[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} { // the dependencies are the real ones
		data, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		tree[name] = &fstest.MapFile{Data: data}
	}
	return Kernel{
		Source: tree,
		Module: "github.com/ringo-os/ringo",
		Releases: []*release.Release{{
			Go:      "go1.26",
			Files:   "runtime/go1.26",
			Removed: []string{"runtime/cgo/gcc_traceback.c"},
			Edits: []release.Edit{{
				File:   "runtime/proc.go",
				Anchor: "func main_main()\n",
				With:   "func main_main(); const edited = 0\n",
			}},
		}},
		Late:    "kernel",
		LateNet: "kernel/withnet",
		Roots:   "kernel/withnet/roots",
		Early:   []string{"boot", "kernel/early/..."},
	}
}

// laidOnce lays the fixture out, for all tests together, in a cache that lives as long as they do.
func laidOnce(t *testing.T) string {
	t.Helper()
	cacheOnce.Do(func() {
		cacheDir, cacheErr = os.MkdirTemp("", "ringo-test-")
	})
	if cacheErr != nil {
		t.Fatal(cacheErr)
	}
	return cacheDir
}

var (
	cacheOnce sync.Once
	cacheDir  string
	cacheErr  error
)

func TestMain(m *testing.M) {
	status := m.Run()
	os.RemoveAll(cacheDir)
	os.Exit(status)
}

// A bench is a toolchain over a folder with a program in it, and what go has said to the user.
type bench struct {
	*Toolchain
	overlay *Overlay
	root    string
	said    *bytes.Buffer
}

// newBench unpacks a program and lays the fixture out for it. The toolchain works in the folder dir
// of the program.
func newBench(t *testing.T, archive, dir string) *bench {
	t.Helper()
	b := &bench{root: t.TempDir(), said: new(bytes.Buffer)}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		if err := writeFile(filepath.Join(b.root, f.Name), f.Data); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	b.Toolchain, err = Find(t.Context(), Options{Cache: laidOnce(t), Dir: filepath.Join(b.root, dir), Stdout: b.said, Stderr: b.said})
	if err != nil {
		t.Fatal(err)
	}
	if b.overlay, err = b.Layout(t.Context(), fixture(t)); err != nil {
		t.Fatalf("%v\n%s", err, b.said)
	}
	return b
}

// run builds a program, runs it here, and returns what it prints.
func (b *bench) run(t *testing.T, program []string, flags ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "program")
	if err := b.Build(t.Context(), b.overlay, Request{Program: program, Flags: flags, Output: out}); err != nil {
		t.Fatalf("%v\n%s", err, b.said)
	}
	said, err := exec.Command(out).CombinedOutput()
	if err != nil {
		t.Fatalf("the program: %v\n%s", err, said)
	}
	return string(said)
}

// snapshot is a folder's files, with what is in them.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			files[name] = "a folder"
			return err
		}
		data, err := os.ReadFile(name)
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
