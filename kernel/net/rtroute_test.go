package net

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// describe writes a message of rtnetlink(7): the bytes of its header, and attributes in the order of their numbers.
func describe(t *testing.T, m syscall.NetlinkMessage, header int) string {
	t.Helper()
	b := fmt.Sprintf("% x", m.Data[:header])
	all := map[uint16][]byte{}
	for rest := m.Data[header:]; len(rest) >= 4; {
		length := int(binary.NativeEndian.Uint16(rest))
		all[binary.NativeEndian.Uint16(rest[2:])] = rest[4:length]
		rest = rest[min(nlAlign(length), len(rest)):]
	}
	for kind := range uint16(64) {
		if v, ok := all[kind]; ok {
			b += fmt.Sprintf("; %d: % x", kind, v)
		}
	}
	return b
}

func describeAll(t *testing.T, all []syscall.NetlinkMessage, header int) string {
	var b strings.Builder
	for _, m := range all {
		b.WriteString(describe(t, m, header) + "\n")
	}
	return b.String()
}

// TestRoutes: these are Linux 6.18's of an interface lo, but for what the stack does not have (RTA_CACHEINFO, RTA_PREF).
func TestRoutes(t *testing.T) {
	const want = `02 20 00 00 ff 02 fe 02 00 00 00 00; 1: 7f 00 00 01; 4: 01 00 00 00; 7: 7f 00 00 01; 15: ff 00 00 00
02 20 00 00 ff 02 fd 03 00 00 00 00; 1: 7f ff ff ff; 4: 01 00 00 00; 7: 7f 00 00 01; 15: ff 00 00 00
02 08 00 00 ff 02 fe 02 00 00 00 00; 1: 7f 00 00 00; 4: 01 00 00 00; 7: 7f 00 00 01; 15: ff 00 00 00
0a 80 00 00 ff 02 00 02 00 00 00 00; 1: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01; 4: 01 00 00 00; 6: 00 00 00 00; 15: ff 00 00 00
`
	if got := describeAll(t, dump(t, unix.RTM_GETROUTE), unix.SizeofRtMsg); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
}

// TestMainRoutes: what a machine has whose interface has an address, a network and a router.
func TestMainRoutes(t *testing.T) {
	n, err := New(1<<20, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	const nic = 2
	if err := n.stack.CreateNICWithOptions(nic, channel.New(1, 1500, "\x02\x00\x00\x00\x00\x01"), stack.NICOptions{Name: "eth0"}); err != nil {
		t.Fatal(err)
	}
	a := netip.MustParsePrefix("192.0.2.2/24")
	if err := n.addAddress(&iface{id: nic}, a); err != nil {
		t.Fatal(err)
	}
	n.stack.AddRoute(tcpip.Route{Destination: subnetOf(a), NIC: nic})
	n.stack.AddRoute(tcpip.Route{Destination: subnetOf(netip.MustParsePrefix("0.0.0.0/0")), Gateway: addressOf(netip.MustParseAddr("192.0.2.1")), NIC: nic})
	for _, test := range []struct{ to, want string }{
		{"8.8.8.8", "02 20 00 00 fe 00 00 01 00 02 00 00; 1: 08 08 08 08; 4: 02 00 00 00; 5: c0 00 02 01; 7: c0 00 02 02; 15: fe 00 00 00"},
		{"192.0.2.9", "02 20 00 00 fe 00 00 01 00 02 00 00; 1: c0 00 02 09; 4: 02 00 00 00; 7: c0 00 02 02; 15: fe 00 00 00"},
	} {
		if got := describe(t, ask(t, n, unix.RTM_GETROUTE, 0, routeTo(test.to))[0], unix.SizeofRtMsg); got != test.want {
			t.Errorf("to %s: %s", test.to, got)
		}
	}
	const want = `02 18 00 00 fe 02 fd 01 00 00 00 00; 1: c0 00 02 00; 4: 02 00 00 00; 7: c0 00 02 02; 15: fe 00 00 00
02 00 00 00 fe 03 00 01 00 00 00 00; 4: 02 00 00 00; 5: c0 00 02 01; 15: fe 00 00 00
`
	all := ask(t, n, unix.RTM_GETROUTE, unix.NLM_F_DUMP, []byte{syscall.AF_INET})
	if got := describeAll(t, all[:2], unix.SizeofRtMsg); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	if len(all) != 2+3+2+1 { // those of lo, the address and its broadcast, and the end
		t.Errorf("%d messages", len(all))
	}
}

// ask sends n a request and returns what it answers.
func ask(t *testing.T, n *Network, kind, flags uint16, body []byte) (all []syscall.NetlinkMessage) {
	t.Helper()
	request := binary.NativeEndian.AppendUint32(nil, uint32(nlHeader+len(body)))
	request = binary.NativeEndian.AppendUint16(request, kind)
	request = binary.NativeEndian.AppendUint16(request, flags|unix.NLM_F_REQUEST)
	for _, d := range n.answer(append(append(request, make([]byte, 8)...), body...), 1) {
		messages, err := syscall.ParseNetlinkMessage(d)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, messages...)
	}
	return all
}

