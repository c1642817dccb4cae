//go:build amd64

package virtio

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/machine"
)

// Interrupt handlers follow pointers to sources, so sources are no heap objects.
var (
	sources     [64]machine.Source
	sourcesUsed atomic.Int32
)

// newSource prepares the announcement of q: the netpoller watches the used ring's index, and asks
// for an interrupt before a core halts.
func newSource(q *Queue) (*machine.Source, error) {
	i := sourcesUsed.Add(1) - 1
	if int(i) >= len(sources) {
		return nil, fmt.Errorf("more than %d virtqueues have interrupts", len(sources))
	}
	vector := machine.AllocateVector()
	if vector == 0 {
		return nil, fmt.Errorf("no interrupt vector is left for a virtqueue")
	}
	s := &sources[i]
	q.Announce(s)
	s.Vector = vector
	return s, nil
}

// Announce makes s the announcement of q; for transports.
func (q *Queue) Announce(s *machine.Source) {
	q.source = s
	s.Index = (*uint16)(unsafe.Add(q.used, usedIndex))
	s.EventIndex = q.eventIndex
	if q.eventIndex {
		s.Arm = (*uint16)(q.usedEvent())
	} else {
		s.Arm = (*uint16)(unsafe.Add(q.available, availableFlags))
	}
}
