package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/u-root/u-root/pkg/cpio"
)

// ringo runs a command line in this process and returns its status and what it says on stderr.
func ringo(t *testing.T, args ...string) (status int, said string) {
	t.Helper()
	said = stderr(t, func() { status = execute(t.Context(), args) })
	return status, said
}

// stderr returns what f writes to standard error.
func stderr(t *testing.T, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stderr
	os.Stderr = w
	defer func() { os.Stderr = old }()
	f()
	w.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	elf, text := filepath.Join(dir, "elf"), filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("no image"), 0o666); err != nil {
		t.Fatal(err)
	}
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"rum"}, "unknown command"},
		{[]string{"run", "--smpp=2"}, "see `ringo run --help`"},
		{[]string{"run", "-m", "lots", "."}, "write it like 64M or 2G"},
		{[]string{"run", "-p", "http", "."}, "HOST:GUEST"},
		{[]string{"run", "--machine", "vax", "."}, "choose microvm, pc or q35"},
		{[]string{"run", "prog", "-v2", "arg"}, "unknown shorthand flag"},
		{[]string{"run", "prog", "arg"}, "put -- before the program's own arguments, as in `ringo run prog -- arg`"},
		{[]string{"run", "--smp", "0", "prog"}, "at least one core"},
		{[]string{"run", text}, "is no image: give ringo run an image"},
		{[]string{"run", "--root", text, executable}, "cannot boot: "},
		{[]string{"run", executable}, "cannot boot: "},
		{[]string{"exec", executable}, "cannot boot: "},
		{[]string{"exec"}, "requires at least 1 arg"},
		{[]string{"exec", elf}, "no such file"},
		{[]string{"doctor", "me"}, "unknown command"},
		{[]string{"build", "-race", "."}, "-race does not work with Ringo"},
		{[]string{"build", "--race", "."}, "-race does not work with Ringo"},
		{[]string{"exec", "--export"}, "needs an argument"},
	} {
		status, said := ringo(t, test.args...)
		if status != 1 || !strings.Contains(said, test.want) || !strings.HasPrefix(said, "ringo: ") {
			t.Errorf("%q: status %d, %q, want %q", test.args, status, said, test.want)
		}
	}
}

func TestMissingQEMU(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out bytes.Buffer
	if examine(t.Context(), &out, false) {
		t.Error("nothing is missing")
	}
	for _, want := range []string{"missing  Go: ", "https://go.dev/dl/", "missing  QEMU: ", "apt-get install"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}

// TestTestWithoutQEMU: ringo test looks for QEMU before it builds anything.
func TestTestWithoutQEMU(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if status, said := ringo(t, "test", "."); status != 1 || !strings.Contains(said, "apt-get install") {
		t.Errorf("status %d, %q", status, said)
	}
	if status, said := ringo(t, "test", "--qemu=absent", "."); status != 1 || !strings.Contains(said, "there is no program absent") {
		t.Errorf("status %d, %q", status, said)
	}
}

func TestGoStyle(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"build -tags=a -o x -trimpath .":      "build --tags=a -o x --trimpath .",
		"run -smp 2 -m 64M . -- -tags=a":      "run --smp 2 -m 64M . -- -tags=a",
		"run -qx .":                           "run -qx .",
		"exec -smp 2 ./x.test -test.v -smp=2": "exec --smp 2 ./x.test -test.v -smp=2",
		"exec ./x.test -smp=2":                "exec ./x.test -smp=2",
		"test -trace=x -tags=a -smp=2 .":      "test -trace=x -tags=a -smp=2 .",
	} {
		if got := strings.Join(goStyle(newRoot(), strings.Fields(line)), " "); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

func TestImageName(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{"./cmd/server": "server.img", "example.com/tool/v2@latest": "tool.img",
		"main.go": "main.img", ".": "ringo.img", "v2x": "v2x.img"} {
		if got := imageName([]string{word}); got != want {
			t.Errorf("%s: %s, want %s", word, got, want)
		}
	}
}

func TestPackFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"etc/motd": "hello\n", "empty": ""} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("etc/motd", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "root.cpio")
	if err := packFolder(dir, "/home/me", archive, 1000); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range records(t, archive) {
		names = append(names, r.Name)
		data, err := io.ReadAll(io.NewSectionReader(r, 0, int64(r.FileSize)))
		if err != nil {
			t.Fatal(err)
		}
		if r.Name == "home/me/etc/motd" && (string(data) != "hello\n" || r.Mode != 0o100640 || r.MTime == 0) {
			t.Errorf("%v holds %q", r, data)
		}
		if r.Name == "home/me/link" && string(data) != "etc/motd" {
			t.Errorf("%v points to %q", r, data)
		}
	}
	if want := []string{"home", "home/me", "home/me/empty", "home/me/etc", "home/me/etc/motd", "home/me/link"}; !slices.Equal(names, want) {
		t.Errorf("the archive holds %q, want %q", names, want)
	}
	if err := packFolder(dir, "", archive, 3); err != errTooMuch {
		t.Errorf("above the limit: error %v", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if err := packFolder(link, "", archive, 0, "etc"); err != nil {
		t.Fatal(err)
	}
	if got := packed(t, archive); !slices.Equal(got, []string{"empty", "link"}) {
		t.Errorf("through a link, without etc: %q", got)
	}
	if err := packFolder(filepath.Join(dir, "empty"), "", archive, 0); err == nil || !strings.Contains(err.Error(), "is not a folder") {
		t.Errorf("a file: error %v", err)
	}
}

// records returns what is in an archive, which stays open until the test's end.
func records(t *testing.T, archive string) []cpio.Record {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	all, err := cpio.ReadAllRecords(cpio.Newc.Reader(f))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// packed returns the names in an archive.
func packed(t *testing.T, archive string) (names []string) {
	t.Helper()
	for _, r := range records(t, archive) {
		names = append(names, r.Name)
	}
	return names
}