// routeTo asks for the way to an address: struct rtmsg and RTA_DST.
func routeTo(to string) []byte {
	address := netip.MustParseAddr(to)
	body := make([]byte, unix.SizeofRtMsg)
	body[0] = syscall.AF_INET
	if address.Is6() {
		body[0] = syscall.AF_INET6
	}
	return append(append(body, byte(4+len(address.AsSlice())), 0, unix.RTA_DST, 0), address.AsSlice()...)
}

// TestRouteTo: the answers are Linux's, but for RTA_UID, RTA_CACHEINFO and RTA_PREF.
func TestRouteTo(t *testing.T) {
	for _, test := range []struct{ to, want string }{
		{"127.0.0.1", "02 20 00 00 fe 00 00 02 00 02 00 00; 1: 7f 00 00 01; 4: 01 00 00 00; 7: 7f 00 00 01; 15: fe 00 00 00"},
		{"::1", "0a 80 00 00 ff 00 00 02 00 00 00 00; 1: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01; 4: 01 00 00 00; " +
			"6: 00 00 00 00; 7: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01; 15: ff 00 00 00"},
	} {
		if got := describe(t, ask(t, machineNetwork, unix.RTM_GETROUTE, 0, routeTo(test.to))[0], unix.SizeofRtMsg); got != test.want {
			t.Errorf("to %s: %s", test.to, got)
		}
	}
	odd := routeTo("127.0.0.1")
	odd[unix.SizeofRtMsg] = 6
	strange := append(routeTo("127.0.0.1"), 8, 0, unix.RTA_OIF, 0, 99, 0, 0, 0)
	for _, test := range []struct {
		body []byte
		want syscall.Errno
	}{
		{routeTo("8.8.8.8"), syscall.ENETUNREACH}, {make([]byte, unix.SizeofRtMsg), syscall.EOPNOTSUPP},
		{[]byte{syscall.AF_INET}, syscall.EINVAL}, {odd, syscall.EINVAL}, {strange, syscall.ENODEV},
	} {
		m := ask(t, machineNetwork, unix.RTM_GETROUTE, 0, test.body)[0]
		if got := syscall.Errno(-int32(binary.NativeEndian.Uint32(m.Data))); m.Header.Type != unix.NLMSG_ERROR || got != test.want {
			t.Errorf("% x: %v, want %v", test.body, got, test.want)
		}
	}
}

func TestRules(t *testing.T) {
	const want = `02 00 00 00 ff 00 00 01 00 00 00 00; 14: ff ff ff ff; 15: ff 00 00 00; 21: 02
02 00 00 00 fe 00 00 01 00 00 00 00; 6: fe 7f 00 00; 14: ff ff ff ff; 15: fe 00 00 00; 21: 02
02 00 00 00 fd 00 00 01 00 00 00 00; 6: ff 7f 00 00; 14: ff ff ff ff; 15: fd 00 00 00; 21: 02
0a 00 00 00 ff 00 00 01 00 00 00 00; 14: ff ff ff ff; 15: ff 00 00 00; 21: 02
0a 00 00 00 fe 00 00 01 00 00 00 00; 6: fe 7f 00 00; 14: ff ff ff ff; 15: fe 00 00 00; 21: 02
`
	if got := describeAll(t, dump(t, unix.RTM_GETRULE), 12); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
}

// TestAcknowledge: a request can ask for word that it was carried out, and what is none gets nothing else.
func TestAcknowledge(t *testing.T) {
	all := ask(t, machineNetwork, unix.RTM_GETROUTE, unix.NLM_F_ACK, routeTo("127.0.0.1"))
	if len(all) != 2 || all[1].Header.Type != unix.NLMSG_ERROR || binary.NativeEndian.Uint32(all[1].Data) != 0 {
		t.Errorf("%+v", all)
	}
	body := make([]byte, unix.SizeofIfInfomsg)
	body[4] = loopbackNIC
	if all := ask(t, machineNetwork, unix.RTM_GETLINK, unix.NLM_F_ACK, body); len(all) != 2 || all[1].Header.Type != unix.NLMSG_ERROR {
		t.Errorf("%+v", all)
	}
	if all := ask(t, machineNetwork, unix.NLMSG_NOOP, unix.NLM_F_ACK, nil); len(all) != 1 {
		t.Errorf("%+v", all)
	}
	if d := machineNetwork.answer([]byte{16, 0, 0, 0, unix.RTM_GETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1); len(d) != 0 {
		t.Errorf("% x", d)
	}
}
