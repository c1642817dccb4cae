//go:build ringo

package runtime

// What was read and written is counted by each m for itself, without a barrier: code of this package is not preempted, and
// nobody else writes to the counters.

import (
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/machine"
)

//go:linkname machine_CountRead github.com/ringo-os/ringo/kernel/machine.CountRead
//go:nosplit
func machine_CountRead(n int) {
	mp := getg().m
	mp.transfers.Reads++
	mp.transfers.ReadBytes += uint64(n)
}

//go:linkname machine_CountWrite github.com/ringo-os/ringo/kernel/machine.CountWrite
//go:nosplit
func machine_CountWrite(n int) {
	mp := getg().m
	mp.transfers.Writes++
	mp.transfers.WrittenBytes += uint64(n)
}

// finished is what ms have counted that have ended.
var finished struct {
	lock      mutex
	transfers machine.Transfers
}

// keepTransfers adds what mp, which ends, has counted to what is finished.
func keepTransfers(mp *m) {
	lock(&finished.lock)
	finished.transfers.Add(&mp.transfers)
	mp.transfers = machine.Transfers{}
	unlock(&finished.lock)
}

//go:linkname machine_CountedTransfers github.com/ringo-os/ringo/kernel/machine.CountedTransfers
func machine_CountedTransfers(t *machine.Transfers) {
	lock(&finished.lock)
	*t = finished.transfers
	for mp := (*m)(atomic.Loadp(unsafe.Pointer(&allm))); mp != nil; mp = mp.alllink {
		t.Add(&mp.transfers)
	}
	unlock(&finished.lock)
}
