//go:build ringo

package machine

import (
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/drivers/acpi"
	"github.com/ringo-os/ringo/drivers/pci/survey"
	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/early/paging"
	"github.com/ringo-os/ringo/kernel/early/space"
)

// Boot returns what the boot protocol said about the machine; it does not change any more.
//
//go:linkname Boot
func Boot() *boot.Info

// CommandLine returns the kernel command line.
//
//go:linkname CommandLine
func CommandLine() *boot.CommandLine

// Firmware returns what ACPI says: virtio-mmio devices, I/O APICs, cores.
//
//go:linkname Firmware
func Firmware() *acpi.Machine

// PCI returns what is on the PCI buses.
//
//go:linkname PCI
func PCI() *survey.Survey

// ISARoute returns the global system interrupt that an ISA interrupt is wired to.
//
//go:linkname ISARoute
func ISARoute(irq uint8) (gsi uint32, level, activeLow bool)

// BeginWait and EndWait bracket the parking of a goroutine that something from outside the program
// (a packet, a key) can wake: while there is one, the runtime does not take the program for
// deadlocked, and looks at the devices. Waits through the netpoller are counted by themselves.
//
//go:linkname BeginWait
func BeginWait()

//go:linkname EndWait
func EndWait()

// AllocateDMA returns size bytes of zeroed, physically contiguous, page-aligned memory outside
// Go's heap and its physical address; nil when no such run is free. The memory is never freed.
//
//go:linkname AllocateDMA
func AllocateDMA(size uintptr) (memory unsafe.Pointer, physical uint64)

// DirectMap returns where physical memory (RAM or what firmware put there) can be read and written.
//
//go:linkname DirectMap
func DirectMap(physical uint64) unsafe.Pointer

// MapDevice returns an uncached mapping of size bytes of device registers at a physical address.
//
//go:linkname MapDevice
func MapDevice(physical uint64, size uintptr) unsafe.Pointer

// StackWord returns the word at p, which is in the calling goroutine's stack. If it is the address of a place in that
// stack as well, it is also returned as a pointer, which moves with it; else target is nil: as a pointer the collector
// could find it to be a bad one.
//
//go:linkname StackWord
func StackWord(p unsafe.Pointer) (word uintptr, target unsafe.Pointer)

// Accessible reports whether all of [address, address+size) is memory of the runtime's that the program may read, and
// write if write is set. It stays there while the kernel uses it; what the program has mapped does not, see Mapped. It is
// what system calls check their pointer arguments with.
//
//go:linkname Accessible
func Accessible(address, size uintptr, write bool) bool

// Mapped reports whether the byte at address is in memory that the program has mapped. Such memory is
// not touched by the kernel itself, as it can go at any time: CopyMemory does that.
//
//go:linkname Mapped
func Mapped(address uintptr) bool

// CopyMemory copies between buffer and the program's memory at address, to the latter if write is set,
// as far as the program could access it, and returns how many bytes.
//
//go:linkname CopyMemory
//go:noescape
func CopyMemory(buffer []byte, address uintptr, write bool) int

// MapMemory, UnmapMemory, ProtectMemory, MoveMemory, DropMemory, SetSmallPages, CollapseMemory, TouchMemory and
// CheckMemory change the address space, see the methods of space.Space; of these there is one call at
// a time.
//
//go:linkname MapMemory
func MapMemory(r space.Region, size uint64, where space.Where) (start uint64, e space.Errno)

//go:linkname UnmapMemory
func UnmapMemory(start, end uint64) space.Errno

//go:linkname ProtectMemory
func ProtectMemory(start, end uint64, rights space.Rights) space.Errno

//go:linkname MoveMemory
func MoveMemory(start, old, size uint64, may bool, target uint64) (at uint64, e space.Errno)

//go:linkname DropMemory
func DropMemory(start, end uint64) space.Errno

//go:linkname SetSmallPages
func SetSmallPages(start, end uint64, small bool) space.Errno

//go:linkname CollapseMemory
func CollapseMemory(start, end uint64) space.Errno

//go:linkname TouchMemory
func TouchMemory(start, end uint64, access space.Rights) space.Errno

//go:linkname CheckMemory
func CheckMemory(start, end uint64) space.Errno

// ResidentMemory reports whether there is memory at a page.
//
//go:linkname ResidentMemory
func ResidentMemory(page uint64) (resident bool, e space.Errno)

