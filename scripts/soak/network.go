package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// A network is a cable to the machine, with the clients' own TCP/IP at this end. QEMU's user network
// would do, but for an error of libslirp's (4.7.0, tcp_dooptions): a SYN-ACK that comes twice makes it
// forget what the client has sent. A machine that has not had a processor for a second repeats its
// SYN-ACK.
type network struct {
	listener net.Listener
	link     *channel.Endpoint
	stack    *stack.Stack
}

// Addresses of the two ends, and the other numbers of a link.
const (
	hostAddress    = "10.0.2.2"
	machineAddress = "10.0.2.15"
	hostMAC        = "\x52\x55\x0a\x00\x02\x02"
	mtu            = 1500
	nic            = 1
)

// newNetwork listens for QEMU at the unix socket path.
func newNetwork(path string) (*network, error) {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	n := &network{listener: listener, link: channel.New(1024, mtu, hostMAC), stack: stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{arp.NewProtocol, ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
	})}
	if err := n.stack.CreateNIC(nic, ethernet.New(n.link)); err != nil {
		return nil, fmt.Errorf("the clients' network: %v", err)
	}
	address := tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: tcpip.AddressWithPrefix{
		Address: addressOf(hostAddress), PrefixLen: 24}}
	if err := n.stack.AddProtocolAddress(nic, address, stack.AddressProperties{}); err != nil {
		return nil, fmt.Errorf("the clients' network: %v", err)
	}
	n.stack.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}})
	return n, nil
}

func addressOf(s string) tcpip.Address { return tcpip.AddrFromSlice(net.ParseIP(s).To4()) }

// netdev is what QEMU calls the cable.
func (n *network) netdev() string {
	return "stream,server=off,addr.type=unix,addr.path=" + n.listener.Addr().String()
}

// run carries frames to and fro until ctx is done or QEMU has gone.
func (n *network) run(ctx context.Context) error {
	defer n.listener.Close()
	defer context.AfterFunc(ctx, func() { n.listener.Close() })()
	cable, err := n.listener.Accept()
	if err != nil {
		return err
	}
	defer cable.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { cable.Close() })()
	go func() {
		defer cancel()
		n.send(ctx, cable)
	}()
	return n.receive(cable)
}

// A frame on the cable comes after its length, four bytes with the highest first (QEMU, net/net.c:
// net_fill_rstate).
const lengthSize = 4

func (n *network) receive(cable io.Reader) error {
	in := bufio.NewReaderSize(cable, 1<<16)
	var length [lengthSize]byte
	for {
		if _, err := io.ReadFull(in, length[:]); err != nil {
			return err
		}
		size := binary.BigEndian.Uint32(length[:])
		if size > mtu+header.EthernetMinimumSize {
			return fmt.Errorf("a frame of %d bytes", size)
		}
		frame := make([]byte, size)
		if _, err := io.ReadFull(in, frame); err != nil {
			return err
		}
		packet := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(frame)})
		n.link.InjectInbound(0, packet)
		packet.DecRef()
	}
}

func (n *network) send(ctx context.Context, cable io.Writer) {
	for {
		packet := n.link.ReadContext(ctx)
		if packet == nil {
			return
		}
		view := packet.ToView()
		packet.DecRef()
		frame := binary.BigEndian.AppendUint32(make([]byte, 0, lengthSize+view.Size()), uint32(view.Size()))
		frame = append(frame, view.AsSlice()...)
		view.Release()
		if _, err := cable.Write(frame); err != nil {
			fmt.Fprintln(os.Stderr, "soak: the clients' network:", err)
			return
		}
	}
}

// dial connects to a port of the machine's.
func (n *network) dial(ctx context.Context, port uint16) (net.Conn, error) {
	return gonet.DialContextTCP(ctx, n.stack, tcpip.FullAddress{NIC: nic, Addr: addressOf(machineAddress), Port: port}, ipv4.ProtocolNumber)
}
