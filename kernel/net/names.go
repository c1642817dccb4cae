package net

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/kernel/file"
)

// Looking up names for the kernel itself: the program has package net for that. It asks for addresses only, of a server
// that follows aliases itself (RFC 1035, 4; RFC 1034, 5.3.1: a stub resolver).

// The types of records that hold addresses (RFC 1035, 3.2.2; RFC 3596, 2.1), and the class that everything has.
const (
	recordA       = 1
	recordAAAA    = 28
	classInternet = 1
)

// portNames is where name servers listen.
const portNames = 53

// ErrNoName says that a server answers, and knows no address of a name.
var ErrNoName = errors.New("the name servers know no address of it")

// ValidName reports whether a name can be that of a host (RFC 1123, 2.1, and the underscores that people use): it is not
// an address that was mistyped.
func ValidName(name string) bool {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > 253 {
		return false
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label {
			return false
		}
		for _, c := range []byte(label) {
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// Ask asks a name server for the addresses of name, which is complete, and waits for each answer for as long as patience.
// Addresses of IPv4 come first.
func (n *Network) Ask(server netip.Addr, name string, patience time.Duration) ([]netip.Addr, error) {
	var all []netip.Addr
	for _, kind := range []uint16{recordA, recordAAAA} {
		found, err := n.ask(netip.AddrPortFrom(server, portNames), question(name, kind), patience)
		if err != nil && len(all) == 0 {
			return nil, err
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, ErrNoName
	}
	return all, nil
}

// ask asks one question: over UDP, and over TCP where the answer does not fit.
func (n *Network) ask(server netip.AddrPort, question []byte, patience time.Duration) ([]netip.Addr, error) {
	for _, network := range []string{"udp", "tcp"} {
		c, err := n.Dial(network, server, patience)
		if err != nil {
			return nil, err
		}
		found, cut, err := c.ask(question)
		c.Close()
		if !cut {
			return found, err
		}
	}
	return nil, errors.New("the answer is cut off")
}

// ask sends a question and waits for the answer to it; cut says that this has only begun.
func (c *Client) ask(question []byte) (found []netip.Addr, cut bool, err error) {
	query := binary.BigEndian.AppendUint16(nil, uint16(rand.Uint32()))
	query = append(query, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0) // recursion desired, one question
	query = append(query, question...)
	if c.stream {
		query = append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...)
	}
	if err := c.Send(query); err != nil {
		return nil, false, err
	}
	p := make([]byte, 1<<16)
	const mostStrange = 16 // answers to something else: somebody may guess, but not for ever
	for range mostStrange {
		n, err := c.receive(p)
		if err != nil {
			return nil, false, err
		}
		if found, cut, err = parseAnswer(p[:n], query[len(query)-len(question)-messageHeader:]); err != errStrange {
			return found, cut, err
		}
	}
	return nil, false, errStrange
}

// receive waits for one message.
func (c *Client) receive(p []byte) (int, error) {
	if !c.stream {
		return c.read(p)
	}
	if err := c.fill(p[:2]); err != nil {
		return 0, err
	}
	n := int(binary.BigEndian.Uint16(p))
	return n, c.fill(p[:n])
}

// fill reads as much as fits into p.
func (c *Client) fill(p []byte) error {
	for len(p) > 0 {
		n, err := c.read(p)
		if err != nil {
			return err
		}
		if n == 0 {
			return errors.New("the server has hung up")
		}
		p = p[n:]
	}
	return nil
}

// read waits for a datagram, or for bytes of a stream.
func (c *Client) read(p []byte) (n int, err error) {
	errno := c.await(file.Readable|file.ReadHalf, c.patience, func() (errno syscall.Errno) {
		n, errno = c.socket.Read(p)
		return errno
	})
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}

// messageHeader is the length of a message's header (RFC 1035, 4.1.1).
const messageHeader = 12

// question is a question for records of a kind that name has (RFC 1035, 4.1.2).
func question(name string, kind uint16) (q []byte) {
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		q = append(append(q, byte(len(label))), label...)
	}
	q = binary.BigEndian.AppendUint16(append(q, 0), kind)
	return binary.BigEndian.AppendUint16(q, classInternet)
}

var (
	errStrange = errors.New("the answer is not to what was asked")
	errDamaged = errors.New("the answer is damaged")
)

// parseAnswer returns the addresses in what may be an answer to query (RFC 1035, 4.1). Which name each belongs to does
// not matter: an answer has the aliases, and the addresses at their end.
func parseAnswer(p, query []byte) (found []netip.Addr, cut bool, err error) {
	question := query[messageHeader:]
	end := messageHeader + len(question)
	const response, cutOff = 0x8000, 0x0200
	if len(p) < messageHeader || !bytes.Equal(p[:2], query[:2]) {
		return nil, false, errStrange
	}
	flags := binary.BigEndian.Uint16(p[2:])
	if flags&response == 0 || len(p) < end || !bytes.EqualFold(p[messageHeader:end], question) {
		return nil, false, errStrange
	}
	const noError, nameError = 0, 3
	switch code := flags & 0xf; code {
	case noError:
	case nameError:
		return nil, false, nil
	default:
		return nil, false, fmt.Errorf("the name server fails (RCODE %d)", code)
	}
	if flags&cutOff != 0 {
		return nil, true, nil
	}
	kind := binary.BigEndian.Uint16(question[len(question)-4:])
	rest := p[end:]
	for range binary.BigEndian.Uint16(p[6:]) {
		const fixed = 10 // type, class, time to live, length
		if rest = skipName(rest); len(rest) < fixed {
			return nil, false, errDamaged
		}
		size := int(binary.BigEndian.Uint16(rest[8:]))
		if len(rest) < fixed+size {
			return nil, false, errDamaged
		}
		if binary.BigEndian.Uint16(rest) == kind && binary.BigEndian.Uint16(rest[2:]) == classInternet {
			a, ok := netip.AddrFromSlice(rest[fixed : fixed+size])
			if !ok || a.Is4() != (kind == recordA) {
				return nil, false, errDamaged
			}
			found = append(found, a.Unmap())
		}
		rest = rest[fixed+size:]
	}
	return found, false, nil
}

// skipName returns what comes after a name, nil if there is nothing (RFC 1035, 4.1.4: a pointer to elsewhere is its end).
func skipName(p []byte) []byte {
	for len(p) > 0 {
		switch n := int(p[0]); {
		case n == 0:
			return p[1:]
		case n >= 0xc0:
			return p[min(2, len(p)):]
		default:
			p = p[min(1+n, len(p)):]
		}
	}
	return nil
}
