package toolchain

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// GoFlags returns a value for GOFLAGS with which go test builds the tests of packages with the
// kernel under them. The user's own GOFLAGS are in it. Run them so:
//
//	GOFLAGS="$(ringo goflags ./...)" CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go test -exec 'ringo exec' ./...
//
// Each test binary gets a file in package X_test that imports the kernel: one in the package itself
// would be an import cycle where the kernel uses that package.
func (t *Toolchain) GoFlags(ctx context.Context, o *Overlay, packages, flags []string) (string, error) {
	u, err := t.userFlags(flags)
	if err != nil {
		return "", err
	}
	added, err := t.addedTests(ctx, o, u, packages, "-test")
	if err != nil {
		return "", err
	}
	if len(added) == 0 {
		return "", errors.New("there are no tests in " + strings.Join(packages, " "))
	}
	overlay, err := t.overlayFile(o, u, added)
	if err != nil {
		return "", err
	}
	words, err := splitFlags(t.env["GOFLAGS"])
	if err != nil {
		return "", err
	}
	words = slices.DeleteFunc(append(words, u.line...), func(w string) bool {
		name, _ := cutFlag(w)
		return name == "overlay" || name == "ldflags"
	})
	// Vet runs tools in folders that only the overlay has.
	return joinFlags(append(append(words, o.flags(overlay, u)...), "-vet=off")), nil
}

// addedTests returns the files that are added to the tests of packages, by the place where the go command shall
// see them. How are more flags for go list.
func (t *Toolchain) addedTests(ctx context.Context, o *Overlay, u *userFlags, packages []string, how ...string) (map[string]string, error) {
	if len(packages) == 0 {
		packages = []string{"."}
	}
	all, err := t.list(ctx, t.Dir, nil, append(slices.Clone(u.line), how...), packages...)
	if err != nil {
		return nil, err
	}
	needs := map[string][]string{}  // what the test binary of a package needs
	before := map[string][]string{} // what a package that the kernel needs, with its test files, needs
	for _, l := range all {
		if l.Standard && withoutVariant(l.ImportPath) == l.ForTest && slices.Contains(o.Packages, l.ForTest) {
			before[l.ForTest] = withoutVariants(l.Deps)
		}
		if strings.HasSuffix(l.ImportPath, ".test") && l.Name == "main" {
			needs[strings.TrimSuffix(l.ImportPath, ".test")] = l.Deps
		}
	}
	added := map[string]string{}
	for _, l := range all {
		if l.DepOnly || l.ForTest != "" || len(l.TestGoFiles)+len(l.XTestGoFiles) == 0 {
			continue
		}
		if t.inModuleCache(l) {
			return nil, fmt.Errorf("%s lies in the module cache, where the go command lays nothing over: "+
				"copy the module to a folder of yours and test it there", l.ImportPath)
		}
		file, err := t.added(o, l.Name+"_test", needs[l.ImportPath], before[l.ImportPath], usesNetwork(needs[l.ImportPath], all))
		if err != nil {
			return nil, err
		}
		added[filepath.Join(l.Dir, testFile)] = file
	}
	return added, nil
}

// withoutVariants returns the import paths of packages, which may be variants for a test.
func withoutVariants(packages []string) []string {
	paths := make([]string, len(packages))
	for i, p := range packages {
		paths[i] = withoutVariant(p)
	}
	slices.Sort(paths)
	return paths
}
