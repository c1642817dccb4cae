package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// The modes that look up names, and one that answers those who do.

// lookup asks for names.
func lookup(names []string) {
	for _, name := range names {
		addresses, err := net.LookupHost(name)
		var missing *net.DNSError
		switch {
		case errors.As(err, &missing) && missing.IsNotFound:
			fmt.Println(name, "not found")
		case err != nil:
			fmt.Println(name, "error:", err)
		default:
			fmt.Println(name, addresses)
		}
	}
	fmt.Println("ok")
}

// nameServer is the DNS server that the machine asks itself (dns=127.0.0.1).
func nameServer([]string) {
	c := must(net.ListenPacket("udp", "127.0.0.1:53"))
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := c.ReadFrom(b)
			done(err)
			if answer := dnsAnswer(b[:n]); answer != nil {
				must(c.WriteTo(answer, from))
			}
		}
	}()
	check(strings.Contains(string(must(os.ReadFile("/etc/resolv.conf"))), "nameserver 127.0.0.1\n"), "/etc/resolv.conf")
	lookup([]string{"ringo.example", "missing.example", "localhost"})
	names := must(net.LookupTXT("ringo.example"))
	fmt.Println(names)
}

func dnsAnswer(query []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}
	m.Additionals = nil
	header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60}
	switch {
	case q.Name.String() != "ringo.example.":
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 7}}}}
	case q.Type == dnsmessage.TypeAAAA:
		m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr("2001:db8::7").As16()}}}
	case q.Type == dnsmessage.TypeTXT:
		m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.TXTResource{TXT: []string{"a text"}}}}
	}
	answer, _ := m.Pack()
	return answer
}
