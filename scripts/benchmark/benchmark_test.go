package benchmark

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/u-root/u-root/pkg/cpio"
)

func TestInitramfs(t *testing.T) {
	dir := t.TempDir()
	program, archive := filepath.Join(dir, "program"), filepath.Join(dir, "archive")
	if err := os.WriteFile(program, []byte("code"), 0o600); err != nil {
		t.Fatal(err)
	}
	modules := []cpio.Record{cpio.StaticFile("modules/0-a.ko", "module", 0o644)}
	if err := WriteInitramfs(archive, modules, "init", program, "program", program); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := cpio.ReadAllRecords(cpio.Newc.Reader(f))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range records {
		if r.Name != "." { // cpio adds it
			names = append(names, r.Name)
		}
		if r.Name == "init" {
			content, _ := io.ReadAll(io.NewSectionReader(r, 0, int64(r.FileSize)))
			if r.Mode != cpio.S_IFREG|0o755 || string(content) != "code" {
				t.Errorf("init has mode %o, content %q", r.Mode, content)
			}
		}
	}
	if got := strings.Join(names, " "); got != "modules modules/0-a.ko init program" {
		t.Errorf("the archive has %s", got)
	}
}

// said is a machine whose console says text.
func said(t *testing.T, text string) *Machine {
	m := &Machine{ctx: t.Context()}
	m.Console = io.TeeReader(strings.NewReader(text), &tail{&m.said})
	return m
}

func TestLines(t *testing.T) {
	until := func(line string) bool { return line != "hello" }
	if err := said(t, "SeaBIOS\r\nhello\r\nmore").Lines(until); err != nil {
		t.Error(err)
	}
	if err := said(t, "SeaBIOS\r\npanic").Lines(until); err == nil || !strings.Contains(err.Error(), `the console says "SeaBIOS\r\npanic"`) {
		t.Error(err)
	}
}

func TestTail(t *testing.T) {
	var b bytes.Buffer
	to := &tail{&b}
	for range 300 {
		to.Write([]byte("0123456789"))
	}
	if b.Len() != 2000 || !strings.HasSuffix(b.String(), "789") {
		t.Errorf("%d bytes are kept", b.Len())
	}
}

func TestMedian(t *testing.T) {
	for want, times := range map[time.Duration][]time.Duration{2: {9, 1, 2}, 3: {4, 2}, 7: {7}} {
		if got := Median(times); got != want {
			t.Errorf("of %v: %v", times, got)
		}
	}
}

func TestUpdateFile(t *testing.T) {
	const before, start, after = "a\n", "<!-- make bench-x ARGS=-update writes from here -->\n", "b\n"
	const other = "<!-- make bench-y ARGS=-update writes from here -->\nkept\n" + partEnd
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(before+start+"old\n"+partEnd+after+other), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := UpdateFile(file, "bench-x", "new\n"); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := os.ReadFile(file); string(got) != before+start+"\nnew\n\n"+partEnd+after+other {
		t.Errorf("the file is %q", got)
	}
	if UpdateFile(file, "bench-z", "new") == nil {
		t.Error("no error without a place")
	}
}