// Image returns the physical address of the first byte of the image, as the boot loader has put it there, and the
// part of it that is used for other things by now.
//
//go:linkname Image
func Image() (start uint64, hole boot.Range)

// NextRegion returns the first region of the address space that ends above address.
//
//go:linkname NextRegion
func NextRegion(address uint64) (r space.Region, ok bool)

// NextMapping returns the first mapping in the page tables that ends above address. To visit all, go on
// with the end of each until that is 0.
//
//go:linkname NextMapping
func NextMapping(address uint64) (m paging.Mapping, ok bool)

// NewObject returns memory of size bytes that can be mapped more than once, and shows base where nothing
// else was written; nil if there is no room for it.
//
//go:linkname NewObject
func NewObject(size uint64, base []byte) *space.Object

// FreeObject gives an object back that is not mapped.
//
//go:linkname FreeObject
func FreeObject(o *space.Object)

// IdleObject returns an object that was mapped and is not any more, nil if there is no other.
//
//go:linkname IdleObject
func IdleObject() *space.Object

// ObjectPage returns the page of o at offset; without one it makes it if make is set and there is memory,
// and returns nil otherwise.
//
//go:linkname ObjectPage
func ObjectPage(o *space.Object, offset uint64, make bool) unsafe.Pointer

// NextObjectPage returns the offset of the first page that o has at offset or behind it.
//
//go:linkname NextObjectPage
func NextObjectPage(o *space.Object, offset uint64) (next uint64, ok bool)

// ObjectPages returns how many pages o has.
//
//go:linkname ObjectPages
func ObjectPages(o *space.Object) uint64

// ResizeObject makes o size bytes long, of which at most the first base show its base.
//
//go:linkname ResizeObject
func ResizeObject(o *space.Object, size, base uint64)

// RemoveFromObject takes the pages [from, to) out of o.
//
//go:linkname RemoveFromObject
func RemoveFromObject(o *space.Object, from, to uint64)

// FreedSource has something when much memory was freed: then TakeFree may find some.
//
//go:linkname FreedSource
func FreedSource() *Source

// TakeFree returns the physical address of FreePage bytes of memory that are free, and that a hypervisor
// does not know to be. Nobody else gets them until GiveTold gives them back.
//
//go:linkname TakeFree
func TakeFree() (physical uint64, ok bool)

//go:linkname GiveTold
func GiveTold(physical uint64)

// AllocateVector reserves an interrupt vector, 0 when all are taken.
//
//go:linkname AllocateVector
func AllocateVector() (vector uint8)

// MSI returns the address and data of a message-signalled interrupt that raises vector here.
//
//go:linkname MSI
func MSI(vector uint8) (address uint64, data uint32)

// RouteInterrupt makes the I/O APIC's global system interrupt gsi raise vector; false when no I/O
// APIC has that input.
//
//go:linkname RouteInterrupt
func RouteInterrupt(gsi uint32, vector uint8, level, activeLow bool) bool

// Register makes the netpoller look after s. Called once per source.
//
//go:linkname Register
func Register(s *Source)

//go:linkname waitSource
func waitSource(s *Source)

// Ready tells the netpoller that the descriptor which was opened with token is readable or
// writable (or both), and so makes the goroutines that wait for it runnable. A token whose
// descriptor was closed meanwhile is ignored. It does not block, and may be called with locks held.
//
//go:linkname Ready
func Ready(token uintptr, readable, writable bool)

// SetPollHooks installs what internal/poll's registration of a descriptor calls. open returns 0 or
// an errno (EPERM: this kind of file never blocks).
//
//go:linkname SetPollHooks
func SetPollHooks(open func(fd int32, token uintptr) (errno uintptr), close func(fd int32) (errno uintptr))

// SetSystemCall installs the late kernel's system-call dispatcher. Until then only the few calls
// that package os makes while it initialises are answered. If quick is set, the runtime goes on to answer
// some by itself (runtime/go1.26/quick.go), which dispatch does not see.
//
//go:linkname SetSystemCall
func SetSystemCall(dispatch func(number uintptr, a *call.Arguments) (result, errno uintptr), quick bool)

// ConsoleWrite writes to the console, straight and unbuffered; ConsoleRead takes what has been typed
// (0: nothing now); ConsoleSource announces input.
//
//go:linkname ConsoleWrite
func ConsoleWrite(p []byte)

