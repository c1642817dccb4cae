package net

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A way's frames are taken by a stack that checks everything in them.
func TestWay(t *testing.T) {
	for _, addresses := range [][2]string{{"10.9.0.2/16", "10.9.0.1/16"}, {"fd00::2/64", "fd00::1/64"}} {
		t.Run(addresses[0], func(t *testing.T) {
			a, b, _, _ := twoMachines(t, plain)
			static(t, a, addresses[0])
			static(t, b, addresses[1])
			to := netip.AddrPortFrom(netip.MustParsePrefix(addresses[1]).Addr(), 5140)
			domain := unix.AF_INET
			if to.Addr().Is6() {
				domain = unix.AF_INET6
			}
			fd := openOn(t, b, domain, unix.SOCK_DGRAM)
			sa := sockaddrOf(to.String())
			must(t, unix.SYS_BIND, fd, sa, len(sa))
			c, err := a.Dial("udp", to, 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			w := c.Way()
			if w == nil {
				t.Fatal("no way")
			}
			other := a.interfaces[0].link.(*link).device.Transmit()
			if w.Begin() {
				t.Error("begun while somebody else has the device")
			}
			other.Close()
			if !w.Begin() {
				t.Fatal("not begun")
			}
			defer w.transmit.Close()
			long := bytes.Repeat([]byte("0123456789"), 200)
			allocated := testing.AllocsPerRun(10, func() {
				for _, p := range [][]byte{[]byte("the last words"), {}, []byte("odd"), long} {
					if !w.Send(p) {
						t.Error("not sent")
					}
				}
			})
			for range 11 {
				for _, want := range []string{"the last words", "", "odd", string(long[:1500+wayEthernet-w.begins])} {
					got, from := receiveUDP(t, fd)
					if got != want || from != netip.AddrPortFrom(netip.MustParsePrefix(addresses[0]).Addr(), portWay) {
						t.Fatalf("%q from %v, want %q", got, from, want)
					}
				}
			}
			t.Log(allocated, "allocations, with those of the simulation")
		})
	}
	a, _, _, _ := twoMachines(t, plain)
	c, err := a.Dial("udp", netip.MustParseAddrPort("127.0.0.1:514"), time.Second)
	if err != nil || c.Way() != nil {
		t.Error("a way that leads nowhere", err)
	}
}
