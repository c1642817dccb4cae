package toolchain

import (
	"fmt"
	"path/filepath"
)

// mainFile and testFile are the names under which the one file that we add to a program appears in
// its folder, as far as the go command can see.
const (
	mainFile = "zz_ringo_kernel.go"
	testFile = "zz_ringo_kernel_test.go"
)

// added writes to the cache the file that makes a package of the given name import the kernel, and
// returns where it is.
func (t *Toolchain) added(o *Overlay, name string, net bool) (string, error) {
	kernel := o.Late
	if net {
		kernel = o.LateNet
	}
	text := fmt.Sprintf("package %s\n\nimport _ %q\n", name, kernel)
	id := newKey("added")
	id.add(text)
	dir, err := t.cached("added", id.String(), func(dir string) error {
		return writeFile(filepath.Join(dir, "kernel.go"), []byte(text))
	})
	return filepath.Join(dir, "kernel.go"), err
}
