package fs

import (
	"slices"
	"strconv"
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
)

// Pseudo is who makes pseudo-terminals.
type Pseudo interface {
	// OpenMaster makes one.
	OpenMaster(e *Entry, flags int) (file.File, syscall.Errno)
	// Slaves are the numbers of those that there are, in any order. Slave is one of them, nil for none; it is not equal to one
	// that had its number before.
	Slaves() []int
	Slave(number int) any
	OpenSlave(slave any, e *Entry, flags int) (file.File, syscall.Errno)
}

// Device numbers of pseudo-terminals (Linux, Documentation/admin-guide/devices.txt), and the mode that most systems give
// slaves.
const (
	masterMajor, masterMinor = 5, 2
	slaveMajor               = 136
	slaveMode                = 0o620
)

const devptsMagic = 0x1cd1

// mountPseudo makes /dev/ptmx and /dev/pts.
func (t *FS) mountPseudo(p Pseudo) {
	t.Device("/dev/ptmx", 0o666, masterMajor, masterMinor, p.OpenMaster)
	n := t.mount("/dev/pts", "devpts", devptsMagic)
	n.children = nil
	n.listing = &slaves{t: t, makers: p, known: make(map[int]knownSlave)}
}

// slaves is /dev/pts. A slave's node is made when somebody first looks for it, and stays as long as the slave does.
type slaves struct {
	t      *FS
	makers Pseudo

	mu    sync.Mutex
	known map[int]knownSlave
}

type knownSlave struct {
	slave any
	entry *Entry
}

func (l *slaves) names() []string {
	list := l.makers.Slaves()
	slices.Sort(list)
	names := []string{"ptmx"}
	for _, n := range list {
		names = append(names, strconv.Itoa(n))
	}
	return names
}

func (l *slaves) lookup(directory *Node, name string) *Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, ok := number(name)
	switch {
	case name == "ptmx":
		n = -1
	case !ok:
		return nil
	}
	var slave any = l.makers
	if n >= 0 {
		slave = l.makers.Slave(n)
	}
	if slave == nil {
		delete(l.known, n)
		return nil
	}
	k := l.known[n]
	if k.slave != slave {
		k = knownSlave{slave, l.device(directory, name, n, slave)}
		l.known[n] = k
	}
	return k.entry
}

// device makes the node of a slave, or with -1 of the master.
func (l *slaves) device(directory *Node, name string, number int, slave any) *Entry {
	e := l.t.listed(directory, name, syscall.S_IFCHR|slaveMode, uint64(number)+3) // as on Linux
	n := e.node
	n.device = uint64(slaveMajor<<8 | number&0xff | number>>8<<20)
	n.open = func(flags int) (file.File, syscall.Errno) { return l.makers.OpenSlave(slave, e, flags) }
	if number < 0 {
		n.mode, n.device = 0o666, masterMajor<<8|masterMinor
		n.open = func(flags int) (file.File, syscall.Errno) { return l.makers.OpenMaster(e, flags) }
	}
	return e
}
