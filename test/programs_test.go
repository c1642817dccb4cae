package test

import (
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ringo-os/ringo/qemu"
)

// These programs come from the module proxy as they are.
const (
	loadGenerator = "github.com/rakyll/hey@v0.1.4"
	formatter     = "mvdan.cc/sh/v3/cmd/shfmt@v3.11.0"
)

func thirdParty(t *testing.T, program string) string {
	t.Helper()
	return images.do(t, program, func() (string, error) {
		return buildImage(scratch, program, "image-"+strings.NewReplacer("/", "-", "@", "-").Replace(program))
	})
}

// TestLoadGenerator runs hey in the machine against a server on the host.
func TestLoadGenerator(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		fmt.Fprintln(w, "hello")
	}))
	defer server.Close()
	url := fmt.Sprintf("http://%s:%d/", hostAddress, server.Listener.Addr().(*net.TCPAddr).Port)
	r := boot(t, qemu.Config{Image: thirdParty(t, loadGenerator), Memory: 256 << 20, Arguments: []string{"-n", "500", "-c", "20", url}})
	if r.status != 0 || !strings.Contains(r.output, "[200]\t500 responses") || served.Load() != 500 {
		t.Errorf("status %d, %d requests\n%s", r.status, served.Load(), r.output)
	}
}

// TestFormatter runs shfmt on files, and on what is typed.
func TestFormatter(t *testing.T) {
	t.Parallel()
	file := thirdParty(t, formatter)
	root := t.TempDir()
	writeFile(t, filepath.Join(root, "bad.sh"), "if  true;then\necho   yes\nfi\n")
	writeFile(t, filepath.Join(root, "good.sh"), "echo good\n")
	writeFile(t, filepath.Join(root, "broken.sh"), "if true; then\n")
	for _, test := range []struct {
		arguments []string
		stdin     string
		want      string
		status    int
	}{
		{[]string{"/bad.sh"}, "", "if true; then\n\techo yes\nfi\n", 0},
		{[]string{"-w", "-l", "/bad.sh", "/good.sh"}, "", "/bad.sh\n", 0},
		{[]string{"-l", "/missing.sh"}, "", "lstat /missing.sh: no such file or directory\n", 1},
		{[]string{"/broken.sh"}, "", "/broken.sh:1:1: if statement must end with \"fi\"\n", 1},
		{[]string{}, "echo   typed\n", "echo typed\n", 0},
	} {
		r := ringoRun(t, test.stdin, append([]string{"--root", root, file, "--"}, test.arguments...)...)
		// The console is a terminal: it may show what is typed.
		got := strings.TrimPrefix(strings.ReplaceAll(r.output, "\r\n", "\n"), test.stdin)
		if got != test.want || r.status != test.status {
			t.Errorf("%q: %+v\nwant %d\n%s", test.arguments, r, test.status, test.want)
		}
	}
}

// TestGoTest: go test -exec runs a package's tests in a machine.
func TestGoTest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/tested")); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	goflags := exec.CommandContext(t.Context(), ringo, "goflags", "./...")
	goflags.Dir = dir
	flags, err := goflags.Output()
	if err != nil {
		t.Fatal(err)
	}
	run := func(arguments ...string) (string, int) {
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"test", "-exec", ringo + " exec -m 256M"}, arguments...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS="+strings.TrimSpace(string(flags)), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOWORK=off")
		out, _ := cmd.CombinedOutput()
		return string(out), cmd.ProcessState.ExitCode()
	}
	out, status := run("-v", "-run", "Passes|Files|Environment", "./...")
	if status != 0 || !strings.Contains(out, "--- PASS: TestPasses") || !strings.Contains(out, "--- PASS: TestFiles") ||
		!strings.Contains(out, "ok  \texample.com/tested") {
		t.Errorf("status %d\n%s", status, out)
	}
	out, status = run("-run", "Fails", "./...")
	if status != 1 || !strings.Contains(out, "--- FAIL: TestFails") || !strings.Contains(out, "tested_test.go:") || !strings.Contains(out, "it fails") {
		t.Errorf("status %d\n%s", status, out)
	}
	out, status = run("-run", "Panics", "./...")
	if status != 1 || !strings.Contains(out, "panic: it panics") || !strings.Contains(out, "tested.TestPanics(") {
		t.Errorf("status %d\n%s", status, out)
	}
	out, status = run("-run", "XXX", "-bench", ".", "-benchtime", "100x", ".")
	if status != 0 || !strings.Contains(out, "BenchmarkOne") || !strings.Contains(out, "ns/op") {
		t.Errorf("status %d\n%s", status, out)
	}
	// These flags take the place of those in GOFLAGS: what is missing then is told, not left out in silence.
	out, status = run("-ldflags=-s", ".")
	if status != 1 || !strings.Contains(out, "ringo goflags -ldflags=-s") {
		t.Errorf("status %d\n%s", status, out)
	}
	out, status = run("-ldflags=-s -buildmode=pie", "-run", "Passes", ".")
	if status != 0 {
		t.Errorf("status %d\n%s", status, out)
	}
	if after := contents(t, dir); !maps.Equal(before, after) {
		t.Errorf("the package's folder has become %v", after)
	}
}

// contents reads all files of a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
