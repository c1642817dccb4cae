package net

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// dump asks for all of a kind, as package syscall's NetlinkRIB does, and returns the messages.
func dump(t *testing.T, kind int) (all []syscall.NetlinkMessage) {
	t.Helper()
	fd := open(t, unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
	sa := make([]byte, sizeNetlinkAddress)
	sa[0] = unix.AF_NETLINK
	must(t, unix.SYS_BIND, fd, sa, len(sa))
	n := new(int32)
	*n = 12
	own := make([]byte, 12)
	must(t, unix.SYS_GETSOCKNAME, fd, own, n)
	request := []byte{17, 0, 0, 0, byte(kind), 0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0}
	must(t, unix.SYS_SENDTO, fd, request, len(request), 0, sa, len(sa))
	p := make([]byte, 4096)
	for {
		k := must(t, unix.SYS_RECVFROM, fd, p, len(p), 0, nil, nil)
		messages, err := syscall.ParseNetlinkMessage(p[:k])
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			if m.Header.Seq != 1 || m.Header.Pid != uint32(own[4]) {
				t.Errorf("header %+v", m.Header)
			}
			if m.Header.Type == unix.NLMSG_DONE {
				return all
			}
			m.Data = append([]byte(nil), m.Data...)
			all = append(all, m)
		}
	}
}

func attributesOf(t *testing.T, m syscall.NetlinkMessage) map[uint16][]byte {
	t.Helper()
	attributes, err := syscall.ParseNetlinkRouteAttr(&m)
	if err != nil {
		t.Fatal(err)
	}
	all := map[uint16][]byte{}
	for _, a := range attributes {
		all[a.Attr.Type] = a.Value
	}
	return all
}

func TestInterfaces(t *testing.T) {
	messages := dump(t, unix.RTM_GETLINK)
	if len(messages) != 1 {
		t.Fatalf("%d interfaces", len(messages))
	}
	a := attributesOf(t, messages[0])
	if cString(a[unix.IFLA_IFNAME]) != "lo" || len(a[unix.IFLA_MTU]) != 4 || a[unix.IFLA_MTU][2] != 1 {
		t.Errorf("%v", a)
	}
	if s := a[unix.IFLA_STATS64]; len(s) != 200 || len(a[unix.IFLA_STATS]) != 96 || binary.NativeEndian.Uint64(s) == 0 ||
		!bytes.Equal(s[:4], a[unix.IFLA_STATS][:4]) {
		t.Errorf("statistics % x", s)
	}
	if flags := messages[0].Data[8]; flags&(unix.IFF_UP|unix.IFF_LOOPBACK) != unix.IFF_UP|unix.IFF_LOOPBACK {
		t.Errorf("flags %#x", flags)
	}
}

func TestInterfaceAddresses(t *testing.T) {
	var got []netip.Prefix
	for _, m := range dump(t, unix.RTM_GETADDR) {
		if life := attributesOf(t, m)[unix.IFA_CACHEINFO]; len(life) != 16 || binary.NativeEndian.Uint64(life) != ^uint64(0) {
			t.Errorf("life % x", life)
		}
		ip, _ := netip.AddrFromSlice(attributesOf(t, m)[unix.IFA_ADDRESS])
		got = append(got, netip.PrefixFrom(ip, int(m.Data[1])))
	}
	if len(got) != 2 || got[0].String() != "127.0.0.1/8" || got[1].String() != "::1/128" {
		t.Errorf("addresses %v", got)
	}
}

func TestNetlinkErrors(t *testing.T) {
	wants(t, syscall.EPROTONOSUPPORT, unix.SYS_SOCKET, unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_KOBJECT_UEVENT)
	fd := open(t, unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
	wants(t, syscall.EAGAIN, unix.SYS_RECVFROM, fd, make([]byte, 1), 1, unix.MSG_DONTWAIT, nil, nil)
	request := []byte{16, 0, 0, 0, unix.RTM_NEWROUTE, 0, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0}
	must(t, unix.SYS_SENDTO, fd, request, 16, 0, nil, 0)
	p := make([]byte, 100)
	n := must(t, unix.SYS_READ, fd, p, 100)
	messages, err := syscall.ParseNetlinkMessage(p[:n])
	if err != nil || len(messages) != 1 || messages[0].Header.Type != unix.NLMSG_ERROR ||
		int8(messages[0].Data[0]) != -int8(syscall.EOPNOTSUPP) {
		t.Errorf("%+v %v", messages, err)
	}
}

func TestManyInterfaces(t *testing.T) {
	r := &reply{request: make([]byte, nlHeader)}
	for range 100 {
		r.link(machineNetwork.sortedNICs()[0], unix.NLM_F_MULTI)
	}
	messages := 0
	for _, d := range append(r.datagrams, r.last) {
		if len(d) > nlDatagram {
			t.Errorf("a datagram of %d bytes", len(d))
		}
		some, err := syscall.ParseNetlinkMessage(d)
		if err != nil {
			t.Error(err)
		}
		messages += len(some)
	}
	if messages != 100 {
		t.Errorf("%d messages", messages)
	}
}

// FuzzNetlink sends any requests.
func FuzzNetlink(f *testing.F) {
	f.Add([]byte{17, 0, 0, 0, unix.RTM_GETLINK, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{16, 0, 0, 0, unix.RTM_GETLINK, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0})
	f.Add([]byte{36, 0, 0, 0, unix.RTM_GETROUTE, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 1, 0, 127, 0, 0, 1})
	f.Fuzz(func(t *testing.T, requests []byte) {
		for _, d := range machineNetwork.answer(requests, 1) {
			if _, err := syscall.ParseNetlinkMessage(d); err != nil || len(d) > nlDatagram {
				t.Fatal(len(d), err)
			}
		}
	})
}
