//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringo-os/ringo/qemu"
)

// tests is a copy of testdata/tests, a module that is tested in machines.
type tests struct {
	*testing.T
	dir    string
	before map[string]string
}

func newTests(t *testing.T) *tests {
	t.Helper()
	if _, err := exec.LookPath(qemu.Program); err != nil {
		t.Skip(qemu.ErrMissing)
	}
	t.Parallel()
	m := &tests{T: t, dir: t.TempDir()}
	if err := os.CopyFS(m.dir, os.DirFS("testdata/tests")); err != nil {
		t.Fatal(err)
	}
	m.before = m.files()
	return m
}

// files reads all files.
func (m *tests) files() map[string]string {
	m.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(m.dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(m.dir, name))
		files[name] = string(text)
		return err
	})
	if err != nil {
		m.Fatal(err)
	}
	return files
}

// run runs ringo test.
func (m *tests) run(args ...string) (stdout, stderr string, code int) {
	m.Helper()
	cmd := m.command(args...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	return out.String(), complaints.String(), status(err)
}

func (m *tests) command(args ...string) *exec.Cmd {
	cmd := command(m.T, append([]string{"test"}, args...)...)
	cmd.Dir = m.dir
	cmd.Env = append(cmd.Env, "GOFLAGS=", "GOWORK=off")
	return cmd
}

// expect runs ringo test and looks for what it prints, and that it exits with a status.
func (m *tests) expect(code int, args []string, want ...string) (stdout string) {
	m.Helper()
	out, complaints, got := m.run(args...)
	for _, w := range want {
		if !regexp.MustCompile(w).MatchString(out) {
			m.Errorf("%q: no %q", args, w)
			got = -1
		}
	}
	if got != code {
		m.Errorf("%q: status %d, want %d\n%s%s", args, got, code, out, complaints)
	}
	return out
}

// unchanged checks that there are no new and no changed files but those named.
func (m *tests) unchanged(but ...string) {
	m.Helper()
	after := m.files()
	for _, name := range but {
		if _, ok := after[name]; !ok {
			m.Errorf("there is no file %s", name)
		}
		delete(after, name)
	}
	if !maps.Equal(after, m.before) {
		m.Errorf("the files are now %q, and were %q", slices.Sorted(maps.Keys(after)), slices.Sorted(maps.Keys(m.before)))
	}
}

// TestTest: several packages, as go test prints them.
func TestTest(t *testing.T) {
	m := newTests(t)
	out := m.expect(0, []string{"-run", "Passes|Files", ".", "./inner", "./nothing"},
		`(?m)^ok  \texample.com/tests\t[\d.]+s$`, `(?m)^ok  \texample.com/tests/inner\t[\d.]+s$`, `(?m)^\?   \texample.com/tests/nothing\t\[no test files\]$`)
	if lines := strings.Count(out, "\n"); lines != 3 {
		t.Errorf("%d lines:\n%s", lines, out)
	}
	m.expect(0, []string{"-v", "-run=Files", "-e", "OF_THE_TEST=set", "--smp", "2"}, `=== RUN   TestFiles`,
		`tests_test.go:\d+: `+regexp.QuoteMeta(m.dir)+` 2 set \[\]\n`, `--- PASS: TestFiles`, `(?m)^PASS$`)
	m.expect(0, []string{"-run=Files", ".", "-v", "an", "argument"}, `tests_test.go:\d+: .* \[an argument\]\n`)
	m.expect(1, []string{"-run", "Fails"}, `--- FAIL: TestFails`, `tests_test.go:\d+: it fails`, `(?m)^FAIL\texample.com/tests\t`)
	m.expect(1, []string{"-run", "Panics", "."}, `panic: it panics`, `tests\.TestPanics\(`, `(?m)^FAIL\texample.com/tests\t`)
	m.expect(1, []string{"-v", "./withmain"}, `(?s)before the tests.*--- PASS: TestPasses.*after the tests 0`, `(?m)^FAIL\texample.com/tests/withmain\t`)
	m.unchanged()
}

// TestTestBubble: what package testing/synctest does to time ends at the kernel.
func TestTestBubble(t *testing.T) {
	m := newTests(t)
	m.expect(0, []string{"./bubble"}, `(?m)^ok  \texample.com/tests/bubble\t`)
	m.expect(0, []string{"--smp=4", "-count=3", "./bubble"}, `(?m)^ok  \texample.com/tests/bubble\t`)
}

// TestTestFlags: go test's flags mean what they mean there.
func TestTestFlags(t *testing.T) {
	m := newTests(t)
	if out := m.expect(0, []string{"-v", "-count=3", "-run", "Passes"}, "ok"); strings.Count(out, "--- PASS: TestPasses") != 3 {
		t.Errorf("-count=3:\n%s", out)
	}
	m.expect(0, []string{"-v", "-short", "-run", "Long"}, `--- SKIP: TestLong`, `it takes long`)
	m.expect(0, []string{"-v", "-run", "Long"}, `--- PASS: TestLong`)
	m.expect(0, []string{"-run", "^$", "-bench", ".", "-benchtime", "50x", "-benchmem"}, `BenchmarkSum\s+50\s+.* ns/op.* B/op.*allocs/op`)
	m.expect(0, []string{"-v", "-run", "FuzzSum"}, `--- PASS: FuzzSum/seed#0`)
	m.expect(0, []string{"-list", "Passes|Sum", "."}, `(?s)^TestPasses\nBenchmarkSum\nFuzzSum\nok`)
	m.unchanged()
	m.expect(0, []string{"-c", "-o", "tests.test"})
	m.unchanged("tests.test")
}

// TestTestJSON: -json makes the events that go test makes.
func TestTestJSON(t *testing.T) {
	m := newTests(t)
	out := m.expect(1, []string{"-json", "-run", "Passes|Fails", ".", "./inner"})
	results := map[string]string{}
	for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); {
		var e struct{ Action, Package, Test string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		switch e.Action {
		case "pass", "fail":
			results[strings.TrimPrefix(e.Package, "example.com/")+" "+e.Test] = e.Action
		}
	}
	want := map[string]string{"tests ": "fail", "tests TestPasses": "pass", "tests TestFails": "fail", "tests/inner ": "pass", "tests/inner TestPasses": "pass"}
	if !maps.Equal(results, want) {
		t.Errorf("%v, want %v\n%s", results, want, out)
	}
}

// TestTestProfiles: what a test writes for its flags comes back, whole.
func TestTestProfiles(t *testing.T) {
	m := newTests(t)
	if err := os.Mkdir(filepath.Join(m.dir, "out"), 0o755); err != nil {
		t.Fatal(err)
	}
	m.expect(0, []string{"-run", "Works|Artifacts", "-cpuprofile", "cpu", "-memprofile", "mem", "-blockprofile", "block", "-mutexprofile", "mutex",
		"-trace", "trace", "-coverprofile", "cover", "-outputdir", "out", "-artifacts", "-o", "tests.test"}, `coverage: [\d.]+% of statements`)
	after := m.files()
	for name, begins := range map[string]string{"cpu": "\x1f\x8b", "mem": "\x1f\x8b", "block": "\x1f\x8b", "mutex": "\x1f\x8b", "trace": "go 1.", "cover": "mode: set\n"} {
		if !strings.HasPrefix(after["out/"+name], begins) {
			t.Errorf("%s is %.20q", name, after["out/"+name])
		}
	}
	pprof := exec.CommandContext(t.Context(), "go", "tool", "pprof", "-top", filepath.Join(m.dir, "tests.test"), filepath.Join(m.dir, "out/cpu"))
	if top, err := pprof.CombinedOutput(); err != nil || !strings.Contains(string(top), "example.com/tests.work") {
		t.Errorf("error %v\n%s", err, top)
	}
	// The file tells what the addresses are that the image had in the machine.
	pprof = exec.CommandContext(t.Context(), "go", "tool", "pprof", "-disasm", "example.com/tests.work", filepath.Join(m.dir, "tests.test"), filepath.Join(m.dir, "out/cpu"))
	if code, err := pprof.CombinedOutput(); err != nil || !strings.Contains(string(code), "ROUTINE ======================== example.com/tests.work") ||
		!regexp.MustCompile(`(?m)^ +[\d.]+m?s +.*;(example.com/tests.work )?tests_test.go:\d+$`).Match(code) {
		t.Errorf("error %v\n%s", err, code)
	}
	artifact := ""
	for name, text := range after {
		if strings.HasPrefix(name, "out/_artifacts/") && strings.HasSuffix(name, "/artifact") && text == "kept" {
			artifact = name
		}
	}
	m.expect(1, []string{"-run", "Fails", "-memprofile", "failed", "-outputdir", "out", "-o", "tests.test"}, `--- FAIL: TestFails`)
	if got := m.files()["out/failed"]; !strings.HasPrefix(got, "\x1f\x8b") {
		t.Errorf("the profile of a test that fails is %.20q", got)
	}
	m.unchanged("tests.test", "out/failed", "out/cpu", "out/mem", "out/block", "out/mutex", "out/trace", "out/cover", artifact)
}

// TestTestEndsBadly: of a test that panics, or ends the program, comes back what go test would have found.
func TestTestEndsBadly(t *testing.T) {
	for name, want := range map[string]string{"Panics": "panic: it panics", "Exits": "FAIL", "Dies": "the last word"} {
		t.Run(name, func(t *testing.T) {
			m := newTests(t)
			args := []string{"-run", name, "-cpuprofile", "cpu", "-memprofile", "mem", "-trace", "trace", "-coverprofile", "cover", "-artifacts", "-outputdir", ".", "."}
			left := func() (list []string) {
				for name, content := range m.files() {
					if _, there := m.before[name]; !there && !strings.HasSuffix(name, ".test") {
						// An artifact's folder has a number.
						name = regexp.MustCompile(`/\d+/`).ReplaceAllString(name, "/N/")
						// How much of a trace is there is a matter of time.
						list = append(list, fmt.Sprint(name, " empty ", content == "" && name != "trace"))
						os.Remove(filepath.Join(m.dir, name))
					}
				}
				os.RemoveAll(filepath.Join(m.dir, "_artifacts"))
				slices.Sort(list)
				return list
			}
			stock := exec.CommandContext(t.Context(), "go", append([]string{"test"}, args...)...)
			stock.Dir = m.dir
			if out, err := stock.CombinedOutput(); status(err) != 1 || !strings.Contains(string(out), want) {
				t.Fatalf("go test: %v\n%s", err, out)
			}
			theirs := left()
			m.expect(1, args, regexp.QuoteMeta(want))
			if ours := left(); !slices.Equal(ours, theirs) || len(ours) == 0 {
				t.Errorf("%q, and go test leaves %q", ours, theirs)
			}
		})
	}
}

// TestTestCover: the coverage of several packages is merged, as are the packages' views of each other.
func TestTestCover(t *testing.T) {
	m := newTests(t)
	lines := func(name string) map[string]bool {
		counts := map[string]bool{}
		for line := range strings.Lines(m.files()[name]) {
			if place, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok && strings.Contains(place, ".go:") {
				counts[place] = counts[place] || strings.HasSuffix(rest, " 1")
			}
		}
		return counts
	}
	m.expect(0, []string{"-run", "Passes", "-coverprofile", "cover", ".", "./inner", "./nothing"}, `tests\t[\d.]+s\tcoverage: 100.0%`, `inner\t[\d.]+s\tcoverage: 50.0%`)
	want := map[string]bool{"example.com/tests/tests.go:5.36,6.28": true, "example.com/tests/tests.go:6.28,8.3": true, "example.com/tests/tests.go:9.2,9.12": true,
		"example.com/tests/inner/inner.go:5.18,5.30": true, "example.com/tests/inner/inner.go:8.17,8.29": false}
	if got := lines("cover"); !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
	// The tests of each package cover the other as well.
	m.expect(0, []string{"-run", "Passes", "-coverpkg=.,./inner", "-coverprofile", "cover", ".", "./inner"}, `coverage: 80.0% of statements in`, `coverage: 20.0% of statements in`)
	if got := lines("cover"); !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
	m.unchanged("cover")
}

// TestTestExport: what a test changes comes back if it is asked for, and only then.
func TestTestExport(t *testing.T) {
	m := newTests(t)
	m.expect(0, []string{"-run", "Files", ".", "-update"})
	m.unchanged()
	m.expect(0, []string{"--export", "testdata", "-run", "Files", ".", "-update"})
	if got := m.files()["testdata/golden"]; got != "golden\n" {
		t.Errorf("%q", got)
	}
	m.unchanged("testdata/golden")
}

// TestTestTimeout: a test that takes too long ends with what it does, and what it has measured comes back.
func TestTestTimeout(t *testing.T) {
	m := newTests(t)
	m.expect(1, []string{"-run", "Loops", "-timeout", "1s", "-cpuprofile", "cpu", "-o", "tests.test"},
		`panic: test timed out after 1s`, `TestLoops \(1s\)`, `tests\.TestLoops\(`, `(?m)^FAIL\texample.com/tests\t`)
	if got := m.files()["cpu"]; !strings.HasPrefix(got, "\x1f\x8b") {
		t.Errorf("the profile is %.20q", got)
	}
	m.unchanged("cpu", "tests.test")
}

// TestTestQuit: SIGQUIT shows what a test does, as go test wants it when its own time is over; even what a test does
// that will not hear of SIGQUIT.
func TestTestQuit(t *testing.T) {
	m := newTests(t)
	m.expect(0, []string{"-c", "-o", "tests.test"})
	for _, test := range []struct {
		args  []string
		says  string // when it is time; "" if that is at the start
		want  string
		code  int
		after time.Duration
	}{
		{[]string{"test", "-run", "Looping"}, "looping", `(?s)SIGQUIT: quit.*tests\.TestLooping\(.*FAIL`, 1, 0},
		{[]string{"exec", "-q", "tests.test", "-test.run=Looping"}, "looping", `(?s)SIGQUIT: quit.*tests\.TestLooping\(`, 2, 0},
		{[]string{"exec", "-q", "tests.test", "-test.run=Stubborn"}, "stubborn", `(?s)SIGQUIT: quit.*tests\.TestStubborn\(`, 2, 0},
		// A core that takes no interrupts any more, with no other to notice. On a busy host it does so before
		// there is anything to read.
		{[]string{"exec", "-q", "-w", "debug=hang", "tests.test", "-test.run=Looping"}, "", `(?s)core 0 takes no interrupts.*interrupts off.*\ngoroutine \d+ `, 122, 5 * time.Second},
	} {
		cmd := m.command()
		cmd.Args = append(cmd.Args[:1], test.args...)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		var began time.Time
		quit := func() {
			time.Sleep(test.after)
			began = time.Now()
			cmd.Process.Signal(syscall.SIGQUIT)
		}
		if test.says == "" {
			quit()
		}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			all.WriteString(lines.Text() + "\n")
			if lines.Text() == test.says && test.says != "" {
				quit()
			}
		}
		if got := status(cmd.Wait()); got != test.code || !regexp.MustCompile(test.want).MatchString(all.String()) || time.Since(began) > quitTime+5*time.Second {
			t.Errorf("%q: status %d after %v\n%s", test.args, got, time.Since(began), &all)
		}
	}
}

