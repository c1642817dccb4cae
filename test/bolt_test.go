package test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringo-os/ringo/qemu"
	"github.com/u-root/u-root/pkg/cpio"
)

// databaseTool is bbolt's own command line, whose files are written and read through mmap.
const databaseTool = "go.etcd.io/bbolt/cmd/bbolt@v1.5.0"

// onLinuxBolt runs databaseTool on this host, in a folder.
func onLinuxBolt(t *testing.T, dir string, arguments ...string) result {
	t.Helper()
	tool := binaries.do(t, databaseTool, func() (string, error) {
		cmd := exec.Command("go", "install", databaseTool)
		cmd.Env = append(os.Environ(), "GOBIN="+scratch, "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
		out, err := cmd.CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("go install %s: %v\n%s", databaseTool, err, out)
		}
		return filepath.Join(scratch, "bbolt"), nil
	})
	cmd := exec.CommandContext(t.Context(), tool, arguments...)
	cmd.Dir = dir
	out, _ := cmd.CombinedOutput()
	return result{string(out), cmd.ProcessState.ExitCode()}
}

// inBolt runs databaseTool in a machine whose root folder has the files in dir, and brings files of it back there.
func inBolt(t *testing.T, dir string, back []string, arguments ...string) result {
	t.Helper()
	c := qemu.Config{Image: thirdParty(t, databaseTool), Memory: 256 << 20, Cores: 2, NoNetwork: true, Arguments: arguments}
	var records []cpio.Record
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, cpio.StaticFile(e.Name(), string(data), 0o644))
	}
	if len(records) > 0 {
		c.Initrd = archive(t, records...)
	}
	for _, name := range back {
		c.Export = append(c.Export, "/"+name)
	}
	c.ExportFile = filepath.Join(t.TempDir(), "export")
	r := boot(t, c)
	r.output = strings.ReplaceAll(r.output, "\r\n", "\n")
	if len(back) > 0 {
		sent, err := os.ReadFile(c.ExportFile)
		if err != nil {
			t.Fatal(err)
		}
		list, err := cpio.ReadAllRecords(cpio.Newc.Reader(bytes.NewReader(sent)))
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range list {
			data := make([]byte, record.FileSize)
			if _, err := record.ReadAt(data, 0); err != nil && err != io.EOF {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, filepath.Base(record.Name)), string(data))
		}
	}
	return r
}

// TestDatabaseTool: bbolt makes, checks, shows, compacts and repairs a database in machines, and says of it what it says
// on Linux.
func TestDatabaseTool(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if r := inBolt(t, dir, []string{"db"}, "bench", "--path", "/db", "--work", "--count", "4000", "--write-mode", "rnd"); r.status != 0 ||
		!strings.Contains(r.output, "# Write\t4000(ops)") || !strings.Contains(r.output, "# Read\t") {
		t.Fatalf("%+v", r)
	}
	if r := onLinuxBolt(t, dir, "check", "db"); r != (result{"OK\n", 0}) {
		t.Fatalf("what the machine has written, on Linux: %+v", r)
	}
	keys := onLinuxBolt(t, dir, "keys", "db", "bench")
	key, _, _ := strings.Cut(keys.output, "\n")
	for _, arguments := range [][]string{
		{"check", "db"}, {"info", "db"}, {"stats", "db"}, {"buckets", "db"}, {"keys", "db", "bench"}, {"pages", "db"},
		{"page", "--all", "--format-value", "hex", "db"}, {"dump", "db", "0", "1"}, {"inspect", "db"},
		{"get", "--parse-format", "hex", "--format", "hex", "db", "bench", key}, {"check", "missing"}, {"version"},
	} {
		got, want := inBolt(t, dir, nil, arguments...), onLinuxBolt(t, dir, arguments...)
		if d := difference(got.output, want.output); d != "" || got.status != want.status {
			t.Errorf("%q: status %d, on Linux %d\n%.3000s", arguments, got.status, want.status, d)
		}
	}
	for name, arguments := range map[string][]string{
		"compacted": {"compact", "-o", "compacted", "db"},
		"reverted":  {"surgery", "revert-meta-page", "db", "--output", "reverted"},
		"rebuilt":   {"surgery", "freelist", "abandon", "db", "--output", "rebuilt"},
	} {
		if r := inBolt(t, dir, []string{name}, arguments...); r.status != 0 {
			t.Errorf("%q: %+v", arguments, r)
		}
		if r := onLinuxBolt(t, dir, "check", name); r.status != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := onLinuxBolt(t, dir, "keys", "compacted", "bench"); r != keys {
		t.Errorf("compacting has changed the keys: %d bytes of them, were %d", len(r.output), len(keys.output))
	}
}
