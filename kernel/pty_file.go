package kernel

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/fs"
)

// A ptySide is one side of a pseudo-terminal, opened: of a masterFile the master, of a slaveFile the slave.
type (
	ptySide struct {
		*pty
		entry *fs.Entry
	}
	masterFile struct{ ptySide }
	slaveFile  struct{ ptySide }
)

// Entry is the name that the file was opened by.
func (f *ptySide) Entry() *fs.Entry { return f.entry }

func (f *ptySide) Status(st *syscall.Stat_t) syscall.Errno {
	f.entry.Node().Status(st)
	return 0
}

func (f *masterFile) Read(p []byte) (int, syscall.Errno)  { return f.shown(p) }
func (f *masterFile) Write(p []byte) (int, syscall.Errno) { return f.typed(p) }
func (f *masterFile) Ready() file.Events                  { return f.masterReady() }
func (f *masterFile) Watch(w *file.Watch) bool            { return f.master.Watch(w) }
func (f *masterFile) Unwatch(w *file.Watch)               { f.master.Unwatch(w) }

func (f *masterFile) Close() syscall.Errno {
	f.closeMaster()
	f.master.Notify(file.HangUp)
	f.entry.Release()
	return 0
}

// OpenPeer opens the slave.
func (f *masterFile) OpenPeer(flags int) (file.File, syscall.Errno) { return f.openByName(flags) }

func (f *slaveFile) Read(p []byte) (int, syscall.Errno)  { return f.read(p) }
func (f *slaveFile) Write(p []byte) (int, syscall.Errno) { return f.write(p) }
func (f *slaveFile) Ready() file.Events                  { return f.slaveReady() }
func (f *slaveFile) Watch(w *file.Watch) bool            { return f.slave.Watch(w) }
func (f *slaveFile) Unwatch(w *file.Watch)               { f.slave.Unwatch(w) }

func (f *slaveFile) Close() syscall.Errno {
	f.closeSlave()
	f.slave.Notify(file.HangUp)
	f.entry.Release()
	return 0
}
