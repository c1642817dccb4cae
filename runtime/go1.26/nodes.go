//go:build ringo

package runtime

// Which memory is near to which core (NUMA).

import (
	_ "unsafe" // for linkname

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/frame"
	"github.com/ringo-os/ringo/kernel/early/thread"
	"github.com/ringo-os/ringo/kernel/machine"
)

// startNodes tells the frame allocator of the nodes that the firmware tells of. Only the boot core runs; what
// was allocated up to now is where it is.
func startNodes() {
	bootCore.memory.Node = firmware.NodeOf(bootAPIC)
	frames.SetNodes(&firmware.Nodes, askingCore)
	frames.AddCore(&bootCore.memory)
}

// askingCore is the core that allocates or frees. Interrupts are off.
func askingCore() *frame.Core { return &thisCore().memory }

//go:linkname machine_CurrentCore github.com/ringo-os/ringo/kernel/machine.CurrentCore
func machine_CurrentCore() (id, node int) {
	systemstack(func() {
		flags := cpu.SaveAndDisable()
		c := thisCore()
		id, node = int(c.scheduler.ID), int(c.memory.Node)
		cpu.Restore(flags)
	})
	return id, node
}

//go:linkname machine_NodeOf github.com/ringo-os/ringo/kernel/machine.NodeOf
func machine_NodeOf(physical uint64) int { return int(frames.NodeOf(physical)) }

//go:linkname machine_NodeStatistics github.com/ringo-os/ringo/kernel/machine.NodeStatistics
func machine_NodeStatistics(node int, s *machine.NodeStats) {
	systemstack(func() { nodeStatistics(uint8(node), s) })
}

func nodeStatistics(node uint8, s *machine.NodeStats) {
	flushStale() // what is collected is free, and in no node's count
	flags := memoryLock.lock()
	*s = machine.NodeStats{}
	s.TotalPages, s.FreePages = frames.NodeFrames(node)
	for id := range thread.Count() {
		if coreOf(thread.Get(id)).memory.Node == node {
			s.Cores |= 1 << id
		}
	}
	memoryLock.unlock(flags)
}
