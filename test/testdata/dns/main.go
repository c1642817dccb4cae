// Dns answers questions about names over UDP and TCP, with miekg/dns.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/miekg/dns"
)

func main() {
	zone := map[string]string{"machine.test.": "192.0.2.7", "other.test.": "192.0.2.8"}
	dns.HandleFunc("test.", func(w dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg)
		answer.SetReply(question)
		answer.Authoritative = true
		for _, q := range question.Question {
			address, ok := zone[q.Name]
			if !ok {
				answer.Rcode = dns.RcodeNameError
			}
			header := dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: dns.ClassINET, Ttl: 60}
			switch q.Qtype {
			case dns.TypeA:
				if ok {
					answer.Answer = append(answer.Answer, &dns.A{Hdr: header, A: net.ParseIP(address)})
				}
			case dns.TypeTXT:
				answer.Answer = append(answer.Answer, &dns.TXT{Hdr: header, Txt: []string{"over " + w.LocalAddr().Network()}})
			}
		}
		w.WriteMsg(answer)
	})
	failed := make(chan error)
	for _, network := range []string{"udp", "tcp"} {
		server := &dns.Server{Addr: ":53", Net: network, NotifyStartedFunc: func() { fmt.Println("serving", network) }}
		go func() { failed <- server.ListenAndServe() }()
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	select {
	case err := <-failed:
		fmt.Println(err)
		os.Exit(1)
	case <-ended:
		fmt.Println("ok")
	}
}
