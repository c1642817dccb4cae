package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// What a test finds in its machine, and what comes back from there.

// testFiles are the files around a test.
type testFiles struct {
	dir     string   // the package's folder
	others  []string // what the user wants to be there too
	outputs []string // what the test writes for go test
}

// leftOut are folders that no test looks at.
var leftOut = []string{".git"}

// pack packs as much as fits into limit bytes of what the test can reach: the whole module, or what is nearest to
// the test. It returns a sentence about what is missing.
func (t *testFiles) pack(archive string, limit int64) (missing string, err error) {
	var with []tree
	for _, name := range t.others {
		with = append(with, tree{name: name, at: name})
	}
	with = append(with, t.folders()...)
	module := moduleOf(t.dir)
	near := t.near(module)
	attempts := [][]tree{
		{{name: t.dir, at: t.dir}},
		{{name: t.dir, at: t.dir, depth: shallow}, {name: filepath.Join(t.dir, "testdata"), at: filepath.Join(t.dir, "testdata")}},
	}
	if module != "" {
		attempts = slices.Insert(attempts, 0, []tree{{name: module, at: module}})
	}
	for i, trees := range attempts {
		if i > 0 || module == "" {
			trees = append(trees, near...)
		}
		trees = existing(append(trees, with...))
		if !fit(trees, limit, leftOut...) {
			continue
		}
		if i > 0 {
			missing = fmt.Sprintf("not all of the module was in the machine, since it takes more than %d MiB, a quarter of the "+
				"machine's memory: --file brings what the test needs, or -m more memory", limit>>20)
		}
		return missing, pack(trees, archive, limit, leftOut...)
	}
	if sources, _ := filepath.Glob(filepath.Join(t.dir, "*.go")); len(sources) > 0 || len(t.others) > 0 {
		return "", fmt.Errorf("the files in %s, the package's folder, and those of --file take more than %d MiB, a quarter of the machine's memory: "+
			"give it more with -m", t.dir, limit>>20)
	}
	fmt.Fprintf(os.Stderr, "ringo: the folder %s is empty in the machine: its files take more than %d MiB, a quarter of the machine's memory (-m)\n",
		t.dir, limit>>20)
	return "", pack(append(t.folders(), tree{name: t.dir, at: t.dir, depth: bare}), archive, 0)
}

// near returns what tests often reach that do not stay in their folder: the module's go.mod and go.sum, and the
// testdata folders of the packages above.
func (t *testFiles) near(module string) (trees []tree) {
	if module == "" {
		return nil
	}
	add := func(name string) { trees = append(trees, tree{name: name, at: name}) }
	add(filepath.Join(module, "go.mod"))
	add(filepath.Join(module, "go.sum"))
	for dir := t.dir; dir != module; {
		dir = filepath.Dir(dir)
		add(filepath.Join(dir, "testdata"))
	}
	return trees
}

// folders returns the folders that the test's outputs go to, with what is in those that are outputs themselves,
// and what go test has put there for -coverpkg.
func (t *testFiles) folders() (trees []tree) {
	for _, o := range t.outputs {
		trees = append(trees, tree{name: filepath.Dir(o), at: filepath.Dir(o), depth: bare})
		if info, err := os.Stat(o); err == nil && info.IsDir() && filepath.Base(o) != artifacts {
			trees = append(trees, tree{name: o, at: o})
			for _, f := range coverageFiles(o) {
				trees = append(trees, tree{name: f, at: f})
			}
		}
	}
	return trees
}

// coverageFiles returns the files that the one called metafiles.txt in a folder names: go test puts it there, for a test
// that covers other packages than its own (internal/coverage.MetaFileCollection).
func coverageFiles(folder string) []string {
	var collection struct{ MetaFileFragments []string }
	text, err := os.ReadFile(filepath.Join(folder, "metafiles.txt"))
	if err != nil || json.Unmarshal(text, &collection) != nil {
		return nil
	}
	return collection.MetaFileFragments
}

// existing leaves out what is not there. What the user has named must be, which pack finds out.
func existing(trees []tree) []tree {
	return slices.DeleteFunc(trees, func(t tree) bool {
		_, err := os.Stat(t.name)
		return errors.Is(err, os.ErrNotExist) && (t.depth == bare || filepath.Base(t.name) == "testdata" || strings.HasPrefix(filepath.Base(t.name), "go."))
	})
}

// moduleOf returns the folder of the module that a folder belongs to, "" for none. Go's own module counts for
// none: it is large, and its tests know what they need.
func moduleOf(dir string) string {
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			for line := range strings.Lines(string(text)) {
				if words := strings.Fields(line); len(words) == 2 && words[0] == "module" && (words[1] == "std" || words[1] == "cmd") {
					return ""
				}
			}
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			return ""
		}
		dir = above
	}
}

// artifacts is the folder that -test.artifacts makes in the output folder.
const artifacts = "_artifacts"

// inOutputFolder are the flags of a test binary that name a file in the folder of -test.outputdir, anywhere those
// that name a file or folder by itself.
var (
	inOutputFolder = []string{"cpuprofile", "memprofile", "blockprofile", "mutexprofile", "trace", "coverprofile"}
	anywhere       = []string{"gocoverdir", "testlogfile"}
)

// testOutputs returns what a test binary writes when it is started in dir with these arguments: the files and
// folders that its flags name.
func testOutputs(arguments []string, dir string) (outputs []string) {
	named := map[string]string{}
	for i, a := range arguments {
		if a == "--" || a == "-args" {
			break
		}
		flag, ours := strings.CutPrefix(strings.TrimLeft(a, "-"), "test.")
		if !ours || !strings.HasPrefix(a, "-") {
			continue
		}
		name, value, ok := strings.Cut(flag, "=")
		if !ok && name != "artifacts" && i+1 < len(arguments) {
			value = arguments[i+1]
		}
		named[name] = value
	}
	folder := dir
	within := func(folder, name string) string {
		if filepath.IsAbs(name) {
			return filepath.Clean(name)
		}
		return filepath.Join(folder, name)
	}
	if o := named["outputdir"]; o != "" {
		folder = within(dir, o)
	}
	for _, flag := range inOutputFolder {
		if name := named[flag]; name != "" {
			outputs = append(outputs, within(folder, name))
		}
	}
	for _, flag := range anywhere {
		if name := named[flag]; name != "" {
			outputs = append(outputs, within(dir, name))
		}
	}
	if value, ok := named["artifacts"]; ok && value != "false" {
		outputs = append(outputs, filepath.Join(folder, artifacts))
	}
	return outputs
}
