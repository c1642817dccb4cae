package kernel

import (
	"strconv"
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/linux"
)

// ptys are the pseudo-terminals that there are. The lock comes after theirs.
type ptys struct {
	session *session

	mu  sync.Mutex
	all map[int]*pty // by number, which is free again when both sides are closed
	// slaves are those that have a name: it goes when the master is closed.
	slaves map[int]*pty
}

// mostPtys bounds how many there are (Linux's default for kernel.pty.max).
const mostPtys = 4096

func newPtys(s *session) *ptys {
	return &ptys{session: s, all: make(map[int]*pty), slaves: make(map[int]*pty)}
}

// OpenMaster makes a pseudo-terminal.
func (l *ptys) OpenMaster(e *fs.Entry, flags int) (file.File, syscall.Errno) {
	l.mu.Lock()
	defer l.mu.Unlock()
	number := 0
	for l.all[number] != nil {
		number++
	}
	if number >= mostPtys {
		return nil, syscall.ENOSPC
	}
	p := newPty(number, l)
	l.all[number], l.slaves[number] = p, p
	return &masterFile{ptySide{p, e}}, 0
}

// Slaves returns the numbers of those that have a name.
func (l *ptys) Slaves() (list []int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := range l.slaves {
		list = append(list, n)
	}
	return list
}

// Slave returns what tells a slave with a name from another one that had its number before; nil if there is none.
func (l *ptys) Slave(number int) any {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.slaves[number]; p != nil {
		return p
	}
	return nil
}

// OpenSlave opens one by the name e.
func (l *ptys) OpenSlave(slave any, e *fs.Entry, flags int) (file.File, syscall.Errno) {
	return slave.(*pty).openSlave(e, flags)
}

func (p *pty) openSlave(e *fs.Entry, flags int) (file.File, syscall.Errno) {
	if errno := p.open(); errno != 0 {
		return nil, errno
	}
	if flags&syscall.O_NOCTTY == 0 && flags&syscall.O_ACCMODE != syscall.O_WRONLY {
		p.all.session.enter(p)
	}
	return &slaveFile{ptySide{p, e}}, 0
}

// openByName opens the slave of p.
func (p *pty) openByName(flags int) (file.File, syscall.Errno) {
	return linux.Open("/dev/pts/"+strconv.Itoa(p.number), flags)
}

// hide takes the name of the slave away, remove its number.
func (l *ptys) hide(p *pty) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.slaves, p.number)
}

func (l *ptys) remove(p *pty) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, p.number)
}
