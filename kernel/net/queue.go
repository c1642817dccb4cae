package net

import (
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// An unqueued hands packets to a link as they come. It is what the stack does by itself, but that allocates
// a list for each packet.
type unqueued struct {
	link  stack.LinkWriter
	lists sync.Pool
}

// optionsFor are the options of an interface with a name and a link.
func optionsFor(name string, link stack.LinkWriter) stack.NICOptions {
	q := &unqueued{link: link}
	q.lists.New = func() any { return new(stack.PacketBufferList) }
	return stack.NICOptions{Name: name, QDisc: q}
}

// WritePacket implements stack.QueueingDiscipline. Links do not keep the list.
func (q *unqueued) WritePacket(p *stack.PacketBuffer) tcpip.Error {
	list := q.lists.Get().(*stack.PacketBufferList)
	p.IncRef() // for Reset
	list.PushBack(p)
	_, err := q.link.WritePackets(*list)
	list.Reset()
	q.lists.Put(list)
	return err
}

// Close implements stack.QueueingDiscipline.
func (q *unqueued) Close() {}
