package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ringo-os/ringo/qemu"
	"github.com/u-root/u-root/pkg/cpio"
)

// What programs see of the network: its interfaces, names, and sockets of all kinds.

// TestInterfaces: net.Interfaces shows what there is.
func TestInterfaces(t *testing.T) {
	for name, test := range map[string]struct {
		word, address string
		change        func(*qemu.Config)
	}{
		"dhcp":     {"", "10.0.2.15/24", func(*qemu.Config) {}},
		"explicit": {"ip=dhcp", "10.0.2.15/24", func(*qemu.Config) {}},
		"static":   {"ip=10.0.2.77/24,10.0.2.2", "10.0.2.77/24", func(*qemu.Config) {}},
		"by MAC":   {"ip=10.0.2.78/24@52:54:00:12:34:56", "10.0.2.78/24", func(*qemu.Config) {}},
		"none":     {"ip=none", "", func(*qemu.Config) {}},
		"no NIC":   {"", "", func(c *qemu.Config) { c.NoNetwork, c.Forwards = true, nil }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := networked(t, "interfaces")
			test.change(&c)
			if test.word != "" {
				c.Words = []string{test.word}
			}
			r := boot(t, c)
			var got []struct {
				Name, Flags, Hardware string
				MTU, Index            int
				Addresses             []string
			}
			line := r.output[strings.LastIndex("\n"+strings.TrimSuffix(r.output, "\n"), "\n"):]
			if err := json.Unmarshal([]byte(line), &got); err != nil || r.status != 0 {
				t.Fatalf("status %d, %v\n%s", r.status, err, r.output)
			}
			lo, other := false, false
			for _, i := range got {
				switch {
				case i.Name == "lo":
					lo = slices.Contains(i.Addresses, "127.0.0.1/8") && strings.Contains(i.Flags, "loopback") && strings.Contains(i.Flags, "up")
				case i.Hardware == "52:54:00:12:34:56":
					other = i.MTU == 1500 && i.Index > 0 && strings.Contains(i.Flags, "broadcast") &&
						(test.address == "" || slices.Contains(i.Addresses, test.address))
				}
			}
			if !lo || other == c.NoNetwork {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestNames: names are resolved by the servers that DHCP or the command line gave, and by /etc/hosts.
func TestNames(t *testing.T) {
	t.Run("own server", func(t *testing.T) {
		t.Parallel()
		c, _ := networked(t, "nameserver")
		c.Words = []string{"dns=127.0.0.1"}
		out := boot(t, c).output
		for _, want := range []string{"ringo.example [192.0.2.7 2001:db8::7]\n", "missing.example not found\n", "localhost [", "[a text]\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
	})
	t.Run("host's server", func(t *testing.T) {
		t.Parallel()
		serveNames(t)
		c, _ := networked(t, "lookup", "missing.example")
		c.Words = []string{"ip=10.0.2.15/24,10.0.2.2,10.0.2.2"}
		if out := passes(t, c); !strings.Contains(out, "missing.example not found\n") {
			t.Error(out)
		}
	})
	t.Run("hosts", func(t *testing.T) {
		t.Parallel()
		c, _ := networked(t, "lookup", "localhost", "db.internal")
		c.Initrd = archive(t, cpio.Directory("etc", 0o755),
			cpio.StaticFile("etc/hosts", "127.0.0.1 localhost\n10.9.8.7 db.internal\n", 0o644))
		if out := passes(t, c); !strings.Contains(out, "localhost [127.0.0.1]\ndb.internal [10.9.8.7]\n") {
			t.Error(out)
		}
	})
	for word, want := range map[string]string{"": "nameserver 10.0.2.3\n", "ip=10.0.2.15/24,10.0.2.2,192.0.2.1,192.0.2.2": "nameserver 192.0.2.1\nnameserver 192.0.2.2\n"} {
		t.Run("resolv.conf/"+word, func(t *testing.T) {
			t.Parallel()
			c, _ := networked(t, "resolver")
			if word != "" {
				c.Words = []string{word}
			}
			if r := boot(t, c); r.status != 0 || !strings.Contains(r.output, want) {
				t.Errorf("status %d\n%s", r.status, r.output)
			}
		})
	}
}

// TestSockets runs the modes of testdata/net that check themselves.
func TestSockets(t *testing.T) {
	for _, test := range [][]string{{"deadlines", "10.0.2.200:80"}, {"loopback"}, {"unix"}, {"many"}, {"ports"}} {
		t.Run(test[0], func(t *testing.T) {
			t.Parallel()
			c, _ := networked(t, test...)
			c.Memory = 256 << 20
			passes(t, c)
		})
	}
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		port := freePort(t, "tcp")
		c, _ := networked(t, "refused", fmt.Sprintf("%s:%d", hostAddress, port))
		want := onLinux(t, "net", nil, "", "refused", fmt.Sprintf("127.0.0.1:%d", port)).output
		want = strings.Replace(want, fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("%s:%d", hostAddress, port), 1)
		if r := boot(t, c); !strings.HasSuffix(r.output, want) {
			t.Error(difference(r.output, want))
		}
	})
	t.Run("proc", func(t *testing.T) {
		t.Parallel()
		want := onLinux(t, "net", nil, "", "proc").output
		for _, cores := range []int{1, 4} {
			c, _ := networked(t, "proc")
			c.Cores = cores
			if r := boot(t, c); !strings.HasSuffix(r.output, want) || !strings.HasSuffix(want, "\nok\n") {
				t.Error(difference(r.output, want))
			}
		}
	})
	t.Run("without a NIC", func(t *testing.T) {
		t.Parallel()
		c, _ := networked(t, "loopback")
		c.NoNetwork, c.Forwards = true, nil
		passes(t, c)
		c.Arguments = []string{"unix"}
		if out := passes(t, c); out != "ok\n" {
			t.Errorf("it needs no network:\n%s", out)
		}
		c.Arguments = []string{"get", "http://192.0.2.1/"}
		if r := boot(t, c); r.status != 1 || !strings.Contains(r.output, "no virtio-net device: there is only lo\n") ||
			!strings.Contains(r.output, "connect: network is unreachable") {
			t.Errorf("status %d\n%s", r.status, r.output)
		}
	})
}

// hostNames answers questions at the host's port 53, which there is one of, until the tests are over.
var hostNames = sync.OnceValue(func() error {
	server, err := net.ListenPacket("udp4", "127.0.0.1:53")
	if err != nil {
		return err
	}
	go func() {
		b := make([]byte, 1500)
		late := 0
		for {
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return
			}
			if n < 12 {
				continue
			}
			answer := slices.Clone(b[:n]) // the question, marked as an answer: no such name
			answer[2], answer[3] = 0x81, 0x83
			isA := bytes.HasSuffix(answer, []byte{0, 0, 1, 0, 1})
			switch question := answer[12:]; {
			case bytes.HasPrefix(question, []byte("\x04late\x07example\x00")):
				if late++; late < 6 {
					answer[3] = 0x82 // the server fails
					break
				}
				fallthrough
			case bytes.HasPrefix(question, []byte("\x04logs\x07example\x00")):
				if answer[3] = 0x80; isA {
					answer[7] = 1
					answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
					answer = append(answer, netip.MustParseAddr(hostAddress).AsSlice()...)
				}
			}
			server.WriteTo(answer, from)
		}
	}()
	return nil
})

// serveNames makes the host a name server: it knows that logs.example is itself, and late.example, but fails at first.
func serveNames(t *testing.T) {
	t.Helper()
	if err := hostNames(); err != nil {
		t.Skip("port 53 of the host cannot be had: ", err)
	}
}
