//go:build !ringo

package machine

import (
	"crypto/rand"
	"sync"
	"time"
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/drivers/acpi"
	"github.com/ringo-os/ringo/drivers/pci/survey"
	"github.com/ringo-os/ringo/kernel/early/call"
)

// The host's twins, for unit tests of what runs on top. A test that needs more replaces the
// variables.
var (
	// OnReady sees every call of Ready.
	OnReady = func(token uintptr, readable, writable bool) {}
	// OnSignal sees every call of RaiseSignal.
	OnSignal = func(signal uint32) (handled bool) { return true }
	// OnBarrier sees every call of Barrier.
	OnBarrier = func() {}
	// OnAccessible answers Accessible.
	OnAccessible = func(address, size uintptr, write bool) bool { return address >= 4096 }
	// OnBeforeExit is what BeforeExit was given, OnExit what AtExit was.
	OnBeforeExit func()
	OnExit       func()
	// OnTakeOutput answers TakeOutput.
	OnTakeOutput = func(p []byte) (n int, lost uint64) { return 0, 0 }
	// OnLastWords is what LastWords was given.
	OnLastWords func()
	// OnPanicText is what OnPanic was given, OnReadyKernel what WhenReady was.
	OnPanicText   func([]byte)
	OnReadyKernel func()
	// Output collects what is written to the console.
	Output = func(p []byte) {}

	started = time.Now()
	info    boot.Info
	console Source

	commandLine boot.CommandLine
	firmware    acpi.Machine
)

func Boot() *boot.Info { return &info }

func CommandLine() *boot.CommandLine { return &commandLine }

func Firmware() *acpi.Machine { return &firmware }

func PCI() *survey.Survey { return new(survey.Survey) }

func ISARoute(irq uint8) (gsi uint32, level, activeLow bool) { return uint32(irq), false, false }

func BeginWait() {}

func EndWait() {}

func AllocateDMA(size uintptr) (memory unsafe.Pointer, physical uint64) {
	block := make([]byte, size+4096)
	base := uintptr(unsafe.Pointer(&block[0]))
	offset := -base & 4095
	p := unsafe.Pointer(&block[offset])
	return p, uint64(uintptr(p))
}

func DirectMap(physical uint64) unsafe.Pointer               { return nil }
func MapDevice(physical uint64, size uintptr) unsafe.Pointer { return nil }

// StackWord takes what is less than stackSize away for what is in the same stack.
func StackWord(p unsafe.Pointer) (word uintptr, target unsafe.Pointer) {
	if word = *(*uintptr)(p); word-uintptr(p)+stackSize < 2*stackSize {
		target = *(*unsafe.Pointer)(p)
	}
	return word, target
}

const stackSize = 64 << 10

func Accessible(address, size uintptr, write bool) bool             { return OnAccessible(address, size, write) }
func FreedSource() *Source                                          { return &console }
func TakeFree() (physical uint64, ok bool)                          { return 0, false }
func GiveTold(physical uint64)                                      {}
func AllocateVector() (vector uint8)                                { return 0 }
func MSI(vector uint8) (address uint64, data uint32)                { return 0, 0 }
func RouteInterrupt(gsi uint32, vector uint8, level, low bool) bool { return false }
func Register(s *Source)                                            {}
func waitSource(s *Source)                                          { select {} }
func Ready(token uintptr, readable, writable bool)                  { OnReady(token, readable, writable) }

func SetPollHooks(open func(fd int32, token uintptr) (errno uintptr), close func(fd int32) (errno uintptr)) {
}

func SetSystemCall(dispatch func(number uintptr, a *call.Arguments) (result, errno uintptr), quick bool) {
}

func ConsoleWrite(p []byte)                         { Output(p) }
func ConsoleRead(p []byte) int                      { return 0 }
func ConsoleSource() *Source                        { return &console }
func BeforeExit(f func())                           { OnBeforeExit = f }
func AtExit(f func())                               { OnExit = f }
func LastWords(f func())                            { OnLastWords = f }
func OnPanic(f func(text []byte))                   { OnPanicText = f }
func WhenReady(f func())                            { OnReadyKernel = f }
func TapOutput(ring []byte) *Source                 { return &console }
func TakeOutput(p []byte) (n int, lost uint64)      { return OnTakeOutput(p) }
func Print(p []byte)                                { Output(p) }
func Exit(status int32)                             { panic("machine.Exit on the host") }
func SetWallClock(seconds int64, nanoseconds int32) {}
func Entropy(p []byte) int                          { n, _ := rand.Read(p); return n }
func Uptime() int64                                 { return int64(time.Since(started)) }
func RaiseSignal(signal uint32) (handled bool)      { return OnSignal(signal) }
func ThreadID() int                                 { return 1 }
func HasThread(id int) bool                         { return id == 1 }
func CountRead(n int)                               { countTransfers(Transfers{Reads: 1, ReadBytes: uint64(n)}) }
func CountWrite(n int)                              { countTransfers(Transfers{Writes: 1, WrittenBytes: uint64(n)}) }
func CurrentCore() (id, node int)                   { return 0, 0 }
func Barrier()                                      { OnBarrier() }
func NodeOf(physical uint64) int                    { return 0 }
func NodeStatistics(node int, s *NodeStats)         { *s = NodeStats{TotalPages: 1, Cores: 1} }
func Statistics(s *Stats)                           { *s = Stats{Cores: 1} }

// NextThread: there is one thread.
func NextThread(after int) (id int) {
	if after < 1 {
		return 1
	}
	return 0
}

var transfers struct {
	mu  sync.Mutex
	all Transfers
}

func countTransfers(t Transfers) {
	transfers.mu.Lock()
	defer transfers.mu.Unlock()
	transfers.all.Add(&t)
}

// CountedTransfers fills t with what was counted.
func CountedTransfers(t *Transfers) {
	transfers.mu.Lock()
	defer transfers.mu.Unlock()
	*t = transfers.all
}
