package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write makes files with content, and the folders above them.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// pack packs the files of a test, and returns the names of those below dir.
func packedTest(t *testing.T, dir string, files *testFiles, limit int64) (names []string, missing string) {
	t.Helper()
	archive := filepath.Join(t.TempDir(), "root.cpio")
	missing, err := files.pack(archive, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range packed(t, archive) {
		if below, ok := strings.CutPrefix("/"+name, dir+"/"); ok {
			names = append(names, below)
		}
	}
	slices.Sort(names)
	return names, missing
}

// TestPackTest: a test finds its module, or as much of it as fits.
func TestPackTest(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", 1<<20)
	write(t, dir, map[string]string{"m/go.mod": "module example.com/m\n", "m/.git/objects": large, "m/other/o.go": large, "m/testdata/shared": "",
		"m/a/p/p_test.go": "", "m/a/p/testdata/file": "", "m/a/p/sub/s.go": large, "m/a/testdata/near": "", "m/a/x.go": "", "out/old": "", "else": ""})
	p := filepath.Join(dir, "m/a/p")
	module := []string{"m", "m/a", "m/a/p", "m/a/p/p_test.go", "m/a/p/sub", "m/a/p/sub/s.go", "m/a/p/testdata", "m/a/p/testdata/file",
		"m/a/testdata", "m/a/testdata/near", "m/a/x.go", "m/go.mod", "m/other", "m/other/o.go", "m/testdata", "m/testdata/shared"}
	near := slices.DeleteFunc(slices.Clone(module), func(name string) bool {
		return slices.Contains([]string{"m/a/x.go", "m/other", "m/other/o.go"}, name)
	})
	nearest := slices.DeleteFunc(slices.Clone(near), func(name string) bool { return strings.HasPrefix(name, "m/a/p/sub") })
	for _, test := range []struct {
		limit int64
		want  []string
		all   bool
	}{
		{3 << 20, module, true}, {3 << 19, near, false}, {1 << 19, nearest, false},
	} {
		names, missing := packedTest(t, dir, &testFiles{dir: p}, test.limit)
		if !slices.Equal(names, test.want) || (missing == "") != test.all || !test.all && !strings.Contains(missing, "--file brings") {
			t.Errorf("in %d bytes: %q, want %q; missing: %q", test.limit, names, test.want, missing)
		}
	}
	// What the test is to write, and what the user adds.
	files := &testFiles{dir: p, others: []string{filepath.Join(dir, "else")}, outputs: []string{filepath.Join(dir, "out/cpu"), filepath.Join(dir, "none/cpu")}}
	names, _ := packedTest(t, dir, files, 3<<20)
	if want := append([]string{"else"}, append(slices.Clone(module), "out")...); !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	archive := filepath.Join(t.TempDir(), "root.cpio")
	if _, err := (&testFiles{dir: p, others: []string{filepath.Join(dir, "absent")}}).pack(archive, 3<<20); err == nil {
		t.Error("a file of --file that is not there is no error")
	}
	write(t, p, map[string]string{"data": large})
	if _, err := (&testFiles{dir: p}).pack(archive, 1<<19); err == nil || !strings.Contains(err.Error(), "give it more with -m") {
		t.Errorf("a package that does not fit: error %v", err)
	}
}

// TestPackTestElsewhere: a large folder that is no package's is left empty, with a word about it.
func TestPackTestElsewhere(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"data": strings.Repeat("x", 1<<20)})
	var names []string
	said := stderr(t, func() { names, _ = packedTest(t, filepath.Dir(dir), &testFiles{dir: dir}, 1<<19) })
	if !strings.Contains(said, "is empty in the machine") || !slices.Equal(names, []string{filepath.Base(dir)}) {
		t.Errorf("%q, and the user was told %q", names, said)
	}
}

// TestCoverageFiles: what go test writes down for -coverpkg is followed.
func TestCoverageFiles(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"p/p_test.go": "", "gocoverdir/metafiles.txt": `{"ImportPaths":["p"],"MetaFileFragments":["` + dir + `/b001/covmeta.1"]}`,
		"b001/covmeta.1": "x", "b001/other": ""})
	names, _ := packedTest(t, dir, &testFiles{dir: filepath.Join(dir, "p"), outputs: []string{filepath.Join(dir, "gocoverdir")}}, 1<<20)
	if want := []string{"b001", "b001/covmeta.1", "gocoverdir", "gocoverdir/metafiles.txt", "p", "p/p_test.go"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

func TestModuleOf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"m/go.mod": "module m\n", "m/a/b/x": "", "std/go.mod": "// comment\nmodule std\n", "std/os/x": ""})
	for below, want := range map[string]string{"m/a/b": filepath.Join(dir, "m"), "m": filepath.Join(dir, "m"), "std/os": ""} {
		if got := moduleOf(filepath.Join(dir, below)); got != want {
			t.Errorf("%s: %q, want %q", below, got, want)
		}
	}
}

func TestTestOutputs(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"": "",
		"-test.v -test.run=Trace -test.cpuprofile=cpu -test.trace /t -cpuprofile=own": "/pkg/cpu /t",
		"-test.outputdir=/out -test.memprofile=m --test.coverprofile=c -test.v":       "/out/m /out/c",
		"-test.outputdir=out -test.artifacts -test.mutexprofile=../m":                 "/pkg/m /pkg/out/_artifacts",
		"-test.artifacts=false -test.gocoverdir=/c -test.testlogfile=log":             "/c /pkg/log",
		"-test.outputdir=/out -test.gocoverdir=c -test.cpuprofile=":                   "/pkg/c",
		"-test.v -- -test.trace=t": "",
		"test.trace=t":             "",
	} {
		if got := strings.Join(testOutputs(strings.Fields(line), "/pkg"), " "); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}
