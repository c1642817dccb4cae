package toolchain

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ringo-os/ringo/toolchain/release"
)

// TestHostTests: tests of ours stay here, those among a release's files go along for the tests of std.
func TestHostTests(t *testing.T) {
	k := Kernel{Releases: []*release.Release{{Files: "runtime/go1.26"}}}
	for name, here := range map[string]bool{
		"kernel/net/unix_test.go":         true,
		"kernel/net/unix.go":              false,
		"runtime/go1.26/export_test.go":   false,
		"runtime/go1.27/export_test.go":   true,
		"runtime/go1.26/std/os/x_test.go": false,
	} {
		if got := isHostTest(k, name); got != here {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestAddedToTests: what a tested package of the kernel's needs first is in the file that is added, for the
// runtime to find.
func TestAddedToTests(t *testing.T) {
	tc := &Toolchain{Options: Options{Cache: t.TempDir()}}
	o := &Overlay{Late: "ringo_os/kernel", LateNet: "ringo_os/kernel/withnet", Roots: "ringo_os/kernel/withnet/roots"}
	read := func(deps, before []string) string {
		name, err := tc.added(o, "time_test", deps, before, usesNetwork(deps, nil))
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if text := read(nil, nil); text != "package time_test\n\nimport _ \"ringo_os/kernel\"\n" {
		t.Error(text)
	}
	before := withoutVariants([]string{"testing [time.test]", "errors"})
	if !slices.Equal(before, []string{"errors", "testing"}) {
		t.Error(before)
	}
	text := read([]string{"net [time.test]"}, before)
	for _, part := range []string{"import _ \"ringo_os/kernel/withnet\"\n", "//go:linkname testedPackages runtime.ringoTestedPackages\n",
		"var testedPackages = []string{\"errors\", \"testing\"}\n"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}
