package boot

import (
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// parse parses a line in a buffer that is exactly as long as it must be.
func parse(line string) (*CommandLine, Problem) {
	c := new(CommandLine)
	p := ParseCommandLine(c, []byte(line), make([]byte, CommandLineBuffer(len(line))))
	return c, p
}

func all(v Values) []string {
	got := []string{}
	for {
		word, ok := v.Next()
		if !ok {
			return got
		}
		if word[:len(word)+1][len(word)] != 0 {
			panic("no NUL behind " + string(word))
		}
		got = append(got, string(word))
	}
}

func TestQuoting(t *testing.T) {
	for _, test := range []struct {
		line string
		want []string
	}{
		{``, nil},
		{` `, nil},
		{`a b`, []string{"a", "b"}},
		{"\ta \n b  ", []string{"a", "b"}},
		{`'a b' "c d" e\ f`, []string{"a b", "c d", "e f"}},
		{`a'b'"c"\d`, []string{"abcd"}},
		{`'' "" x`, []string{"", "", "x"}},
		{`'\n"' "\n'"`, []string{`\n"`, `\n'`}},
		{`"a\"b\\c\$d\` + "`" + `e\f"`, []string{`a"b\c$d` + "`" + `e\f`}},
		{"a\\\nb \\\n c", []string{"ab", "c"}},
		{"'a\nb'", []string{"a\nb"}},
		{`\'`, []string{"'"}},
		{`-- --`, []string{"--", "--"}},
		{"é ü", []string{"é", "ü"}},
	} {
		c, p := parse("-- " + test.line)
		if p != "" {
			t.Errorf("%q: %s", test.line, p)
		}
		if got := all(c.Arguments()); !slices.Equal(got, test.want) || c.ArgumentCount() != len(test.want)+1 {
			t.Errorf("%q: %q, want %q", test.line, got, test.want)
		}
	}
	for _, line := range []string{`'a`, `-- "a`, `a\`, `-- "a\`, `-- a'b"`} {
		if c, p := parse(line); p == "" || len(c.Bad) == 0 && line != `-- "a\` {
			t.Errorf("%q: %q about %q", line, p, c.Bad)
		}
	}
}

// TestShell compares with what sh makes of the same words.
func TestShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	for _, line := range []string{
		`a 'b c' "d\"e" f\ g`, `"\a\\\"" '\' x`, `a""b ''`, "x\\\ny", `"a'b" 'c"d'`, `\\ \" \'`, `--x=y "z  z"`,
	} {
		out, err := exec.Command(sh, "-c", `for a in `+line+`; do printf '%s\0' "$a"; done`).Output()
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		c, _ := parse("-- " + line)
		if got := all(c.Arguments()); !slices.Equal(got, want) {
			t.Errorf("%s: %q, sh says %q", line, got, want)
		}
	}
}

func TestMachineWords(t *testing.T) {
	c, p := parse(`quiet ip=10.0.0.2/24,10.0.0.1 'env.A=b c' ip=dhcp@52:54:0:1:2:3 env.B= memory=64M memory=1G -- ip=x env.C=d`)
	if p != "" {
		t.Fatalf("%s: %q", p, c.Bad)
	}
	if got, want := all(c.Values("ip")), []string{"10.0.0.2/24,10.0.0.1", "dhcp@52:54:0:1:2:3"}; !slices.Equal(got, want) {
		t.Errorf("ip %q", got)
	}
	if v, ok := c.Value("memory"); string(v) != "1G" || !ok {
		t.Errorf("memory %q: the last one counts", v)
	}
	if _, ok := c.Value("hostname"); ok || c.Has("hostname") {
		t.Error("a hostname from nowhere")
	}
	if !c.Has("quiet") || !c.Has("ip") || c.Has("i") {
		t.Error("Has")
	}
	if got, want := all(c.Environment()), []string{"A=b c", "B=", home, path}; !slices.Equal(got, want) {
		t.Errorf("environment %q", got)
	}
	if got, want := all(c.Arguments()), []string{"ip=x", "env.C=d"}; !slices.Equal(got, want) {
		t.Errorf("arguments %q", got)
	}
}

