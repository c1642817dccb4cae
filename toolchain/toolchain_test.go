package toolchain

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/ringo-os/ringo/toolchain/release"
)

// missing are what gvisor's network stack needs and the module's files may not name yet.
var missing = map[string][]string{
	"go.mod": {
		"require github.com/google/btree v1.1.2 // indirect",
		"require golang.org/x/time v0.15.0 // indirect",
	},
	"go.sum": {
		"github.com/google/btree v1.1.2 h1:xf4v41cLI2Z6FxbKm+8Bu+m8ifhj15JuZ9sa0jZCMUU=",
		"github.com/google/btree v1.1.2/go.mod h1:qOPhT0dTNdNzV6Z/lhRX0YXUafgPLFUh+gZMl761Gm4=",
		"golang.org/x/time v0.15.0 h1:bbrp8t3bGUeFOx08pvsMYRTCVSMk89u4tKbNOZbp88U=",
		"golang.org/x/time v0.15.0/go.mod h1:Y4YMaQmXwGQZoFaVFk4YpCt4FLQMYKZe9oeV/f4MSno=",
	},
}

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
		for _, line := range missing[name] {
			if !bytes.Contains(data, []byte(line)) {
				data = append(data, line+"\n"...)
			}
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
		Early:   []string{"boot", "kernel/early/..."},
	}
}
