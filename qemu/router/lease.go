package router

import (
	"errors"
	"io"
	"log"
	"net"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/server4"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// leaseTime is how long the machine may use its address. There is nobody else who could want it.
const leaseTime = 24 * time.Hour

// lease answers DHCP (RFC 2131): whoever asks is the machine.
func (r *Router) lease() error {
	var queue waiter.Queue
	endpoint, err := r.stack.NewEndpoint(udp.ProtocolNumber, ipv4.ProtocolNumber, &queue)
	if err != nil {
		return errors.New(err.String())
	}
	endpoint.SocketOptions().SetBroadcast(true)
	if err := endpoint.Bind(tcpip.FullAddress{NIC: nic, Port: dhcpv4.ServerPort}); err != nil {
		endpoint.Close()
		return errors.New(err.String())
	}
	conn := gonet.NewUDPConn(&queue, endpoint)
	server, failed := server4.NewServer("", nil, answerDHCP, server4.WithConn(conn), server4.WithLogger(server4.ShortSummaryLogger{
		Printfer: log.New(io.Discard, "", 0)}))
	if failed != nil {
		return failed
	}
	r.open(server)
	go server.Serve()
	return nil
}

// answerDHCP is the handler of the server.
func answerDHCP(conn net.PacketConn, peer net.Addr, request *dhcpv4.DHCPv4) {
	kind := dhcpv4.MessageTypeOffer
	switch request.MessageType() {
	case dhcpv4.MessageTypeDiscover:
	case dhcpv4.MessageTypeRequest:
		kind = dhcpv4.MessageTypeAck
		if a := request.RequestedIPAddress(); a != nil && !a.Equal(Machine.AsSlice()) {
			kind = dhcpv4.MessageTypeNak
		}
	default:
		return
	}
	options := []dhcpv4.Modifier{
		dhcpv4.WithMessageType(kind), dhcpv4.WithServerIP(Host.AsSlice()),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(Host.AsSlice())),
	}
	if kind != dhcpv4.MessageTypeNak {
		options = append(options, dhcpv4.WithYourIP(Machine.AsSlice()), dhcpv4.WithLeaseTime(uint32(leaseTime/time.Second)),
			dhcpv4.WithNetmask(net.CIDRMask(prefixLength, 32)), dhcpv4.WithRouter(Host.AsSlice()), dhcpv4.WithDNS(Names.AsSlice()))
	}
	reply, err := dhcpv4.NewReplyFromRequest(request, options...)
	if err != nil {
		return
	}
	conn.WriteTo(reply.ToBytes(), peer)
}