// The variables that are there anyway.
const (
	home = "HOME=/root"
	path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

func TestVector(t *testing.T) {
	for _, test := range []struct {
		line string
		want []string
	}{
		{``, []string{"program", "nil", home, path, "nil"}},
		{`arg0=x env.HOME=/`, []string{"x", "nil", "HOME=/", path, "nil"}},
		{`arg0= env.HOMER=y env.PATH=`, []string{"", "nil", "HOMER=y", "PATH=", home, "nil"}},
		{`env.PATH=a env.HOME=b env.PATH=c -- env.A=`, []string{"program", "env.A=", "nil", "PATH=a", "HOME=b", "PATH=c", "nil"}},
		{`env.A=1 arg0=/bin/x quiet env.B= -- 'a b' ''`, []string{"/bin/x", "a b", "", "nil", "A=1", "B=", home, path, "nil"}},
	} {
		c, p := parse(test.line)
		if p != "" {
			t.Fatal(p)
		}
		vector := make([]*byte, c.VectorLength())
		if !c.FillVector(vector) || c.FillVector(vector[1:]) {
			t.Errorf("%s: FillVector", test.line)
		}
		var got []string
		for _, p := range vector {
			if p == nil {
				got = append(got, "nil")
				continue
			}
			n := 0
			for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
				n++
			}
			got = append(got, unsafe.String(p, n))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.line, got, test.want)
		}
	}
}

// TestDevicesAtTheEnd is about what QEMU's microvm adds to a line.
func TestDevicesAtTheEnd(t *testing.T) {
	const d1, d2 = "virtio_mmio.device=512@0xfeb00000:5", "virtio_mmio.device=512@0xfeb00200:6"
	for _, test := range []struct {
		line      string
		devices   int
		arguments []string
	}{
		{d1 + " " + d2, 2, []string{}},
		{"quiet -- a " + d1 + " " + d2, 2, []string{"a"}},
		{"quiet -- " + d1, 1, []string{}},
		{d2 + " -- a " + d1, 2, []string{"a"}},
		{"-- " + d1 + " a", 0, []string{d1, "a"}},
		{"-- " + d2 + " " + d1 + " a " + d1, 1, []string{d2, d1, "a"}},
		{"-- a '" + d1 + "'", 0, []string{"a", d1}},
	} {
		c, p := parse(test.line)
		if p != "" {
			t.Errorf("%s: %s", test.line, p)
		}
		if got := all(c.Values("virtio_mmio.device")); len(got) != test.devices {
			t.Errorf("%s: devices %q", test.line, got)
		}
		if got := all(c.Arguments()); !slices.Equal(got, test.arguments) || c.ArgumentCount() != len(got)+1 {
			t.Errorf("%s: arguments %q of %d", test.line, got, c.ArgumentCount())
		}
	}
	if c, p := parse("-- a virtio_mmio.device=x"); p == "" || string(c.Bad) != "virtio_mmio.device=x" {
		t.Errorf("%q about %q", p, c.Bad)
	}
}

func TestUnknownWords(t *testing.T) {
	for _, test := range []struct{ line, bad, suggestion string }{
		{"quit", "quit", "quiet"},
		{"quiet=1", "quiet=1", "quiet"},
		{"--quiet", "--quiet", "quiet"},
		{"IP=dhcp", "IP=dhcp", "ip="},
		{"ipp=1.2.3.4/24", "ipp=1.2.3.4/24", "ip="},
		{"ip", "ip", "ip="},
		{"ip=", "ip=", "ip="},
		{"hostnmae=x", "hostnmae=x", "hostname="},
		{"consol=ttyS0", "consol=ttyS0", "console="},
		{"evn.FOO=1", "evn.FOO=1", "env."},
		{"env.FOO", "env.FOO", "env."},
		{"env.=x", "env.=x", "env."},
		{"virtio-mmio.device=512@0xfeb00000:5", "virtio-mmio.device=512@0xfeb00000:5", "virtio_mmio.device="},
		{"memory=lots", "memory=lots", "memory="},
		{"memory=0", "memory=0", "memory="},
		{"console=ttyUSB0", "console=ttyUSB0", "console="},
		{"pipe=stderr", "pipe=stderr", "pipe="},
		{"window=big", "window=big", "window="},
		{"rtc=1000000000", "rtc=1000000000", "rtc="},
		{"export=out", "export=out", "export="},
		{"export=", "export=", "export="},
		{"log=192.0.2.1", "log=192.0.2.1", "log="},
		{"log=tcp://", "log=tcp://", "log="},
		{"log=tls://192.0.2.1", "log=tls://192.0.2.1", "log="},
		{"quiet ''", "", ""},
		{"nonsense", "nonsense", ""},
		{strings.Repeat("ip", 1000), strings.Repeat("ip", 1000), ""},
		{"init=/bin/sh", "init=/bin/sh", ""},
		{"quiet/bin/sh", "quiet/bin/sh", ""},
	} {
		c, p := parse(test.line)
		if p == "" || string(c.Bad) != test.bad || c.Suggestion != test.suggestion {
			t.Errorf("%.40s: %q about %.40q, suggestion %q", test.line, p, c.Bad, c.Suggestion)
		}
	}
	// What Firecracker and GRUB add by themselves.
	for _, line := range []string{
		"reboot=k panic=1 nomodule 8250.nr_uarts=0 i8042.noaux i8042.nomux i8042.dumbkbd swiotlb=noforce",
		"BOOT_IMAGE=/boot/image root=/dev/vda ro pci=off virtio_mmio.device=4K@0xd0000000:5",
	} {
		if c, p := parse(line); p != "" {
			t.Errorf("%s: %q about %q", line, p, c.Bad)
		}
	}
}

