package net

import (
	"fmt"
	stdnet "net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
)

// serveDHCP answers on b's eth0 with what change makes of an answer, nil for silence.
func serveDHCP(t *testing.T, b *Network, change func(request, answer *dhcpv4.DHCPv4) *dhcpv4.DHCPv4) {
	fd := openOn(t, b, unix.AF_INET, unix.SOCK_DGRAM)
	setInt(t, fd, unix.SOL_SOCKET, unix.SO_BROADCAST, 1)
	must(t, unix.SYS_SETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, []byte("eth0"), 4)
	sa := sockaddrOf("0.0.0.0:67")
	must(t, unix.SYS_BIND, fd, sa, len(sa))
	go func() {
		p := make([]byte, 2048)
		to := sockaddrOf("255.255.255.255:68")
		for {
			n, err := sys(unix.SYS_RECVFROM, fd, p, len(p), 0, nil, nil)
			if err != nil || n == 0 {
				return
			}
			request, err := dhcpv4.FromBytes(p[:n])
			if err != nil {
				t.Error(err)
				continue
			}
			answer, _ := dhcpv4.NewReplyFromRequest(request,
				dhcpv4.WithYourIP(stdnet.IPv4(10, 9, 0, 77)),
				dhcpv4.WithServerIP(stdnet.IPv4(10, 9, 0, 1)),
				dhcpv4.WithOption(dhcpv4.OptServerIdentifier(stdnet.IPv4(10, 9, 0, 1))),
				dhcpv4.WithNetmask(stdnet.IPv4Mask(255, 255, 0, 0)),
				dhcpv4.WithRouter(stdnet.IPv4(10, 9, 0, 1)),
				dhcpv4.WithDNS(stdnet.IPv4(10, 9, 0, 3), stdnet.IPv4(10, 9, 0, 4)),
				dhcpv4.WithLeaseTime(3600),
				dhcpv4.WithOption(dhcpv4.OptHostName("leased")),
				dhcpv4.WithOption(dhcpv4.OptDomainName("example.org")),
				dhcpv4.WithMessageType(dhcpv4.MessageTypeOffer))
			if request.MessageType() == dhcpv4.MessageTypeRequest {
				answer.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeAck))
			}
			if change != nil {
				if answer = change(request, answer); answer == nil {
					continue
				}
			}
			out := answer.ToBytes()
			sys(unix.SYS_SENDTO, fd, out, len(out), 0, to, len(to))
		}
	}()
}

// etc is what a plan writes.
type etc struct {
	mu    sync.Mutex
	files map[string]string
	host  string
}

func (e *etc) plan(patience time.Duration) *Plan {
	return &Plan{
		Patience: patience,
		WriteFile: func(path, content string) {
			e.mu.Lock()
			defer e.mu.Unlock()
			if e.files == nil {
				e.files = map[string]string{}
			}
			e.files[path] = content
		},
		SetHostname: func(name string) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.host = name
		},
	}
}

