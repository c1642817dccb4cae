package kernel

import (
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/machine"
	"github.com/ringo-os/ringo/kernel/syslog"
)

// A pipeInput is the console's input where the other end is a pipe: what comes is data, byte for byte,
// but for the few that boot.Pipes names.
type pipeInput struct {
	file.Watchers // told while mu is held

	raise func(uint32) // sends a signal
	limit int          // how much waits here to be read; what is more waits at the host

	mu     sync.Mutex
	data   []byte
	quoted bool // the last byte was boot.PipeQuote
	ended  bool
	room   sync.Cond
}

// Bounds of pipeInput.limit, which is a share of the machine's memory.
const (
	pipeLeast = 64 << 10
	pipeMost  = 4 << 20
	pipeShare = 16
)

func newPipeInput(memory int64, raise func(uint32)) *pipeInput {
	p := &pipeInput{raise: raise, limit: int(min(max(memory/pipeShare, pipeLeast), pipeMost))}
	p.room.L = &p.mu
	return p
}

// receive takes what comes, for ever.
func (p *pipeInput) receive() {
	var some [512]byte
	for {
		n := machine.ConsoleRead(some[:])
		if n == 0 {
			machine.ConsoleSource().Wait()
			continue
		}
		p.take(some[:n])
		p.mu.Lock()
		for len(p.data) >= p.limit {
			p.room.Wait()
		}
		p.mu.Unlock()
	}
}

// take handles what has come.
func (p *pipeInput) take(some []byte) {
	p.mu.Lock()
	var signals []syscall.Signal
	for _, b := range some {
		switch {
		case p.quoted:
			p.quoted = false
			p.add(b)
		case b == boot.PipeQuote:
			p.quoted = true
		case b == boot.PipeInterrupt:
			signals = append(signals, syscall.SIGINT)
		case b == boot.PipeTerminate:
			signals = append(signals, syscall.SIGTERM)
		case b == boot.PipeQuit:
			signals = append(signals, syscall.SIGQUIT)
		case b == boot.PipeEnd:
			p.ended = true
		default:
			p.add(b)
		}
	}
	switch {
	case p.ended:
		p.Notify(file.Readable | file.HangUp)
	case len(p.data) > 0:
		p.Notify(file.Readable)
	}
	p.mu.Unlock()
	for _, s := range signals {
		p.raise(uint32(s))
	}
}

func (p *pipeInput) add(b byte) {
	if !p.ended {
		p.data = append(p.data, b)
	}
}

// A pipeFile is one direction of the console, opened, as a pipe. The entry has no name that programs
// could find but through /proc/self/fd.
type pipeFile struct {
	*pipeInput // nil for the output
	entry      *fs.Entry
	output     *terminal      // nil for the input
	log        *syslog.Stream // gets what is written, too; nil for nobody
}

func (f *pipeFile) Entry() *fs.Entry { return f.entry }

func (f *pipeFile) Status(st *syscall.Stat_t) syscall.Errno {
	f.entry.Node().Status(st)
	return 0
}

func (f *pipeFile) Close() syscall.Errno { return 0 }

func (f *pipeFile) Read(b []byte) (int, syscall.Errno) {
	p := f.pipeInput
	if p == nil {
		return 0, syscall.EBADF
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.data) == 0 && !p.ended && len(b) > 0 {
		return 0, syscall.EAGAIN
	}
	n := copy(b, p.data)
	if p.data = p.data[n:]; len(p.data) == 0 {
		p.data = nil // nor its array
	}
	if len(p.data) < p.limit {
		p.room.Signal()
	}
	return n, 0
}

func (f *pipeFile) Write(b []byte) (int, syscall.Errno) {
	if f.output == nil {
		return 0, syscall.EBADF
	}
	f.output.print(b)
	f.log.Write(b)
	return len(b), 0
}

func (f *pipeFile) Ready() file.Events {
	p := f.pipeInput
	if p == nil {
		return file.Writable
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var events file.Events
	if len(p.data) > 0 {
		events |= file.Readable
	}
	if p.ended {
		events |= file.HangUp
	}
	return events
}

func (f *pipeFile) Watch(w *file.Watch) bool {
	if f.output != nil {
		return f.output.Watch(w)
	}
	return f.pipeInput.Watch(w)
}

func (f *pipeFile) Unwatch(w *file.Watch) {
	if f.output != nil {
		f.output.Unwatch(w)
		return
	}
	f.pipeInput.Unwatch(w)
}

func (f *pipeFile) ControlSize(request uint32) (size int, known bool) {
	return 4, request == fionread && f.pipeInput != nil
}

func (f *pipeFile) Control(request uint32, argument []byte) (uintptr, syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.data)
	copy(argument, []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
	return 0, 0
}
