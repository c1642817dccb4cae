package router

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// A frame on the cable comes after its length, four bytes with the highest first (QEMU, net/net.c:
// net_fill_rstate).
const (
	lengthSize = 4
	mtu        = 1500
	// queueLength is how many frames may wait for the machine; what comes then is lost, and sent again.
	queueLength = 4096
	// batchSize is how many bytes of frames are written at once, and read.
	batchSize = 64 << 10
)

// receive takes what the machine sends, until the cable is unplugged.
func (r *Router) receive(cable io.Reader) error {
	in := bufio.NewReaderSize(cable, batchSize)
	var length [lengthSize]byte
	for {
		if _, err := io.ReadFull(in, length[:]); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		size := binary.BigEndian.Uint32(length[:])
		if size > mtu+header.EthernetMinimumSize {
			return fmt.Errorf("the machine has sent a frame of %d bytes", size)
		}
		frame := make([]byte, size)
		if _, err := io.ReadFull(in, frame); err != nil {
			return err
		}
		r.learn(frame)
		if packet := echoOf(frame); packet != nil {
			r.echo(packet)
			continue
		}
		packet := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(frame)})
		r.link.InjectInbound(0, packet) // ethernet.Endpoint finds the protocol
		packet.DecRef()
	}
}

// learn notes the machine's link address.
func (r *Router) learn(frame []byte) {
	if len(frame) < header.EthernetMinimumSize {
		return
	}
	source := header.Ethernet(frame).SourceAddress()
	if was := r.machine.Load(); was == nil || *was != source {
		r.machine.Store(&source)
	}
}

// send writes what is for the machine, until the cable is unplugged or the router is closed.
func (r *Router) send(cable net.Conn) {
	batch := make([]byte, 0, 2*batchSize)
	for {
		packet := r.link.ReadContext(r.ctx)
		if packet == nil {
			return
		}
		for batch = batch[:0]; packet != nil; packet = r.link.Read() {
			batch = binary.BigEndian.AppendUint32(batch, uint32(packet.Size()))
			for _, part := range packet.AsSlices() {
				batch = append(batch, part...)
			}
			packet.DecRef()
			if len(batch) >= batchSize {
				break
			}
		}
		if _, err := cable.Write(batch); err != nil {
			return
		}
	}
}
