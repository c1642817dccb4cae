package syslog

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringo-os/ringo/kernel/machine"
)

func TestTarget(t *testing.T) {
	for text, want := range map[string]string{
		"udp://192.0.2.1":              "udp://192.0.2.1:514",
		"tcp://192.0.2.1":              "tcp://192.0.2.1:601",
		"udp://192.0.2.1:5514":         "udp://192.0.2.1:5514",
		"tcp://[2001:db8::1]":          "tcp://[2001:db8::1]:601",
		"udp://[2001:db8::1]:65535":    "udp://[2001:db8::1]:65535",
		"192.0.2.1":                    "it must have the form",
		"tls://192.0.2.1":              `not by "tls"`,
		"udp://":                       "the server is missing",
		"udp://:514":                   "the server is missing",
		"udp://[]:514":                 "the server is missing",
		"udp://192.0.2.1:":             `"" is no port`,
		"udp://192.0.2.1:0":            `"0" is no port`,
		"udp://192.0.2.1:65536":        `"65536" is no port`,
		"udp://2001:db8::1":            "must be in brackets",
		"udp://[2001:db8::1]x":         `"x" behind the address`,
		"udp://[2001:db8::1]x:514":     `"x:514" behind the address`,
		"udp://[2001:db8::1":           "is no port",
		"udp://192.0.2.1:514/facility": `"514/facility" is no port`,
	} {
		got, err := ParseTarget(text)
		if s := fmt.Sprint(got); err == nil && s != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v", text, s, err)
		}
	}
}

func FuzzTarget(f *testing.F) {
	for _, s := range []string{"udp://192.0.2.1", "tcp://[2001:db8::1]:514", "udp://[", "tcp://]:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		one, err := ParseTarget(text)
		if err != nil || strings.ContainsAny(one.Host, "[]") {
			return
		}
		if two, err := ParseTarget(one.String()); two != one || err != nil {
			t.Errorf("%q is %+v, and that %+v, %v", text, one, two, err)
		}
	})
}

var at = time.Date(2026, 11, 25, 19, 41, 33, 123456789, time.FixedZone("", 3600))

func TestMessage(t *testing.T) {
	for _, test := range []struct {
		r    record
		want string
	}{
		{record{priority: daemon | notice, kind: "stderr", text: "a line"}, "<29>1 2026-11-25T18:41:33.123456Z box prog 1 stderr - a line"},
		{record{app: "other one", process: "12", text: "x"}, "<0>1 2026-11-25T18:41:33.123456Z box otherone 12 - - x"},
		{record{app: "é", text: "é"}, "<0>1 2026-11-25T18:41:33.123456Z box - - - - é"},
		{record{app: strings.Repeat("a", 60), text: "x"}, "<0>1 2026-11-25T18:41:33.123456Z box " + strings.Repeat("a", 48) + " - - - x"},
		{record{whole: []byte("<1>1 - - - - - -")}, "<1>1 - - - - - -"},
	} {
		test.r.time = at
		if got := string(test.r.append(nil, "box", "prog")); got != test.want {
			t.Errorf("%q", got)
		}
	}
}

