package kernel

import (
	"bytes"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/machine"
)

// newPair returns both sides of a pseudo-terminal that is not locked.
func newPair(t *testing.T) (master *masterFile, slave *slaveFile) {
	t.Helper()
	console := newTerminal(nil)
	f, errno := newPtys(&console.session).OpenMaster(nil, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	master = f.(*masterFile)
	if errno := master.open(); errno != syscall.EIO {
		t.Error("a locked one opens:", errno)
	}
	master.locked = false
	if errno := master.open(); errno != 0 {
		t.Fatal(errno)
	}
	return master, &slaveFile{ptySide{pty: master.pty}}
}

func TestPtyIsBounded(t *testing.T) {
	master, slave := newPair(t)
	big := bytes.Repeat([]byte("line\n"), 100_000)
	written := 0
	for {
		n, errno := slave.Write(big)
		if errno == syscall.EAGAIN {
			break
		}
		written += n
	}
	if len(master.output) < outputMax || len(master.output) > 2*outputMax+1 || slave.Ready() != 0 {
		t.Error(len(master.output), "bytes wait for the master; the slave is ready for", slave.Ready())
	}
	typed := 0
	for {
		n, errno := master.Write(big)
		if errno == syscall.EAGAIN {
			break
		}
		typed += n
	}
	if master.Ready() != file.Readable {
		t.Error("the master is ready for", master.Ready())
	}
	got := 0
	for b := make([]byte, 10000); ; {
		n, errno := slave.Read(b)
		if errno == syscall.EAGAIN {
			break
		}
		if errno != 0 || !bytes.HasSuffix(b[:n], []byte("line\n")) {
			t.Fatalf("%q, %v", b[:n], errno)
		}
		got += n
	}
	if rest := len(master.discipline.line); got+rest != typed {
		t.Error(typed, "bytes typed,", got, "read,", rest, "in the line")
	}
}

func TestPtyNumbers(t *testing.T) {
	console := newTerminal(nil)
	all := newPtys(&console.session)
	open := func() *masterFile {
		f, errno := all.OpenMaster(nil, 0)
		if errno != 0 {
			t.Fatal(errno)
		}
		return f.(*masterFile)
	}
	first, second := open(), open()
	first.locked = false
	first.open()
	first.closeMaster()
	names := func(want ...int) {
		t.Helper()
		got := all.Slaves()
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Error(got, "have a name, not", want)
		}
	}
	names(1)
	if third := open(); third.number != 2 {
		t.Error("the number of one that is open is given away:", third.number)
	}
	first.closeSlave()
	if fourth := open(); fourth.number != 0 || all.Slave(0) == any(first.pty) {
		t.Error("its number is not free:", fourth.number)
	}
	names(0, 1, 2)
	second.closeMaster()
	names(0, 2)
	for range mostPtys - 2 {
		open()
	}
	if _, errno := all.OpenMaster(nil, 0); errno != syscall.ENOSPC {
		t.Error(errno)
	}
}

// The program has one controlling terminal at a time: the console, if somebody is there, and then what it takes.
func TestSession(t *testing.T) {
	var signals []uint32
	was := machine.OnSignal
	machine.OnSignal = func(s uint32) bool { signals = append(signals, s); return true }
	t.Cleanup(func() { machine.OnSignal = was })
	master, slave := newPair(t)
	s := master.all.session
	if !s.controls(nil) || s.enter(slave.pty) != syscall.EPERM || s.leave(slave.pty) != syscall.ENOTTY {
		t.Error("it is not the console's")
	}
	master.Write([]byte{3})
	if errno := s.leave(nil); errno != 0 || s.controls(nil) {
		t.Error(errno)
	}
	if errno := s.enter(slave.pty); errno != 0 || s.enter(nil) != syscall.EPERM {
		t.Error(errno)
	}
	master.Write([]byte{3, 28})
	master.closeMaster()
	want := []uint32{uint32(syscall.SIGHUP), uint32(syscall.SIGCONT), 2, 3, uint32(syscall.SIGHUP), uint32(syscall.SIGCONT)}
	if !slices.Equal(signals, want) || s.controls(slave.pty) {
		t.Error(signals)
	}
	if errno := s.enter(nil); errno != 0 || !s.controls(nil) {
		t.Error(errno)
	}
}

func FuzzPty(f *testing.F) {
	f.Add([]byte("hello\x7f\x17\x15\x16\x12\n\x04"), []byte("a\tb\r\n"), uint32(0x500), uint32(5), uint32(0x8a3b))
	f.Fuzz(func(t *testing.T, typed, written []byte, input, output, local uint32) {
		master, slave := newPair(t)
		s := &master.discipline.settings
		s.input, s.output, s.local = input, output, local
		master.Write(typed)
		slave.Write(written)
		b := make([]byte, 7)
		for range 2*len(typed) + 2 {
			slave.Read(b)
		}
		if n := master.discipline.waiting(); n > 0 && master.discipline.readable() && s.keys[keyLeast] == 1 {
			t.Error(strconv.Itoa(n) + " bytes are still there")
		}
	})
}