func TestWords(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range Words {
		if seen[w.stem()] || w.Meaning == "" || w.takesValue() && !w.Ignored && w.Argument == "" {
			t.Errorf("%+v", w)
		}
		seen[w.stem()] = true
	}
}

func TestNoRoom(t *testing.T) {
	var c CommandLine
	if p := ParseCommandLine(&c, []byte("quiet"), make([]byte, 5)); p == "" {
		t.Error("a buffer too small was taken")
	}
}

func TestParseVirtioMMIO(t *testing.T) {
	for text, want := range map[string]VirtioMMIO{
		"512@0xfeb00000:5":  {0xFEB00000, 512, 5},
		"4K@0xd0000000:5:2": {0xD0000000, 4096, 5},
		"0x200@1M:23":       {1 << 20, 512, 23},
	} {
		if got, ok := ParseVirtioMMIO([]byte(text)); got != want || !ok {
			t.Errorf("%s: %+v %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "@:", "512@0xfeb00000", "512:5@0xfeb00000", "512@:5", "x@1M:5", "512@0:5",
		"16@1M:5", "512@0xffffffffffffff00:5", "512@1M:5:x", "512@1M:99999999"} {
		if got, ok := ParseVirtioMMIO([]byte(text)); ok {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]uint64{
		"0": 0, "512": 512, "0x10": 16, "0XfF": 255, "1k": 1024, "64M": 64 << 20, "2G": 2 << 30, "1t": 1 << 40,
		"18446744073709551615": ^uint64(0), "0xffffffffffffffff": ^uint64(0), "0x10M": 16 << 20,
	} {
		if got, ok := ParseSize([]byte(text)); got != want || !ok {
			t.Errorf("%s: %d %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "k", "0x", "-1", "1kk", "1 ", "18446744073709551616", "16777216T", "1.5G", "0xg", "12ab"} {
		if got, ok := ParseSize([]byte(text)); ok {
			t.Errorf("%s: %d", text, got)
		}
	}
}

func TestParseConsole(t *testing.T) {
	for text, want := range map[string]string{
		"none": "0 false true", "ttyS0": "1016 true true", "ttyS1,115200n8": "760 true true", "0x2f8": "760 true true",
		"ttyS4": "0 false false", "ttyS": "0 false false", "tty0": "0 false false", "ttyS01": "0 false false",
		"0": "0 false false", "0xffff": "0 false false", "": "0 false false", "ttyS/": "0 false false",
	} {
		port, on, ok := ParseConsole([]byte(text))
		if got := fmt.Sprint(port, on, ok); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestParsePipes(t *testing.T) {
	for text, want := range map[string]Pipes{"stdin": {Input: true}, "stdout": {Output: true}, "stdin,stdout": {true, true},
		"stdout,stdin": {true, true}} {
		if got, ok := ParsePipes([]byte(text)); got != want || !ok {
			t.Errorf("%s: %+v %v", text, got, ok)
		}
	}
	for _, text := range []string{"", ",", "stdin,", ",stdin", "stderr", "stdin stdout", "Stdin"} {
		if got, ok := ParsePipes([]byte(text)); ok {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func TestParseWindow(t *testing.T) {
	for text, want := range map[string][2]uint16{"80x24": {80, 24}, "1x1": {1, 1}, "65535x65535": {65535, 65535}} {
		if columns, rows, ok := ParseWindow([]byte(text)); [2]uint16{columns, rows} != want || !ok {
			t.Errorf("%s: %d, %d, %v", text, columns, rows, ok)
		}
	}
	for _, text := range []string{"", "x", "80", "80x", "x24", "0x24", "80x0", "80x24x", "65536x1", "1x65536", "-1x1", "80 x24"} {
		if columns, rows, ok := ParseWindow([]byte(text)); ok {
			t.Errorf("%s: %d, %d", text, columns, rows)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"quiet", "quiet", 0}, {"QUIET", "quiet", 0}, {"quite", "quiet", 1},
		{"kitten", "sitting", 3}, {"ca", "abc", 3}, {"hsotname", "hostname", 1}} {
		if got := distance([]byte(test.a), test.b); got != test.want {
			t.Errorf("%s, %s: %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

func TestHasMachineWord(t *testing.T) {
	for line, want := range map[string]bool{
		"":                              false,
		"norandmaps":                    true,
		" quiet\tnorandmaps ":           true,
		"norandmaps -- x":               true,
		"-- norandmaps":                 false,
		"'--' norandmaps":               false,
		"norandmaps=":                   false,
		"norandmapsx norandmap":         false,
		"norandmaps\x00":                true,
		"\x00norandmaps":                false,
		"env.A='norandmaps' debug=boot": false,
		"env.A='\" norandmaps ' quiet":  false,
		"env.A=\"' norandmaps":          false,
		"'norandmaps'":                  true,
		"a\\ norandmaps":                false,
		strings.Repeat("x", 1000) + "norandmaps" + strings.Repeat("x", 1000) + " norandmaps": true,
		strings.Repeat("x", 1000) + " 'norandmaps" + strings.Repeat("x", 1000) + "'":         false,
	} {
		if got := HasMachineWord([]byte(line), "norandmaps"); got != want {
			t.Errorf("%.60q: %v", line, got)
		}
	}
}

func FuzzCommandLine(f *testing.F) {
	f.Add([]byte("quiet norandmaps -- norandmaps"))
	f.Add([]byte(`ip=dhcp env.A='b c' quiet -- "x\"y" z\ w`))
	f.Add([]byte(`-- a virtio_mmio.device=512@0xfeb00000:5`))
	f.Add([]byte("'\\\n\"\x00"))
	f.Fuzz(func(t *testing.T, line []byte) {
		var c CommandLine
		before := bytes.Clone(line)
		p := ParseCommandLine(&c, line, make([]byte, CommandLineBuffer(len(line))))
		if !bytes.Equal(before, line) {
			t.Error("the line was changed")
		}
		if p == "" && (c.Bad != nil || c.Suggestion != "") {
			t.Errorf("%q is bad without a problem", c.Bad)
		}
		for _, w := range Words {
			if w.takesValue() || w.isPrefix() || p != "" || !bytes.Contains(line, []byte(w.Name)) {
				continue
			}
			if got := HasMachineWord(line, w.Name); got != c.Has(w.Name) {
				t.Errorf("HasMachineWord(%s) is %v", w.Name, got)
			}
		}
		arguments := all(c.Arguments())
		if len(arguments)+1 != c.ArgumentCount() {
			t.Errorf("%d arguments, said to be %d", len(arguments)+1, c.ArgumentCount())
		}
		environment := all(c.Environment())
		if c.VectorLength() != len(arguments)+len(environment)+3 {
			t.Errorf("a vector of %d for %q, %q", c.VectorLength(), arguments, environment)
		}
		if !c.FillVector(make([]*byte, c.VectorLength())) {
			t.Error("FillVector")
		}
		// Quoted again, the arguments stay what they are.
		quoted := "--"
		for _, a := range arguments {
			quoted += " '" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		again, p := parse(quoted)
		if got := all(again.Arguments()); p != "" || !slices.Equal(got, arguments) {
			t.Errorf("%q became %q: %s", arguments, got, p)
		}
	})
}
