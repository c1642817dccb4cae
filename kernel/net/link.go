package net

import (
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/stack/gro"

	"github.com/ringo-os/ringo/drivers/virtio/nic"
)

// A device is what is needed of a nic.Device.
type device interface {
	MAC() [6]byte
	MTU() int
	Merges() bool
	Segments() bool
	LargestSend() int
	Wait()
	Receive(deliver func(h nic.Header, parts [][]byte, size int)) error
	Transmit() *nic.Transmitter
	Transmitter() *nic.Transmitter
}

// A link is what the stack sees of a virtio network device: an Ethernet.
type link struct {
	device  device
	address tcpip.LinkAddress
	failed  func(error) // told when the device cannot be used any more

	mtu        atomic.Uint32
	dispatcher watched
	start      sync.Once
	tap        atomic.Pointer[tap]

	// What the receiving goroutine delivers. The stack asks for the capabilities with each packet,
	// to see whether its checksum has been checked; that goroutine is the only one who asks for
	// that (see Capabilities).
	checked   atomic.Bool
	coalesce  bool
	coalescer gro.GRO
}

// newLink returns the link over device.
func newLink(d device, failed func(error)) *link {
	mac := d.MAC()
	l := &link{device: d, address: tcpip.LinkAddress(mac[:]), failed: failed}
	l.mtu.Store(uint32(d.MTU()))
	l.coalesce = !d.Merges()
	l.coalescer.Init(l.coalesce)
	l.coalescer.Dispatcher = l
	return l
}

// largestSegment is how much TCP data is handed to the device, or to the stack's own segmentation,
// at once.
const largestSegment = 65536

// GSOMaxSize implements stack.GSOEndpoint.
func (l *link) GSOMaxSize() uint32 { return uint32(min(largestSegment, l.device.LargestSend())) }

// SupportedGSO implements stack.GSOEndpoint.
func (l *link) SupportedGSO() stack.SupportedGSO {
	if l.device.Segments() {
		return stack.HostGSOSupported
	}
	return stack.GVisorGSOSupported
}

// MTU implements stack.LinkEndpoint, as do the methods below.
func (l *link) MTU() uint32                             { return l.mtu.Load() }
func (l *link) SetMTU(mtu uint32)                       { l.mtu.Store(mtu) }
func (l *link) MaxHeaderLength() uint16                 { return header.EthernetMinimumSize }
func (l *link) LinkAddress() tcpip.LinkAddress          { return l.address }
func (l *link) SetLinkAddress(tcpip.LinkAddress)        {} // it is the device's
func (l *link) Wait()                                   {} // links are for ever
func (l *link) Close()                                  {}
func (l *link) SetOnCloseAction(func())                 {}
func (l *link) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareEther }
func (l *link) IsAttached() bool                        { return l.dispatcher.NetworkDispatcher != nil }

// Capabilities implements stack.LinkEndpoint. Checksums of what is received count as checked when
// the device has checked the packet that is being delivered right now.
func (l *link) Capabilities() stack.LinkEndpointCapabilities {
	if l.checked.Load() {
		return stack.CapabilityResolutionRequired | stack.CapabilityRXChecksumOffload
	}
	return stack.CapabilityResolutionRequired
}

// Attach implements stack.LinkEndpoint: it starts the goroutine that receives.
func (l *link) Attach(dispatcher stack.NetworkDispatcher) {
	if dispatcher == nil {
		return
	}
	l.dispatcher = watched{dispatcher}
	l.start.Do(func() { go l.receive() })
}

// AddHeader implements stack.LinkEndpoint.
func (l *link) AddHeader(p *stack.PacketBuffer) {
	header.Ethernet(p.LinkHeader().Push(header.EthernetMinimumSize)).Encode(&header.EthernetFields{
		SrcAddr: l.address,
		DstAddr: p.EgressRoute.RemoteLinkAddress,
		Type:    p.NetworkProtocolNumber,
	})
}

