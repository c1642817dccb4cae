package kernel

import (
	"fmt"
	"slices"
	"syscall"
	"testing"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/machine"
)

// typed feeds a discipline and returns what can be read then, what was echoed, and the signals.
func typed(change func(*settings), input string) (reads []string, echo string, signals []uint32) {
	var shown []byte
	d := newDiscipline(func(p []byte) { shown = append(shown, p...) },
		func(s uint32) { signals = append(signals, s) })
	if change != nil {
		change(&d.settings)
	}
	d.receive([]byte(input))
	p := make([]byte, 6)
	for {
		n, errno := d.read(p)
		if errno != 0 {
			return reads, string(shown), signals
		}
		reads = append(reads, string(p[:n]))
	}
}

func TestDiscipline(t *testing.T) {
	raw := func(s *settings) { // as x/term's MakeRaw does
		s.input &^= inputReturnIsNewline | 0x400
		s.local &^= localEcho | localNewline | localCanonical | localSignals | localExtended
	}
	silent := func(s *settings) { s.local &^= localEcho } // as x/term's ReadPassword does
	for _, test := range []struct {
		name    string
		change  func(*settings)
		input   string
		reads   []string
		echo    string
		signals []uint32
	}{
		{"line", nil, "hi\r", []string{"hi\n"}, "hi\n", nil},
		{"newline", nil, "hi\n", []string{"hi\n"}, "hi\n", nil},
		{"unfinished", nil, "hi", nil, "hi", nil},
		{"two lines", nil, "a\rb\r", []string{"a\n", "b\n"}, "a\nb\n", nil},
		{"long line", nil, "0123456789\r", []string{"012345", "6789\n"}, "0123456789\n", nil},
		{"erase", nil, "hix\x7f\x7f\x7f\x7fho\r", []string{"ho\n"}, "hix\b \b\b \b\b \bho\n", nil},
		{"erase é", func(s *settings) { s.input |= inputUTF8 }, "aé\x7f\r", []string{"a\n"}, "aé\b \b\n", nil},
		{"kill", nil, "hello\x15x\r", []string{"x\n"}, "hello\b \b\b \b\b \b\b \b\b \bx\n", nil},
		{"erase word", nil, "ab cd \x17x\r", []string{"ab x\n"}, "ab cd \b \b\b \b\b \bx\n", nil},
		{"end", nil, "\x04", []string{""}, "", nil},
		{"end in line", nil, "abc\x04\x04", []string{"abc", ""}, "abc", nil},
		{"interrupt", nil, "abc\x03d\r", []string{"d\n"}, "abc^Cd\n", []uint32{2}},
		{"quit", nil, "\x1c", nil, "^\\", []uint32{3}},
		{"control", nil, "\x01\r", []string{"\x01\n"}, "^A\n", nil},
		{"raw", raw, "a\r\x03\x7f", []string{"a\r\x03\x7f"}, "", nil},
		{"password", silent, "secret\r", []string{"secret", "\n"}, "", nil},
	} {
		reads, echo, signals := typed(test.change, test.input)
		if !slices.Equal(reads, test.reads) || echo != test.echo || !slices.Equal(signals, test.signals) {
			t.Errorf("%s: read %q, echo %q, signals %v; want %q, %q, %v",
				test.name, reads, echo, signals, test.reads, test.echo, test.signals)
		}
	}
}

func TestDisciplineLineIsLimited(t *testing.T) {
	d := newDiscipline(func([]byte) {}, func(uint32) {})
	d.receive(make([]byte, 3*lineMax))
	d.receive([]byte("\n"))
	if n := d.waiting(); n != lineMax {
		t.Error(n, "bytes")
	}
}

func TestDisciplineChanges(t *testing.T) {
	d := newDiscipline(func([]byte) {}, func(uint32) {})
	d.receive([]byte("abc"))
	if d.readable() {
		t.Error("an unfinished line is readable")
	}
	p := make([]byte, settingsSize)
	d.settings.marshal(p)
	p[12] &^= localCanonical
	d.set(p)
	if got := make([]byte, 10); !d.readable() {
		t.Error("in raw mode it is not")
	} else if n, _ := d.read(got); string(got[:n]) != "abc" {
		t.Errorf("%q", got)
	}
}

func TestTerminal(t *testing.T) {
	var shown []byte
	machine.Output = func(p []byte) { shown = append(shown, p...) }
	defer func() { machine.Output = func([]byte) {} }()
	term := newTerminal(nil)
	f := &terminalFile{terminal: term}
	var told []file.Events
	w := file.Watch{Events: file.Readable, Notify: func(e file.Events) { told = append(told, e) }}
	if !f.Watch(&w) || f.Ready() != file.Writable {
		t.Error("ready:", f.Ready())
	}
	if _, errno := f.Read(make([]byte, 1)); errno != syscall.EAGAIN {
		t.Error(errno)
	}
	term.typed([]byte("x"))
	if told != nil {
		t.Error("told of an unfinished line")
	}
	term.typed([]byte("y\r"))
	if fmt.Sprint(told) != "[1]" || f.Ready() != file.Readable|file.Writable {
		t.Error(told, f.Ready())
	}
	p := make([]byte, 4)
	if f.Control(fionread, p); p[0] != 3 {
		t.Error("FIONREAD:", p)
	}
	size := make([]byte, 8)
	if f.Control(tiocgwinsz, size); size[0] != 24 || size[2] != 80 {
		t.Error("window:", size)
	}
	size[0] = 50
	f.Control(tiocswinsz, size)
	if f.Control(tiocgwinsz, size); size[0] != 50 {
		t.Error("window:", size)
	}
	if _, known := f.ControlSize(0x1234); known {
		t.Error("knows an unknown request")
	}
}