func TestLocal(t *testing.T) {
	for text, want := range map[string]string{
		"<155>Nov 25 19:41:33 tag[12]: a text\n":               "155 tag 12 a text",
		"<155>Nov  5 19:41:33 tag: a text":                     "155 tag - a text",
		"<30>2026-11-25T19:41:33Z tag[1]: with: colons: in it": "30 tag 1 with: colons: in it",
		"<13>no tag here: really":                              "13 - - no tag here: really",
		"no priority":                                          "13 - - no priority",
		"<192>too high":                                        "13 - - <192>too high",
		"<>nothing":                                            "13 - - <>nothing",
		"<1":                                                   "13 - - <1",
		"<165>1 2003-10-11T22:14:15.003Z host app 1 ID - text\n": "<165>1 2003-10-11T22:14:15.003Z host app 1 ID - text",
		"\n": "",
		"":   "",
	} {
		r := parseLocal([]byte(text), at)
		got := string(r.whole)
		if r.whole == nil && r.text != "" {
			f := strings.Fields(string(r.append(nil, "box", "-")))
			got = fmt.Sprint(int(r.priority), " ", f[3], " ", f[4], " ", r.text)
			got = strings.Replace(got, " - 1 ", " - - ", 1) // the program's own
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

var form = regexp.MustCompile(`(?s)^<(0|[1-9]\d{0,2})>1 [0-9TZ.:-]{27} box [!-~]{1,48} [!-~]{1,128} - - .`)

func FuzzLocal(f *testing.F) {
	for _, s := range []string{"<155>Nov 25 19:41:33 tag[12]: a text\n", "<1>:", "<165>1 x", "a[b]c: d", "<191>[]: "} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		r := parseLocal(message, at)
		if r.whole == nil && r.text != "" {
			if m := r.append(nil, "box", "prog"); !form.Match(m) || len(m) > mostText+300 {
				t.Errorf("%q", m)
			}
		}
	})
}

// collected makes a log that nobody sends, and returns it with what is in it.
func collected(room int) (*Log, func() []string) {
	l := New(Options{Hostname: func() string { return "box" }, App: "prog", Room: room})
	return l, func() (list []string) {
		for _, r := range l.queue.records {
			list = append(list, r.kind+" "+r.text)
		}
		return list
	}
}

func TestLines(t *testing.T) {
	l, all := collected(1 << 20)
	for _, s := range []string{"one\ntwo", " and more\r\n", "\n\r\n", strings.Repeat("x", mostText+5), "\n", "no end"} {
		l.Output().Write([]byte(s))
	}
	l.Errors().Write([]byte("an error"))
	l.Flush(0)
	want := []string{"stdout one", "stdout two and more", "stdout " + strings.Repeat("x", mostText), "stdout xxxxx", "stdout no end", "stderr an error"}
	if got := all(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	(*Log)(nil).Output().Write([]byte("nobody\n"))
	(*Log)(nil).Errors().Write([]byte("nobody\n"))
}

// What finds no room is counted, and told of where it is missing.
func TestDropped(t *testing.T) {
	l, all := collected(3 * 150)
	for i := range 5 {
		fmt.Fprintf(writer{l.Output()}, "line %d\n", i)
	}
	for range 2 {
		l.queue.take()
	}
	fmt.Fprintf(writer{l.Output()}, "line 5\n")
	want := []string{"stdout line 2", "kernel ringo: 2 lines were dropped here: there was no room while the log's server was away", "stdout line 5"}
	if got := all(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for range 3 {
		l.queue.take()
	}
	l.queue.drop(100)
	if r, _ := l.queue.take(); !strings.Contains(r.text, "1 line was") {
		t.Errorf("%q", r.text)
	}
}

type writer struct{ *Stream }

func (w writer) Write(p []byte) (int, error) { w.Stream.Write(p); return len(p), nil }

// A server is one that is there or not, and loses what was sent before it settled.
type server struct {
	mu      sync.Mutex
	away    bool
	dials   int
	got     []string
	settled int
}

func (s *server) dial() (Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dials++; s.away {
		return nil, errors.New("nobody is there")
	}
	return s, nil
}

func (s *server) Send(p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errors.New("nobody is there any more")
	}
	s.got = append(s.got, string(p))
	return nil
}

func (s *server) Settle() { s.mu.Lock(); s.settled = len(s.got); s.mu.Unlock() }
func (s *server) Close()  {}

func (s *server) set(away bool) { s.mu.Lock(); s.away = away; s.mu.Unlock() }

// What is written while the server is away gets there when it is back, in order and once; who flushes waits for it.
func TestSender(t *testing.T) {
	var said strings.Builder
	var mu sync.Mutex
	old := machine.Output
	machine.Output = func(p []byte) { mu.Lock(); said.Write(p); mu.Unlock() }
	defer func() { machine.Output = old }()
	told := func(words string, times int) bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.Count(said.String(), words) == times
	}
	l, _ := collected(1 << 20)
	l.options.Target = Target{Network: "tcp", Host: "192.0.2.1", Port: 601}
	s := &server{away: true}
	fmt.Fprintln(writer{l.Output()}, "zero")
	l.Connect(s.dial)
	for i, away := range []bool{true, false, true, false} {
		s.set(away)
		fmt.Fprintln(writer{l.Output()}, i)
		if away {
			for !told("cannot be reached", i/2+1) {
				time.Sleep(time.Millisecond)
			}
			continue
		}
		l.Flush(10 * time.Second)
		s.mu.Lock()
		if s.settled != len(s.got) || len(s.got) != i+2 {
			t.Errorf("%d of %d messages, %q", s.settled, len(s.got), s.got)
		}
		s.mu.Unlock()
	}
	for i, m := range s.got {
		var n int
		if fmt.Sscanf(m, "%d ", &n); fmt.Sprintf("%d %s", n, m[len(m)-n:]) != m || i > 0 && !strings.HasSuffix(m, fmt.Sprint(" ", i-1)) {
			t.Errorf("%q", m)
		}
	}
	if !told("cannot be reached: nobody is there", 2) || !told("is back", 2) {
		t.Errorf("%s", said.String())
	}
}

// Who flushes while the server is away waits for so long, and only once.
func TestFlushGivesUp(t *testing.T) {
	l, _ := collected(1 << 20)
	s := &server{away: true}
	l.Connect(s.dial)
	fmt.Fprintln(writer{l.Output()}, "x")
	begin := time.Now()
	l.Flush(50 * time.Millisecond)
	l.Flush(time.Hour)
	if took := time.Since(begin); took < 50*time.Millisecond || took > 10*time.Second {
		t.Error(took)
	}
	s.set(false) // for the goroutine to come to rest
	l.queue.drain(10 * time.Second)
}
