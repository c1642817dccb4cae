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

	session session // whose terminal it is, at first

	log *syslog.Log // nil for none
}

func newTerminal(log *syslog.Log) *terminal {
	t := &terminal{size: windowSize{rows: 24, columns: 80}, log: log}
	t.discipline = newDiscipline(machine.ConsoleWrite, linux.RaiseSignal)
	t.discipline.settings.input |= inputUTF8
	t.discipline.backspace = true
	t.session.console = t
	return t
}

// open opens the terminal by the name e.
func (t *terminal) open(e *fs.Entry, flags int) (file.File, syscall.Errno) {
	var st syscall.Stat_t
	if e.Node().Status(&st); st.Rdev == controllingTerminal {
		return t.session.open(e, flags)
	}
	return t.file(e), 0
}

func (t *terminal) file(e *fs.Entry) *terminalFile {
	return &terminalFile{terminal: t, entry: func() *fs.Entry { return e }, held: e, log: t.log.Output()}
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

func (f *terminalFile) ControlSize(request uint32) (size int, known bool) {
	return terminalArgument(request)
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
		f.size.marshal(argument)
	case tiocswinsz:
		f.size.unmarshal(argument)
	case tiocgpgrp, tiocgsid, tiocspgrp:
		switch {
		case !f.session.controls(nil):
			return 0, syscall.ENOTTY
		case request == tiocspgrp:
			return 0, checkGroup(argument)
		}
		copy(argument, []byte{processID, 0, 0, 0})
	case fionread:
		n := f.discipline.waiting()
		copy(argument, []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
	}
	return 0, 0
}

// Command: see file.Commander. What was written is on the console already.
func (f *terminalFile) Command(request uint32, value uintptr) (errno syscall.Errno, known bool) {
	switch request {
	case tiocsctty:
		return f.session.enter(nil), true
	case tiocnotty:
		return f.session.leave(nil), true
	case tcsbrk:
		return 0, true
	case tcflsh:
		f.mu.Lock()
		defer f.mu.Unlock()
		return flush(value, f.discipline.flush), true
	}
	return 0, false
}
