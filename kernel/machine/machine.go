// Package machine is what late kernel code (files, sockets, devices: ordinary Go on goroutines)
// may ask of the layers below it. It is the only door between the two: the bodies of its functions
// (machine_ringo.go) are in the runtime's OS layer. Host unit tests get the twins in machine_host.go.
package machine

import "unsafe"

// A Source is a device queue that can have something for the program. The netpoller looks at it on
// every pass; before an idle core halts it arms the device's interrupt. Sources live for ever and
// must be allocated outside the heap or kept in a package variable: interrupt handlers follow them.
type Source struct {
	// Index is the used ring's idx as the device writes it (VIRTIO 1.2, 2.7.8), nil for a source
	// that only an interrupt can announce.
	Index *uint16
	// Seen is the value of Index up to which the driver has consumed. The driver stores it
	// atomically; the low 16 bits count.
	Seen uint32
	// Arm is where the driver tells the device when to interrupt: the used_event field of the
	// available ring with EventIndex, else its flags field (0 on, 1 off). Nil: always armed.
	Arm        *uint16
	EventIndex bool
	// Status and Acknowledge are a virtio-mmio device's InterruptStatus and InterruptACK registers
	// (VIRTIO 1.2, 4.2.2), nil for devices on MSI-X.
	Status      unsafe.Pointer
	Acknowledge unsafe.Pointer
	// StatusPort is the I/O port of a 16-bit register that says what happened, and whose bits are cleared by
	// writing them; they are collected in Bits. 0: none.
	StatusPort uint16
	Bits       uint32
	// Vector is the interrupt vector, from AllocateVector.
	Vector uint8

	// Below belongs to the runtime.

	// Raised is 1 when an interrupt announced something that Wait has not returned for yet.
	Raised uint32
	// Waiter is the goroutine that waits: 0 for none, else a *g or a mark of the runtime's.
	Waiter uintptr
	// Next and NextOnVector link all sources, and those of the same vector.
	Next, NextOnVector *Source
}

// Wait parks the calling goroutine until s has something: Index differs from Seen, or its interrupt
// was raised since the last Wait returned. Only one goroutine may wait for a source.
func (s *Source) Wait() { waitSource(s) }

// FreePage is how much TakeFree takes.
const FreePage = 2 << 20

// NodeStats is what a NUMA node has. There is a bit for each core.
type NodeStats struct {
	TotalPages, FreePages uint64
	Cores                 uint64
}

// Stats is what the machine has counted, for /proc.
type Stats struct {
	TotalPages     uint64 // 4 KiB frames given to the frame allocator at boot
	FreePages      uint64
	PageTablePages uint64
	Cores          int
	TSCHertz       uint64
	BootTSC        uint64 // the counter at the kernel's first instruction
	IdleNanos      int64
	Interrupts     uint64
	Preemptions    uint64
	Threads        int
	ContextSwitch  uint64
}

// Transfers is what system calls have read and written, and how many calls have.
type Transfers struct{ Reads, ReadBytes, Writes, WrittenBytes uint64 }

// Add adds what others is to t.
func (t *Transfers) Add(others *Transfers) {
	t.Reads += others.Reads
	t.ReadBytes += others.ReadBytes
	t.Writes += others.Writes
	t.WrittenBytes += others.WrittenBytes
}
