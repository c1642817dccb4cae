package kernel

import (
	"encoding/binary"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
)

// The requests of ioctl(2) that pseudo-terminals know (ioctl_tty(2)). Both sides have the settings and the size of the one
// terminal that they are.

// ControlSize and Control: see file.Controller.
func (f *masterFile) ControlSize(request uint32) (size int, known bool) {
	switch request {
	case tiocgptn, tiocsptlck, tiocgptlck:
		return 4, true
	}
	return ptyControlSize(request)
}

func (f *masterFile) Control(request uint32, argument []byte) (uintptr, syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	number := binary.NativeEndian.Uint32
	switch request {
	case tiocgptn:
		binary.NativeEndian.PutUint32(argument, uint32(f.number))
	case tiocsptlck:
		f.locked = number(argument) != 0
	case tiocgptlck:
		locked := uint32(0)
		if f.locked {
			locked = 1
		}
		binary.NativeEndian.PutUint32(argument, locked)
	case fionread:
		binary.NativeEndian.PutUint32(argument, uint32(len(f.output)))
	case tiocgpgrp:
		leader := uint32(0) // nobody
		if f.all.session.controls(f.pty) {
			leader = processID
		}
		binary.NativeEndian.PutUint32(argument, leader)
	default:
		return 0, f.control(request, argument)
	}
	return 0, 0
}

// Command: see file.Commander.
func (f *masterFile) Command(request uint32, value uintptr) (errno syscall.Errno, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch request {
	case tcflsh:
		return flush(value, func() {
			f.output = nil
			f.slave.Notify(file.Writable)
		}), true
	case tcsbrk:
		return 0, true
	}
	return 0, false
}

func (f *slaveFile) ControlSize(request uint32) (size int, known bool) {
	return ptyControlSize(request)
}

func (f *slaveFile) Control(request uint32, argument []byte) (uintptr, syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.gone && request == tiocspgrp:
		return 0, syscall.ENOTTY
	case f.gone:
		return 0, syscall.EIO
	case request == fionread:
		binary.NativeEndian.PutUint32(argument, uint32(f.discipline.waiting()))
		return 0, 0
	case request == tiocgpgrp && f.all.session.controls(f.pty):
		binary.NativeEndian.PutUint32(argument, processID)
		return 0, 0
	}
	return 0, f.control(request, argument)
}

func (f *slaveFile) Command(request uint32, value uintptr) (errno syscall.Errno, known bool) {
	switch request {
	case tiocsctty:
		return f.all.session.enter(f.pty), true
	case tiocnotty:
		return f.all.session.leave(f.pty), true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch request {
	case tcflsh, tcxonc, tcsbrk, tiocexcl, tiocnxcl:
		if f.gone {
			return syscall.EIO, true
		}
	}
	switch request {
	case tcflsh:
		return flush(value, func() {
			f.discipline.flush()
			f.master.Notify(file.Writable)
		}), true
	case tcxonc:
		return f.flowControl(value), true
	case tcsbrk:
	case tiocexcl, tiocnxcl:
		f.exclusive = request == tiocexcl
	default:
		return 0, false
	}
	return 0, true
}

// flowControl is TCXONC. mu is held.
func (p *pty) flowControl(action uintptr) syscall.Errno {
	keys := &p.discipline.settings.keys
	switch action {
	case flowStop, flowStart:
		p.discipline.let(action == flowStart)
	case flowSendStop:
		p.send(keys[keyStop])
	case flowSendStart:
		p.send(keys[keyStart])
	default:
		return syscall.EINVAL
	}
	return 0
}

// send gives the master a key. mu is held.
func (p *pty) send(key byte) {
	if key != 0 {
		p.output = append(p.output, key)
		p.master.Notify(file.Readable)
	}
}

func ptyControlSize(request uint32) (size int, known bool) {
	if request == tiocoutq {
		return 4, true
	}
	return terminalArgument(request)
}

// control does what is the same for both sides. mu is held.
func (p *pty) control(request uint32, argument []byte) syscall.Errno {
	switch request {
	case tcgets:
		p.discipline.settings.marshal(argument)
	case tcsetsf:
		p.discipline.flush()
		fallthrough
	case tcsets, tcsetsw:
		p.set(argument)
	case tiocgwinsz:
		p.size.marshal(argument)
	case tiocswinsz:
		if was := p.size; p.size.unmarshal(argument) != was {
			p.raise(uint32(syscall.SIGWINCH))
		}
	case tiocoutq: // all of it has reached the other side
		clear(argument)
	case tiocgpgrp:
		return syscall.ENOTTY
	case tiocgsid, tiocspgrp:
		if !p.all.session.controls(p) {
			return syscall.ENOTTY
		}
		if request == tiocspgrp {
			return checkGroup(argument)
		}
		binary.NativeEndian.PutUint32(argument, processID)
	}
	return 0
}

// set changes the settings; how many bits a byte has does not change (Linux, pty_set_termios).
func (p *pty) set(argument []byte) {
	const sizeAndParity, eightAndReads = 0x130, 0xb0
	p.discipline.set(argument)
	p.discipline.settings.control = p.discipline.settings.control&^sizeAndParity | eightAndReads
	if p.discipline.readable() {
		p.slave.Notify(file.Readable)
	}
}

// processID is the group and the session of the only process.
const processID = 1

// checkGroup says what is wrong with a group that is to be in the foreground.
func checkGroup(argument []byte) syscall.Errno {
	switch group := int32(binary.NativeEndian.Uint32(argument)); {
	case group < 0:
		return syscall.EINVAL
	case group != processID:
		return syscall.ESRCH
	}
	return 0
}