// TestTestComplaints: the compiler's and vet's words reach the user, and so do ours.
func TestTestComplaints(t *testing.T) {
	m := newTests(t)
	for _, test := range []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{[]string{"./broken", "./inner"}, 1, `(?s)FAIL\texample.com/tests/broken \[build failed\].*ok  \texample.com/tests/inner`,
			`^# example.com/tests/broken \[example.com/tests/broken.test\]\nbroken/broken_test.go:5:33: undefined: undefined\n$`},
		{[]string{"./vetted"}, 1, `ok  \texample.com/tests/vetted`, `(?s)^# example.com/tests/vetted\n# \[example.com/tests/vetted\]\n` +
			`./vetted/vetted_test.go:8:\d+: fmt.Printf format %d has arg .*\nringo: go vet has found mistakes.*-vet=off does without`},
		{[]string{"-vet=off", "./vetted"}, 0, `ok  \texample.com/tests/vetted`, `^$`},
		{[]string{"-vet=nonsense", "."}, 2, `^$`, `^ringo: -vet=nonsense is nothing for go vet`},
		{[]string{"./absent"}, 1, `FAIL\t./absent \[setup failed\]`, `directory not found`},
		{[]string{"-race", "."}, 2, `^$`, `^ringo: -race does not work with Ringo`},
		{[]string{"-exec", "x", "."}, 2, `^$`, "^ringo: ringo test boots the tests itself.*see `ringo help test`"},
		{[]string{"-count", "many", "."}, 2, `^$`, `invalid value "many" for flag -count`},
		{[]string{"-m", "lots", "."}, 2, `^$`, `^ringo: "lots" is no size of memory`},
		{[]string{"-m", "1M", "./inner"}, 1, `ringo: the program does not fit into 1M of memory`, ``},
		{[]string{"--machine=vax", "./inner"}, 2, `^$`, `choose microvm, pc or q35`},
		{[]string{"-run", "Fails|Files", "-m", "24M", "--file", "big", "."}, 1, `(?s)it fails.*ringo: not all of the module was in the machine.*--file brings`, ``},
		{[]string{"--help"}, 0, `(?s)Test stands where go test stands.*\n      --publish`, `^$`},
	} {
		if slices.Contains(test.args, "big") {
			write(t, m.dir, map[string]string{"big": "", "inner/large": strings.Repeat("x", 6<<20)})
		}
		out, complaints, code := m.run(test.args...)
		complaints = regexp.MustCompile(`(?m)^ringo: (vetting|looking|laying).*\n`).ReplaceAllString(complaints, "")
		if code != test.code || !regexp.MustCompile(test.stdout).MatchString(out) || !regexp.MustCompile(test.stderr).MatchString(complaints) {
			t.Errorf("%q: status %d, want %d\n%s\n%s", test.args, code, test.code, out, complaints)
		}
	}
}
