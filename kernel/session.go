package kernel

import (
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/linux"
)

// A session says which terminal controls the program, which leads the only session: at first that is the console, if somebody
// is there to type.
type session struct {
	console *terminal

	mu   sync.Mutex // comes after that of a pty
	pty  *pty       // nil: the console, unless it was left
	left bool
}

// controls reports whether p, or with nil the console, is the controlling terminal.
func (s *session) controls(p *pty) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.is(p)
}

// is is controls with mu held.
func (s *session) is(p *pty) bool {
	if p == nil {
		return s.pty == nil && !s.left && !s.console.absent
	}
	return s.pty == p
}

// enter makes p, or with nil the console, the controlling terminal if there is none (TIOCSCTTY).
func (s *session) enter(p *pty) syscall.Errno {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.is(p):
		return 0
	case s.pty != nil || s.is(nil):
		return syscall.EPERM
	}
	s.pty, s.left = p, p != nil
	return 0
}

// leave gives p, or with nil the console, up (TIOCNOTTY).
func (s *session) leave(p *pty) syscall.Errno {
	if !s.drop(p) {
		return syscall.ENOTTY
	}
	hangUp()
	return 0
}

func (s *session) drop(p *pty) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.is(p) {
		return false
	}
	s.pty, s.left = nil, true
	return true
}

// hangUp tells the program that p leads nowhere any more, if it is its controlling terminal.
func (s *session) hangUp(p *pty) {
	if s.drop(p) {
		hangUp()
	}
}

// hangUp tells that the program has no controlling terminal any more; had that stopped it, it would go on.
func hangUp() {
	linux.RaiseSignal(uint32(syscall.SIGHUP))
	linux.RaiseSignal(uint32(syscall.SIGCONT))
}

// raise sends a signal to the program if p controls it.
func (s *session) raise(p *pty, signal uint32) {
	if s.controls(p) {
		linux.RaiseSignal(signal)
	}
}

// open opens the controlling terminal (/dev/tty).
func (s *session) open(e *fs.Entry, flags int) (file.File, syscall.Errno) {
	s.mu.Lock()
	p, console := s.pty, s.is(nil)
	s.mu.Unlock()
	switch {
	case p != nil:
		return p.openSlave(e, flags|syscall.O_NOCTTY)
	case console:
		return s.console.file(e), 0
	}
	return nil, syscall.ENXIO
}
