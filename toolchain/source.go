package toolchain

import (
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ringo-os/ringo/toolchain/release"
)

// A source is the kernel's module, written out so that the go command can look at it.
type source struct {
	dir string
	key string
}

// materialise writes the kernel's source into the cache.
func (t *Toolchain) materialise(k Kernel) (*source, error) {
	files := map[string][]byte{}
	id := newKey("source")
	err := fs.WalkDir(k.Source, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || isHostTest(k, name) || strings.Contains(path.Dir(name), "testdata") {
			return err
		}
		data, err := fs.ReadFile(k.Source, name)
		files[name] = data
		id.add(name, string(data))
		return err
	})
	if err != nil {
		return nil, err
	}
	dir, err := t.cached("source", id.String(), func(dir string) error {
		for name, data := range files {
			if err := writeFile(filepath.Join(dir, filepath.FromSlash(name)), data); err != nil {
				return err
			}
		}
		return nil
	})
	return &source{dir, id.String()}, err
}

// isHostTest reports whether a file holds tests that run on the host. Test files among a release's are
// for the tests of std.
func isHostTest(k Kernel, name string) bool {
	return strings.HasSuffix(name, "_test.go") && !slices.ContainsFunc(k.Releases, func(r *release.Release) bool {
		return strings.HasPrefix(name, r.Files+"/")
	})
}
