package toolchain

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestBuildNet(t *testing.T) {
	testBuild(t, "net")
}

func TestBuildModule(t *testing.T) {
	testBuild(t, "hello")
}

func testBuild(t *testing.T, name string) {
	tc, err := Find(t.Context(), Options{Cache: t.TempDir(), Dir: filepath.Join("testdata", "programs", name), Stdout: os.Stdout, Stderr: os.Stderr, Trace: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	o, err := tc.Layout(t.Context(), fixture(t))
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "hello")
	if err := tc.Build(t.Context(), o, Request{Output: out}); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command(out).CombinedOutput()
	t.Logf("%s %v", said, err)
}
