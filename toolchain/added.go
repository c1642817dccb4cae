package toolchain

import (
	"fmt"
	"path/filepath"
	"slices"
)

// mainFile and testFile are the names under which the one file that we add to a program appears in
// its folder, as far as the go command can see.
const (
	mainFile = "zz_ringo_kernel.go"
	testFile = "zz_ringo_kernel_test.go"
)

// added writes to the cache the file that makes a package of the given name import the kernel, and
// returns where it is. What of the kernel depends on the packages that the program is made of, and on whether they use
// the network.
//
// In a test of a package that the kernel itself needs, before lists the packages that must be initialised
// before the kernel: the runtime's own list does not know what the package's test files import.
func (t *Toolchain) added(o *Overlay, name string, deps, before []string, network bool) (string, error) {
	kernel := o.Late
	if network {
		kernel = o.LateNet
	}
	text := fmt.Sprintf("package %s\n\nimport _ %q\n", name, kernel)
	if o.Roots != "" && slices.ContainsFunc(deps, func(path string) bool { return withoutVariant(path) == "crypto/x509" }) {
		text += fmt.Sprintf("import _ %q\n", o.Roots)
	}
	if len(before) > 0 {
		text += "import _ \"unsafe\"\n\n//go:linkname testedPackages runtime.ringoTestedPackages\nvar testedPackages = " +
			fmt.Sprintf("%#v\n", before)
	}
	id := newKey("added")
	id.add(text)
	dir, err := t.cached("added", id.String(), func(dir string) error {
		return writeFile(filepath.Join(dir, "kernel.go"), []byte(text))
	})
	return filepath.Join(dir, "kernel.go"), err
}
