package syslog

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringo-os/ringo/kernel/machine"
)

// A pen is a way that keeps what is sent, as long as it has ink.
type pen struct {
	list []string
	ink  int
	dry  bool
}

func (p *pen) Begin() bool { return !p.dry }

func (p *pen) Send(message []byte) bool {
	_, after, _ := strings.Cut(string(message), " box prog 1 ")
	p.list = append(p.list, string(message[:strings.IndexByte(string(message), '>')+1])+after)
	return len(p.list) < p.ink
}

func TestLastWords(t *testing.T) {
	output := "it was\n\nsaid " + strings.Repeat("x", mostLastLine) + "\nand the end"
	for _, test := range []struct {
		ink  int
		lost uint64
		dry  bool
		want []string
	}{
		{100, 0, false, []string{"<29>runtime - in hand", "<30>stdout - waits", "<26>fatal - fatal: it was", "<26>fatal - said " + strings.Repeat("x", mostLastLine-5),
			"<26>fatal - xxxxx", "<26>fatal - and the end"}},
		{100, 7, false, []string{"<29>runtime - in hand", "<30>stdout - waits", "<26>fatal - fatal: it was", "<26>fatal - said " + strings.Repeat("x", mostLastLine-5),
			"<26>fatal - xxxxx", "<26>fatal - and the end", "<26>fatal - ringo: the rest is on the console"}},
		{2, 0, false, []string{"<29>runtime - in hand", "<30>stdout - waits"}},
		{100, 0, true, nil},
	} {
		l := New(Options{App: "prog", Hostname: func() string { return "box" }, Room: 1 << 20})
		p := &pen{ink: test.ink, dry: test.dry}
		rest := output
		machine.OnTakeOutput = func(b []byte) (int, uint64) {
			n, lost := copy(b, rest), test.lost
			rest, test.lost = rest[n:], 0
			return n, lost
		}
		last.used = 0
		l.lastWords() // there is no way yet
		var way Way = p
		l.way.Store(&way)
		for _, r := range []record{{priority: daemon | notice, kind: "runtime", text: "in hand"}, {priority: daemon | informational, kind: "stdout", text: "waits"},
			{text: strings.Repeat("x", 9000)}} {
			r.time = time.Now()
			l.queue.put(r)
		}
		l.queue.take()
		l.runtime.Write([]byte("fatal: "))
		l.lastWords()
		if !slices.Equal(p.list, test.want) {
			t.Errorf("%q\nwant %q", p.list, test.want)
		}
	}
	machine.OnTakeOutput = func([]byte) (int, uint64) { return 0, 0 }
}

// What runs then must not allocate.
func TestLastWordsAllocateNothing(t *testing.T) {
	l := New(Options{App: "prog", Hostname: func() string { return "box" }, Room: 1 << 20})
	var way Way = silent{}
	l.way.Store(&way)
	for range 10 {
		l.queue.put(record{time: time.Now(), kind: "stdout", text: strings.Repeat("y", 1000)})
	}
	left := 0
	machine.OnTakeOutput = func(b []byte) (int, uint64) {
		n := min(left, len(b))
		for i := range b[:n] {
			b[i] = 'x'
		}
		left -= n
		return n, 0
	}
	defer func() { machine.OnTakeOutput = func([]byte) (int, uint64) { return 0, 0 } }()
	if n := testing.AllocsPerRun(20, func() {
		left = 5000
		l.lastWords()
		l.queue.mu.TryLock()
		l.queue.mu.Unlock()
		l.runtime.mu.TryLock()
		l.runtime.mu.Unlock()
	}); n != 0 {
		t.Error(n, "allocations")
	}
}

type silent struct{}

func (silent) Begin() bool      { return true }
func (silent) Send([]byte) bool { return true }