//go:linkname ConsoleRead
func ConsoleRead(p []byte) int

//go:linkname ConsoleSource
func ConsoleSource() *Source

// Exit reports status to the host and powers the machine off.
//
//go:linkname Exit
func Exit(status int32)

// BeforeExit makes f run when the program ends: by os.Exit, by the return of main, by exit_group or by a panic
// that nobody recovers. F is ordinary Go, on the goroutine that ends the program, while the others go on. It
// does not run where the runtime gives up: in a deadlock, after a fatal error, for a signal. It may be called
// by several goroutines at the same time, must not panic, and is set once.
//
//go:linkname BeforeExit
func BeforeExit(f func())

// AtExit makes f run before the machine goes off, whyever that is. F runs on a system stack and may be
// without a P: it must neither allocate nor take a lock, and says what it has to say with Print.
//
//go:linkname AtExit
func AtExit(f func())

// LastWords makes f run when the runtime has given up and said why, which TakeOutput has: after a fatal error, for a
// signal that shows all goroutines. It does not after a panic, which OnPanic tells of. F runs as what AtExit is given
// does, once; it must store no pointer either, as nobody may do the collector's work for that. It is set once.
//
//go:linkname LastWords
func LastWords(f func())

// OnPanic makes f be told the text of a panic that nobody recovers, before it is printed and before what
// BeforeExit was given runs, on the same goroutine. F is ordinary Go, must not panic, and is set once.
//
//go:linkname OnPanic
func OnPanic(f func(text []byte))

// WhenReady makes f run when all of the kernel is initialised, before the program is. It is set once.
//
//go:linkname WhenReady
func WhenReady(f func())

// TapOutput keeps what the runtime itself writes to the console from now on (print and println, what GODEBUG
// asks for) in ring, as far as there is room, until TakeOutput takes it. The source has something then. It is
// called once.
//
//go:linkname TapOutput
func TapOutput(ring []byte) *Source

// TakeOutput moves what was kept to p, and returns how many bytes that are, and how many had found no room.
//
//go:linkname TakeOutput
func TakeOutput(p []byte) (n int, lost uint64)

// Print writes to the console as the runtime's own messages do: at once, whoever calls it.
//
//go:linkname Print
func Print(p []byte)

// SetWallClock sets the wall clock to seconds and nanoseconds since 1970. The monotonic clock does
// not move.
//
//go:linkname SetWallClock
func SetWallClock(seconds int64, nanoseconds int32)

// Entropy fills p with numbers from the processor's generator (0 when it has none) and returns how
// many bytes it filled.
//
//go:linkname Entropy
func Entropy(p []byte) int

// Uptime returns the monotonic clock: nanoseconds since the kernel's clock started.
//
//go:linkname Uptime
func Uptime() int64

// RaiseSignal delivers a signal to the program as if another process had sent it, and reports whether the program did
// not ignore it. Package linux asks for it, which knows what is blocked.
//
//go:linkname RaiseSignal
func RaiseSignal(signal uint32) (handled bool)

// ThreadID returns the number of the thread that the calling goroutine is on, 1 for the first.
//
//go:linkname ThreadID
func ThreadID() int

// HasThread reports whether there is a thread with a number.
//
//go:linkname HasThread
func HasThread(id int) bool

// NextThread returns the lowest number of a thread that is above after, 0 if there is none.
//
//go:linkname NextThread
func NextThread(after int) (id int)

// CountRead and CountWrite count a system call that has read or written n bytes.
//
//go:linkname CountRead
func CountRead(n int)

//go:linkname CountWrite
func CountWrite(n int)

// CountedTransfers fills t with what was counted.
//
//go:linkname CountedTransfers
func CountedTransfers(t *Transfers)

// CurrentCore returns the number and the NUMA node of the core that the caller was on.
//
//go:linkname CurrentCore
func CurrentCore() (id, node int)

// Barrier returns when every other core that runs the program has gone through a full memory barrier, and executes no code
// that it has fetched before.
//
//go:linkname Barrier
func Barrier()

// NodeOf returns the node that the memory at a physical address is in.
//
//go:linkname NodeOf
func NodeOf(physical uint64) int

// NodeStatistics counts what a node has.
//
//go:linkname NodeStatistics
func NodeStatistics(node int, s *NodeStats)

// Statistics fills s.
//
//go:linkname Statistics
func Statistics(s *Stats)
