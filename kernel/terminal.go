package kernel

import (
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/linux"
	"github.com/ringo-os/ringo/kernel/machine"
	"github.com/ringo-os/ringo/kernel/syslog"
)

// A terminal is the console as programs see it: what is typed goes through a line discipline.
// Writing goes straight through, and the terminal at the other end turns newlines into what it
// needs.
type terminal struct {
	file.Watchers // told while mu is held

	mu         sync.Mutex
	discipline discipline
	size       windowSize
	// absent means that there is nobody to type: the console's input is a pipe.
	absent bool

	printing sync.Mutex // what one call writes stays together

	log *syslog.Log // nil for none
}

// windowSize is struct winsize.
type windowSize struct{ rows, columns, width, height uint16 }

func newTerminal(log *syslog.Log) *terminal {
	t := &terminal{size: windowSize{rows: 24, columns: 80}, log: log}
	t.discipline = newDiscipline(machine.ConsoleWrite, linux.RaiseSignal)
	return t
}

// open opens the terminal by the name e.
func (t *terminal) open(e *fs.Entry, flags int) (file.File, syscall.Errno) {
	var st syscall.Stat_t
	if e.Node().Status(&st); t.absent && st.Rdev == controllingTerminal {
		return nil, syscall.ENXIO
	}
	return &terminalFile{terminal: t, entry: func() *fs.Entry { return e }, held: e, log: t.log.Output()}, 0
}

// controllingTerminal is the device number of /dev/tty.
const controllingTerminal = 5 << 8

// print writes to the console.
func (t *terminal) print(p []byte) {
	t.printing.Lock()
	defer t.printing.Unlock()
	machine.ConsoleWrite(p)
}

// receive takes what is typed, for ever.
func (t *terminal) receive() {
	var typed [256]byte
	for {
		n := machine.ConsoleRead(typed[:])
		if n == 0 {
			machine.ConsoleSource().Wait()
			continue
		}
		t.typed(typed[:n])
	}
}

// typed handles what was typed.
func (t *terminal) typed(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.discipline.receive(p)
	if t.discipline.readable() {
		t.Notify(file.Readable)
	}
}

// A terminalFile is the terminal, opened.
type terminalFile struct {
	*terminal
	entry func() *fs.Entry // who asks looks for a file
	held  *fs.Entry        // the name that it was opened by; nil for standard input and its like
	log   *syslog.Stream   // gets what is written, too; nil for nobody
}

func (f *terminalFile) Entry() *fs.Entry { return f.entry() }

func (f *terminalFile) Read(p []byte) (int, syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.absent {
		return 0, 0
	}
	return f.discipline.read(p)
}

func (f *terminalFile) Write(p []byte) (int, syscall.Errno) {
	f.print(p)
	f.log.Write(p)
	return len(p), 0
}

func (f *terminalFile) Status(st *syscall.Stat_t) syscall.Errno {
	f.entry().Node().Status(st)
	return 0
}

func (f *terminalFile) Ready() file.Events {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.discipline.readable() || f.absent {
		return file.Readable | file.Writable
	}
	return file.Writable
}

func (f *terminalFile) Close() syscall.Errno {
	if f.held != nil {
		f.held.Release()
	}
	return 0
}

// Requests of ioctl(2) for terminals.
const (
	tcgets     = 0x5401
	tcsets     = 0x5402
	tcsetsw    = 0x5403
	tcsetsf    = 0x5404
	tcsbrk     = 0x5409
	tcflsh     = 0x540b
	tiocgpgrp  = 0x540f
	tiocspgrp  = 0x5410
	tiocgwinsz = 0x5413
	tiocswinsz = 0x5414
	fionread   = 0x541b
)

func (f *terminalFile) ControlSize(request uint32) (size int, known bool) {
	switch request {
	case tcgets, tcsets, tcsetsw, tcsetsf:
		return settingsSize, true
	case tiocgwinsz, tiocswinsz:
		return 8, true
	case tiocgpgrp, tiocspgrp, fionread:
		return 4, true
	case tcsbrk, tcflsh:
		return 0, true
	}
	return 0, false
}

func (f *terminalFile) Control(request uint32, argument []byte) (uintptr, syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch request {
	case tcgets:
		f.discipline.settings.marshal(argument)
	case tcsetsf:
		f.discipline.flush()
		fallthrough
	case tcsets, tcsetsw:
		f.discipline.set(argument)
		if f.discipline.readable() {
			f.Notify(file.Readable)
		}
	case tiocgwinsz:
		for i, v := range []uint16{f.size.rows, f.size.columns, f.size.width, f.size.height} {
			argument[2*i], argument[2*i+1] = byte(v), byte(v>>8)
		}
	case tiocswinsz:
		for i, v := range []*uint16{&f.size.rows, &f.size.columns, &f.size.width, &f.size.height} {
			*v = uint16(argument[2*i]) | uint16(argument[2*i+1])<<8
		}
	case tiocgpgrp:
		copy(argument, []byte{1, 0, 0, 0})
	case fionread:
		n := f.discipline.waiting()
		copy(argument, []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
	case tcflsh:
		f.discipline.flush()
	}
	return 0, 0
}
