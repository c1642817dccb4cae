package net

import (
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// A counter is a link that counts packets.
type counter struct{ packets int }

func (c *counter) WritePackets(list stack.PacketBufferList) (int, tcpip.Error) {
	c.packets += list.Len()
	return list.Len(), nil
}

func TestUnqueued(t *testing.T) {
	c := &counter{}
	q := optionsFor("test", c).QDisc
	p := stack.NewPacketBuffer(stack.PacketBufferOptions{})
	allocations := testing.AllocsPerRun(100, func() {
		if err := q.WritePacket(p); err != nil {
			t.Fatal(err)
		}
	})
	if c.packets != 101 || p.ReadRefs() != 1 {
		t.Errorf("%d packets, and the last has %d references", c.packets, p.ReadRefs())
	}
	if allocations != 0 {
		t.Errorf("a packet takes %v allocations", allocations)
	}
	p.DecRef()
}