func TestDHCP(t *testing.T) {
	a, b, _, _ := twoMachines(t, plain)
	static(t, b, "10.9.0.1/16")
	serveDHCP(t, b, nil)
	var e etc
	start := time.Now()
	if err := a.Configure(e.plan(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(start); d > 400*time.Millisecond {
		t.Errorf("it took %v", d)
	}
	e.mu.Lock()
	if got, want := e.files["/etc/resolv.conf"], "search example.org\nnameserver 10.9.0.3\nnameserver 10.9.0.4\n"; got != want {
		t.Errorf("resolv.conf is %q", got)
	}
	if !strings.Contains(e.files["/etc/hosts"], "\n10.9.0.77\tleased\n") || e.host != "leased" {
		t.Errorf("hosts is %q, the hostname %q", e.files["/etc/hosts"], e.host)
	}
	e.mu.Unlock()
	client, server := join(t, a, b, "10.9.0.1:80")
	write(t, client, "from the lease")
	if got := read(t, server); got != "from the lease" {
		t.Errorf("got %q", got)
	}
	if at := name(t, unix.SYS_GETPEERNAME, server); at.Addr() != netip.MustParseAddr("10.9.0.77") {
		t.Errorf("the client is %v", at)
	}
	routes := a.stack.GetRouteTable()
	found := false
	for _, r := range routes {
		found = found || r.Gateway.String() == "10.9.0.1" && r.Destination.Prefix() == 0
	}
	if !found {
		t.Errorf("no default route in %v", routes)
	}
}

func TestDHCPNobodyAnswers(t *testing.T) {
	a, b, _, _ := twoMachines(t, plain)
	static(t, b, "10.9.0.1/16")
	var e etc
	start := time.Now()
	if err := a.Configure(e.plan(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("it took %v", d)
	}
	serveDHCP(t, b, nil) // a server that comes late is found all the same
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		e.mu.Lock()
		done := e.host == "leased"
		e.mu.Unlock()
		if done {
			return
		}
		if time.Since(start) > 8*time.Second {
			t.Fatal("no lease")
		}
	}
}

func TestDHCPWords(t *testing.T) {
	a, b, _, _ := twoMachines(t, plain)
	static(t, b, "10.9.0.1/16")
	var asked string
	serveDHCP(t, b, func(request, answer *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
		if request.MessageType() == dhcpv4.MessageTypeDiscover {
			asked = request.HostName()
		}
		return answer
	})
	var e etc
	plan := e.plan(5 * time.Second)
	plan.Hostname = "mine"
	plan.DNS = []netip.Addr{netip.MustParseAddr("1.1.1.1")}
	plan.Settings = []Setting{{DHCP: true}}
	if err := a.Configure(plan); err != nil {
		t.Fatal(err)
	}
	if e.host != "mine" || asked != "mine" || e.files["/etc/resolv.conf"] != "search example.org\nnameserver 1.1.1.1\n" {
		t.Errorf("%q %q %q", e.host, asked, e.files)
	}
}

func TestDHCPRenewal(t *testing.T) {
	a, b, _, _ := twoMachines(t, plain)
	static(t, b, "10.9.0.1/16")
	a.leastLease = 200 * time.Millisecond
	var mu sync.Mutex
	renewals, refuse := 0, false
	serveDHCP(t, b, func(request, answer *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
		mu.Lock()
		defer mu.Unlock()
		answer.UpdateOption(dhcpv4.OptIPAddressLeaseTime(0))
		if request.MessageType() == dhcpv4.MessageTypeRequest && !request.ClientIPAddr.IsUnspecified() {
			renewals++
			switch {
			case refuse:
				answer.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeNak))
			case renewals > 2:
				answer.YourIPAddr = stdnet.IPv4(10, 9, 0, 88)
			}
		}
		return answer
	})
	var e etc
	if err := a.Configure(e.plan(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	has := func(want string) bool {
		p, _ := a.stack.GetMainNICAddress(2, ipv4.ProtocolNumber)
		return p.Address.String() == want
	}
	wait := func(what string, done func() bool) {
		t.Helper()
		for start := time.Now(); !done(); time.Sleep(5 * time.Millisecond) {
			if time.Since(start) > 5*time.Second {
				t.Fatal("waited in vain for", what)
			}
		}
	}
	if !has("10.9.0.77") {
		t.Error("no address")
	}
	wait("another address", func() bool { return has("10.9.0.88") })
	mu.Lock()
	refuse = true
	mu.Unlock()
	wait("the server's first address again", func() bool { return has("10.9.0.77") })
}

func TestDHCPHostileServer(t *testing.T) {
	for what, change := range map[string]func(answer *dhcpv4.DHCPv4){
		"no mask":           func(d *dhcpv4.DHCPv4) { d.Options.Del(dhcpv4.OptionSubnetMask) },
		"a wild mask":       func(d *dhcpv4.DHCPv4) { d.UpdateOption(dhcpv4.OptSubnetMask(stdnet.IPMask{1, 2, 3, 4})) },
		"no lease time":     func(d *dhcpv4.DHCPv4) { d.Options.Del(dhcpv4.OptionIPAddressLeaseTime) },
		"a gateway far off": func(d *dhcpv4.DHCPv4) { d.UpdateOption(dhcpv4.OptRouter(stdnet.IPv4(192, 168, 1, 1))) },
		"odd routes": func(d *dhcpv4.DHCPv4) {
			d.UpdateOption(dhcpv4.OptClasslessStaticRoute(&dhcpv4.Route{Dest: &stdnet.IPNet{IP: stdnet.IPv4zero.To4(), Mask: stdnet.CIDRMask(0, 32)}, Router: stdnet.IPv4(10, 9, 0, 1)}))
		},
	} {
		t.Run(what, func(t *testing.T) {
			a, b, _, _ := twoMachines(t, plain)
			static(t, b, "10.9.0.1/16")
			serveDHCP(t, b, func(_, answer *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 { change(answer); return answer })
			var e etc
			if err := a.Configure(e.plan(3 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if e.host != "leased" {
				t.Error("no lease")
			}
		})
	}
	a, b, _, _ := twoMachines(t, plain)
	static(t, b, "10.9.0.1/16")
	serveDHCP(t, b, func(_, answer *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
		answer.UpdateOption(dhcpv4.OptHostName("x\nnameserver 6.6.6.6"))
		answer.UpdateOption(dhcpv4.OptDomainName("y\nnameserver 6.6.6.6"))
		return answer
	})
	var e etc
	a.Configure(e.plan(3 * time.Second))
	if got := e.files["/etc/resolv.conf"]; e.host != "" || got != "nameserver 10.9.0.3\nnameserver 10.9.0.4\n" {
		t.Errorf("the name %q, resolv.conf %q", e.host, got)
	}

	a, b, _, _ = twoMachines(t, plain)
	static(t, b, "10.9.0.1/16")
	serveDHCP(t, b, func(_, answer *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
		answer.YourIPAddr = stdnet.IPv4(127, 0, 0, 1)
		return answer
	})
	e.host = ""
	a.Configure(e.plan(200 * time.Millisecond))
	if e.host != "" {
		t.Error("took 127.0.0.1 as its address")
	}
}

func TestSettings(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.2.15/24":                            "{ false false 10.0.2.15/24 invalid IP []}",
		"10.0.2.15/24,10.0.2.2":                   "{ false false 10.0.2.15/24 10.0.2.2 []}",
		"10.0.2.15/24,10.0.2.2,10.0.2.3,1.1.1.1":  "{ false false 10.0.2.15/24 10.0.2.2 [10.0.2.3 1.1.1.1]}",
		"10.0.2.15/24,,10.0.2.3":                  "{ false false 10.0.2.15/24 invalid IP [10.0.2.3]}",
		"10.0.2.15/24@52:54:00:12:34:56,10.0.2.2": "{52:54:00:12:34:56 false false 10.0.2.15/24 10.0.2.2 []}",
		"10.0.2.15/24,10.0.2.2@52:54:00:12:34:56": "{52:54:00:12:34:56 false false 10.0.2.15/24 10.0.2.2 []}",
		"fd00::1/64,fe80::1":                      "{ false false fd00::1/64 fe80::1 []}",
		"dhcp":                                    "{ true false invalid Prefix invalid IP []}",
		"dhcp@52:54:00:12:34:56":                  "{52:54:00:12:34:56 true false invalid Prefix invalid IP []}",
		"none":                                    "{ false true invalid Prefix invalid IP []}",
	} {
		s, err := ParseSetting(text)
		if got := fmt.Sprint(s); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "10.0.2.15", "10.0.2.15/33", "10.0.2.15/24,x", "10.0.2.15/24,fe80::1", "dhcp,1.2.3.4",
		"10.0.2.15/24@52:54:00:12:34", "10.0.2.15/24@zz:54:00:12:34:56", "10.0.2.15/24@1:2:3:4:5:6", "224.0.0.1/4", "0.0.0.0/0",
		"10.0.2.15/24@52:54:00:12:34:56,10.0.2.2@52:54:00:12:34:56", "10.0.2.15/24,10.0.2.2,dns", "::ffff:1.2.3.4/96", "x@y"} {
		if s, err := ParseSetting(text); err == nil || !strings.HasPrefix(err.Error(), "ip="+text+": ") {
			t.Errorf("%s: %v, %v", text, s, err)
		}
	}
}

func TestAloneIsToldOnce(t *testing.T) {
	var said []string
	n, err := New(64<<20, func(s string) { said = append(said, s) })
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		fd := openOn(t, n, unix.AF_INET, unix.SOCK_STREAM)
		sa := sockaddrOf("127.0.0.1:0")
		must(t, unix.SYS_BIND, fd, sa, len(sa))
		must(t, unix.SYS_LISTEN, fd, 1)
		if len(said) > 1 {
			t.Error("on the loopback:", said)
		}
		fd = openOn(t, n, unix.AF_INET, unix.SOCK_STREAM)
		sa = sockaddrOf("1.1.1.1:53")
		wants(t, syscall.ENETUNREACH, unix.SYS_CONNECT, fd, sa, len(sa))
	}
	if len(said) != 1 || !strings.Contains(said[0], "no virtio-net") {
		t.Error(said)
	}
}

func TestConfigureErrors(t *testing.T) {
	n, err := New(64<<20, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	var e etc
	plan := e.plan(time.Second)
	if err := n.Configure(plan); err != nil {
		t.Error("a machine without a network device:", err)
	}
	s, _ := ParseSetting("10.0.0.1/8")
	plan.Settings = []Setting{s}
	if err := n.Configure(plan); err == nil || !strings.Contains(err.Error(), "no virtio-net") {
		t.Error(err)
	}
	a, _, _, _ := twoMachines(t, plain)
	s.MAC = "\x52\x54\x00\x00\x00\x63"
	plan.Settings = []Setting{s}
	if err := a.Configure(plan); err == nil || !strings.Contains(err.Error(), "52:54:00:00:00:63") {
		t.Error(err)
	}
}
