//go:build amd64

package withnet

import (
	"strings"
	"testing"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/linux"
)

func TestWriteFile(t *testing.T) {
	files := fs.New(1 << 20)
	linux.Start(linux.Options{Files: files, Hostname: "test", Environment: func() []string { return nil }})
	files.Write("/etc/brought", 0o644, "nameserver 9.9.9.9\n")
	files.Furnish("test")
	for _, c := range []struct{ path, content, want string }{
		{"/etc/resolv.conf", "one\n", "one\n"},
		{"/etc/resolv.conf", "two\n", "two\n"}, // ours may change
		{"/etc/brought", "ours\n", "nameserver 9.9.9.9\n"},
		{"/etc/hosts", "127.0.0.1\tlocalhost\n10.0.0.1\ttest\n", "127.0.0.1\tlocalhost\n10.0.0.1\ttest\n"},
		{"/etc/new", "new\n", "new\n"},
		{"/no/such/folder", "x", ""},
	} {
		writeFile(c.path, c.content)
		if got, _ := readFile(c.path); got != c.want {
			t.Errorf("%s is %q, want %q", c.path, got, c.want)
		}
	}
}

// line parses a kernel command line.
func line(t *testing.T, text string) *boot.CommandLine {
	t.Helper()
	c := new(boot.CommandLine)
	if p := boot.ParseCommandLine(c, []byte(text), make([]byte, boot.CommandLineBuffer(len(text)))); p != "" {
		t.Fatal(p)
	}
	return c
}

func TestPlan(t *testing.T) {
	p, err := planFrom(line(t, "ip=10.0.0.2/8,10.0.0.1 ip=fd00::2/64 dns=1.1.1.1 dns=8.8.8.8,9.9.9.9 hostname=mine"))
	if err != nil || len(p.Settings) != 2 || len(p.DNS) != 3 || p.Hostname != "mine" {
		t.Errorf("%+v, %v", p, err)
	}
	for _, wrong := range []string{"ip=x", "dns=1.1.1.1,x"} {
		if _, err := planFrom(line(t, wrong)); err == nil || !strings.HasPrefix(err.Error(), wrong[:3]) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
