package kernel

import (
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
)

// A pty is a pseudo-terminal (pty(7)): what is written to the master is what is typed, and what programs write to the
// slave, which is their terminal, can be read from the master.
type pty struct {
	number int
	all    *ptys
	master file.Watchers // told while mu is held
	slave  file.Watchers

	mu         sync.Mutex
	discipline discipline
	post       postprocessor
	output     []byte // what the master can read
	size       windowSize
	locked     bool // the slave cannot be opened
	exclusive  bool // not again (TIOCEXCL)
	opens      int  // of the slave
	closed     bool // the slave was open, and is not any more
	gone       bool // the master is closed
}

// outputMax limits what waits for the master, inputMax what waits for the slave.
const (
	outputMax = 64 << 10
	inputMax  = 64 << 10
)

func newPty(number int, all *ptys) *pty {
	p := &pty{number: number, all: all, locked: true}
	p.discipline = newDiscipline(p.echo, p.raise)
	p.discipline.flow = func(on bool) {
		if on {
			p.slave.Notify(file.Writable)
		}
	}
	return p
}

// echo shows what the discipline wants to be seen, if there is room. mu is held.
func (p *pty) echo(b []byte) {
	if len(p.output) < outputMax {
		p.output = p.post.append(p.output, b, p.discipline.settings.output)
		p.master.Notify(file.Readable)
	}
}

// raise sends a signal to those whose terminal this is.
func (p *pty) raise(signal uint32) { p.all.session.raise(p, signal) }

// room is how much can be typed. mu is held.
func (p *pty) room() int { return inputMax - p.discipline.waiting() - len(p.discipline.line) }

// typed takes what is typed.
func (p *pty) typed(b []byte) (int, syscall.Errno) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := min(len(b), p.room())
	if n <= 0 && len(b) > 0 {
		return 0, syscall.EAGAIN
	}
	p.discipline.receive(b[:n])
	if p.discipline.readable() {
		p.slave.Notify(file.Readable)
	}
	return n, 0
}

// shown gives the master what there is.
func (p *pty) shown(b []byte) (int, syscall.Errno) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case len(b) == 0:
		return 0, 0
	case len(p.output) > 0:
		n := copy(b, p.output)
		if p.output = p.output[n:]; len(p.output) == 0 {
			p.output = nil
		}
		p.slave.Notify(file.Writable)
		return n, 0
	case p.closed:
		return 0, syscall.EIO
	}
	return 0, syscall.EAGAIN
}

// read reads what was typed.
func (p *pty) read(b []byte) (int, syscall.Errno) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return 0, 0
	}
	n, errno := p.discipline.read(b)
	p.master.Notify(file.Writable)
	return n, errno
}

// write shows b.
func (p *pty) write(b []byte) (int, syscall.Errno) {
	p.mu.Lock()
	defer p.mu.Unlock()
	room := outputMax - len(p.output)
	switch {
	case p.gone:
		return 0, syscall.EIO
	case len(b) == 0:
		return 0, 0
	case p.discipline.stopped, room <= 0:
		return 0, syscall.EAGAIN
	}
	n := min(len(b), room)
	p.output = p.post.append(p.output, b[:n], p.discipline.settings.output)
	p.master.Notify(file.Readable)
	return n, 0
}

func (p *pty) masterReady() (events file.Events) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.output) > 0 {
		events |= file.Readable
	}
	if p.room() > 0 {
		events |= file.Writable
	}
	if p.closed {
		events |= file.HangUp
	}
	return events
}

func (p *pty) slaveReady() (events file.Events) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return file.Readable | file.Writable | file.Error | file.HangUp
	}
	if p.discipline.readable() {
		events |= file.Readable
	}
	if len(p.output) < outputMax && !p.discipline.stopped {
		events |= file.Writable
	}
	return events
}

// open opens the slave.
func (p *pty) open() syscall.Errno {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.gone, p.locked:
		return syscall.EIO
	case p.exclusive && p.opens > 0:
		return syscall.EBUSY
	}
	p.opens++
	p.closed = false
	return 0
}

// closeSlave closes it once; the last time the master hears of it.
func (p *pty) closeSlave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.opens--; p.opens == 0 {
		p.closed, p.exclusive = true, false
		p.master.Notify(file.HangUp | file.Readable)
		if p.gone {
			p.all.remove(p)
		}
	}
}

// closeMaster hangs up: the slave leads nowhere any more.
func (p *pty) closeMaster() {
	p.mu.Lock()
	p.gone = true
	p.output = nil
	p.discipline.flush()
	p.slave.Notify(file.Readable | file.Writable | file.Error | file.HangUp)
	p.all.hide(p)
	if p.opens == 0 {
		p.all.remove(p)
	}
	p.mu.Unlock()
	p.all.session.hangUp(p)
}
