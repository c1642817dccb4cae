package qemu

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/ringo-os/ringo/boot"
)

// listen takes a port of this host for the time of a test.
func listen(t *testing.T) uint16 {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

func TestArgs(t *testing.T) {
	t.Parallel()
	c := Config{Machine: Q35, Memory: 3 << 30, Cores: 4, Accelerator: "tcg", Image: "i.img", Initrd: "root.cpio",
		Words: []string{"quiet"}, Environment: []string{"A=b c"}, Arguments: []string{"-v", "it's"},
		Forwards: []Forward{{Host: 8080, Guest: 80}, {Address: netip.MustParseAddr("0.0.0.0"), Host: 53, Guest: 5353, UDP: true}}}
	got := strings.Join(c.Args("/tmp/a,b"), " ")
	for _, want := range []string{
		"-machine q35 -cpu max -accel tcg -m 3072M -smp 4",
		"path=/tmp/a,,b",
		"-device virtio-rng-pci,disable-legacy=on",
		"-netdev user,id=net0,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:0.0.0.0:53-:5353",
		"-device virtio-net-pci,disable-legacy=on,netdev=net0,romfile=",
		`-kernel i.img -initrd root.cpio -append quiet 'env.A=b c' -- -v 'it'\''s'`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	c = Config{Image: "i.img", Accelerator: "tcg"}
	got = strings.Join(c.Args("s"), " ")
	for _, want := range []string{"microvm", "-m 256M -smp 1", "virtio-net-device,netdev=net0", "virtio-rng-device"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "-append") || strings.Contains(got, "romfile") {
		t.Error(got)
	}
}

// FuzzQuote: the kernel reads back what Quote writes.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "a", "a b", "it's", `"`, `\`, "\n", "--", "virtio_mmio.device=512@0xfeb00000:5", "é", "\\\n"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.Contains(a+b, "\x00") {
			t.Skip()
		}
		c := Config{Environment: []string{"HOME=" + b, "A=" + a, "PATH="}, Arguments: []string{a, b, "--", "virtio_mmio.device=512@0xfeb00000:5"}}
		line := []byte(c.CommandLine())
		var parsed boot.CommandLine
		if p := boot.ParseCommandLine(&parsed, line, make([]byte, boot.CommandLineBuffer(len(line)))); p != "" {
			t.Fatalf("%q: %s", line, p)
		}
		words := func(v boot.Values) (all []string) {
			for {
				w, ok := v.Next()
				if !ok {
					return
				}
				all = append(all, string(w))
			}
		}
		if got := words(parsed.Arguments()); !slices.Equal(got, c.Arguments) {
			t.Errorf("%q: arguments %q, want %q", line, got, c.Arguments)
		}
		if got := words(parsed.Environment()); !slices.Equal(got, c.Environment) {
			t.Errorf("%q: environment %q, want %q", line, got, c.Environment)
		}
	})
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Size{"64": 64 << 20, "64M": 64 << 20, "64MiB": 64 << 20, "2G": 2 << 30, "2g": 2 << 30,
		"1536K": 1536 << 10, "1T": 1 << 40} {
		if got, err := ParseSize(s); got != want || err != nil {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "M", "-1", "0", "1K", "12Q", "1MM", "9999999999999G", "64iB8"} {
		if got, err := ParseSize(s); err == nil {
			t.Errorf("ParseSize(%q) = %d", s, got)
		}
	}
}

func TestParseForward(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"8080:80": "8080:80", "80": "80:80", "53:53/udp": "53:53/udp",
		"0.0.0.0:1:2/tcp": "0.0.0.0:1:2"} {
		if got, err := ParseForward(s); got.String() != want || err != nil {
			t.Errorf("ParseForward(%q) = %s, %v", s, got, err)
		}
	}
	for _, s := range []string{"", ":", "0:80", "80:65536", "a:b", "1:2/sctp", "localhost:1:2", "[::1]:1:2", "1.2.3.4:5:6:7", "1:2/"} {
		if got, err := ParseForward(s); err == nil {
			t.Errorf("ParseForward(%q) = %s", s, got)
		}
	}
}