// ParseHeader implements stack.LinkEndpoint.
func (l *link) ParseHeader(p *stack.PacketBuffer) bool {
	bytes, ok := p.LinkHeader().Consume(header.EthernetMinimumSize)
	if ok {
		p.NetworkProtocolNumber = header.Ethernet(bytes).Type()
	}
	return ok
}

// WritePackets implements stack.LinkEndpoint. It runs on the goroutine that sends; the device hears
// of all packets at once.
func (l *link) WritePackets(packets stack.PacketBufferList) (int, tcpip.Error) {
	l.dispatcher.sent(packets)
	transmit := l.device.Transmit()
	defer transmit.Close()
	for i, p := range packets.AsSlice() {
		h := headerFor(p)
		if !transmit.Begin(&h, p.Size()) {
			if i == 0 {
				return 0, &tcpip.ErrNoBufferSpace{}
			}
			return i, nil
		}
		views, skip := p.AsViewList()
		for v := views.Front(); v != nil; v = v.Next() {
			bytes := v.AsSlice()
			if skip >= len(bytes) {
				skip -= len(bytes)
				continue
			}
			transmit.Write(bytes[skip:])
			skip = 0
		}
		transmit.End()
	}
	return packets.Len(), nil
}

// headerFor says what the device is to do to p: complete its checksum, cut it into segments.
func headerFor(p *stack.PacketBuffer) (h nic.Header) {
	gso := &p.GSOOptions
	if gso.Type != stack.GSOTCPv4 && gso.Type != stack.GSOTCPv6 {
		return h
	}
	if gso.NeedsCsum {
		h.Flags = nic.NeedsChecksum
		h.ChecksumStart = header.EthernetMinimumSize + gso.L3HdrLen
		h.ChecksumOffset = gso.CsumOffset
	}
	if p.Data().Size() > int(gso.MSS) {
		h.HeaderLength = uint16(p.HeaderSize())
		h.SegmentSize = gso.MSS
		h.Segmentation = nic.SegmentTCP4
		if gso.Type == stack.GSOTCPv6 {
			h.Segmentation = nic.SegmentTCP6
		}
	}
	return h
}

// receive carries frames from the device to the stack, for ever.
func (l *link) receive() {
	for {
		if err := l.device.Receive(l.deliver); err != nil {
			l.failed(err)
			return
		}
		l.coalescer.Flush()
		l.device.Wait()
	}
}

// deliver hands a received frame to the stack.
func (l *link) deliver(h nic.Header, parts [][]byte, size int) {
	destination := parts[0][:header.EthernetAddressSize]
	multicast := destination[0]&1 != 0
	if !multicast && string(destination) != string(l.address) {
		return // for somebody else: the device does not filter
	}
	if t := l.tap.Load(); t != nil && t.take(parts, size) {
		return
	}
	view := buffer.NewView(size)
	for _, part := range parts {
		view.Write(part)
	}
	p := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithView(view)})
	defer p.DecRef()
	if !l.ParseHeader(p) {
		return
	}
	if multicast {
		p.PktType = tcpip.PacketMulticast
		if string(destination) == string(header.EthernetBroadcastAddress) {
			p.PktType = tcpip.PacketBroadcast
		}
	}
	p.RXChecksumValidated = h.Valid()
	if l.coalesce {
		l.coalescer.Enqueue(p)
	} else {
		l.DeliverNetworkPacket(p.NetworkProtocolNumber, p)
	}
}

// DeliverNetworkPacket implements stack.NetworkDispatcher for the coalescer.
func (l *link) DeliverNetworkPacket(protocol tcpip.NetworkProtocolNumber, p *stack.PacketBuffer) {
	l.checked.Store(p.RXChecksumValidated)
	l.dispatcher.DeliverNetworkPacket(protocol, p)
}

// DeliverLinkPacket implements stack.NetworkDispatcher.
func (l *link) DeliverLinkPacket(protocol tcpip.NetworkProtocolNumber, p *stack.PacketBuffer) {
	l.dispatcher.DeliverLinkPacket(protocol, p)
}
