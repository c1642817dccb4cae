package net

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// answerTo answers a query for two aliases and what follows, with the type and data of each record.
func answerTo(query []byte, flags uint16, records ...[]byte) []byte {
	p := append([]byte(nil), query...)
	binary.BigEndian.PutUint16(p[2:], 0x8000|flags)
	binary.BigEndian.PutUint16(p[6:], uint16(len(records)))
	for _, r := range records {
		p = append(p, 0xc0, messageHeader) // the name that was asked for
		p = append(p, 0, r[0], 0, classInternet, 0, 0, 0, 60)
		p = append(binary.BigEndian.AppendUint16(p, uint16(len(r)-1)), r[1:]...)
	}
	return p
}

func address4(a string) []byte {
	return append([]byte{recordA}, netip.MustParseAddr(a).AsSlice()...)
}

func address6(a string) []byte {
	return append([]byte{recordAAAA}, netip.MustParseAddr(a).AsSlice()...)
}

// alias is a CNAME with a label before a pointer.
var alias = []byte{5, 1, 'x', 0xc0, messageHeader}

// serveNames answers questions that come to b's port 53 with what answer makes of them, nil for silence.
func serveNames(t *testing.T, b *Network, answer func(query []byte, name string, kind uint16, stream bool) []byte) {
	reply := func(query []byte, stream bool) []byte {
		name, rest := "", query[messageHeader:]
		for rest[0] != 0 {
			name += string(rest[1:1+rest[0]]) + "."
			rest = rest[1+rest[0]:]
		}
		return answer(query, name, binary.BigEndian.Uint16(rest[1:]), stream)
	}
	sa := sockaddrOf("10.9.0.1:53")
	u := openOn(t, b, unix.AF_INET, unix.SOCK_DGRAM)
	must(t, unix.SYS_BIND, u, sa, len(sa))
	go func() {
		p, from := make([]byte, 512), make([]byte, 16)
		for {
			size := int32(len(from))
			n, err := sys(unix.SYS_RECVFROM, u, p, len(p), 0, from, &size)
			if err != nil || n == 0 {
				return
			}
			if a := reply(p[:n], false); a != nil {
				strange := append([]byte(nil), a...)
				strange[0]++ // a guess of somebody else's comes first
				sys(unix.SYS_SENDTO, u, strange, len(strange), 0, from, len(from))
				sys(unix.SYS_SENDTO, u, a, len(a), 0, from, len(from))
			}
		}
	}()
	l := openOn(t, b, unix.AF_INET, unix.SOCK_STREAM)
	must(t, unix.SYS_BIND, l, sa, len(sa))
	must(t, unix.SYS_LISTEN, l, 5)
	go func() {
		for {
			c, err := sys(unix.SYS_ACCEPT, l, nil, nil)
			if err != nil {
				return
			}
			p := make([]byte, 512)
			if n, err := sys(unix.SYS_READ, c, p, len(p)); err == nil && n > 2 {
				a := reply(p[2:n], true)
				a = append(binary.BigEndian.AppendUint16(nil, uint16(len(a))), a...)
				for _, piece := range [][]byte{a[:1], a[1:5], a[5:]} {
					sys(unix.SYS_WRITE, c, piece, len(piece))
				}
			}
			sys(unix.SYS_CLOSE, c)
		}
	}()
}

func TestAsk(t *testing.T) {
	a, b, _, _ := twoMachines(t, plain)
	static(t, a, "10.9.0.2/16")
	static(t, b, "10.9.0.1/16")
	serveNames(t, b, func(query []byte, name string, kind uint16, stream bool) []byte {
		switch {
		case name == "Two.example." && kind == recordA:
			return answerTo(query, 0, alias, address4("192.0.2.7"), alias, address4("192.0.2.8"))
		case name == "Two.example.":
			return answerTo(query, 0, alias, address6("2001:db8::7"))
		case name == "six.example." && kind == recordAAAA:
			return answerTo(query, 0, address6("2001:db8::6"))
		case name == "large.example." && !stream:
			return answerTo(query, 0x200)
		case name == "large.example." && kind == recordA:
			return answerTo(query, 0, address4("192.0.2.9"))
		case name == "four.example." && kind == recordA:
			return answerTo(query, 0, address4("192.0.2.4"))
		case name == "four.example.":
			return answerTo(query, 2)
		case name == "fails.example.":
			return answerTo(query, 2)
		case name == "silent.example.":
			return nil
		case name == "none.example.":
			return answerTo(query, 3)
		}
		return answerTo(query, 0)
	})
	for _, test := range []struct{ name, want string }{
		{"Two.example", "[192.0.2.7 192.0.2.8 2001:db8::7]"},
		{"six.example.", "[2001:db8::6]"},
		{"large.example", "[192.0.2.9]"},
		{"four.example", "[192.0.2.4]"},
		{"fails.example", "the name server fails (RCODE 2)"},
		{"silent.example", syscall.ETIMEDOUT.Error()},
		{"none.example", ErrNoName.Error()},
		{"empty.example", ErrNoName.Error()},
	} {
		got, err := a.Ask(netip.MustParseAddr("10.9.0.1"), test.name, 300*time.Millisecond)
		if text := answered(got, err); text != test.want {
			t.Errorf("%s: %s, want %s", test.name, text, test.want)
		}
	}
	if _, err := a.Ask(netip.MustParseAddr("10.9.0.99"), "x.example", 300*time.Millisecond); err == nil {
		t.Error("nobody is there, and answers")
	}
}

func answered(all []netip.Addr, err error) string {
	if err != nil {
		return err.Error()
	}
	var words []string
	for _, a := range all {
		words = append(words, a.String())
	}
	return "[" + strings.Join(words, " ") + "]"
}

func TestValidName(t *testing.T) {
	for name, want := range map[string]bool{
		"server": true, "a.b.example.": true, "_x._tcp.1a": true, "LOG-1": true, "1.example": true,
		"": false, ".": false, "a..b": false, "-a": false, "a-.b": false, "300.1.1.1": false, "12": false, "a b": false, "ä": false, "1:2": false,
		strings.Repeat("a", 63): true, strings.Repeat("a", 64): false, strings.Repeat("a.", 126) + "b": true, strings.Repeat("a.", 127) + "b": false,
	} {
		if ValidName(name) != want {
			t.Errorf("%q", name)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	query := append([]byte{1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, question("a.example", recordA)...)
	f.Add(answerTo(query, 0, alias, address4("192.0.2.7"))[messageHeader:])
	f.Add(answerTo(query, 0, []byte{recordA, 1, 2}, address6("::1"))[messageHeader:])
	f.Fuzz(func(t *testing.T, rest []byte) {
		p := append([]byte{1, 2, 0x80, 0, 0, 1, 0, 3, 0, 0, 0, 0}, rest...)
		found, cut, err := parseAnswer(p, query)
		if err != nil && len(found) > 0 || cut {
			t.Error(found, cut, err)
		}
		for _, a := range found {
			if !a.Is4() {
				t.Error(a)
			}
		}
		parseAnswer(rest, query)
	})
}
