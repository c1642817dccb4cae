package linux

import (
	"encoding/binary"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/machine"
)

// A processFile is what pidfd_open makes: a descriptor that stands for a process, which can only be this one, or for
// one of its threads. It never becomes ready, for nobody is there any more when the process has ended.
type processFile struct {
	anonymous
	thread int // 0: the process
}

func (*processFile) Ready() file.Events   { return 0 }
func (*processFile) Close() syscall.Errno { return 0 }

func sysPidfdOpen(a *call.Arguments) (uintptr, syscall.Errno) {
	const nonblock, ofThread = syscall.O_NONBLOCK, syscall.O_EXCL
	id, flags := int(int32(a.Value[0])), int(uint32(a.Value[1]))
	f := new(processFile)
	switch {
	case flags&^(nonblock|ofThread) != 0, id <= 0:
		return 0, syscall.EINVAL
	case !machine.HasThread(id):
		return 0, syscall.ESRCH
	case flags&ofThread != 0:
		f.thread = id
	case id != processID:
		return 0, syscall.ENOENT
	}
	fd, errno := Install(f, syscall.O_RDWR|flags&nonblock, true)
	return uintptr(fd), errno
}

// Descriptors that stand for the caller without being open.
const (
	selfThread  = -10000
	selfProcess = -10001
)

// processOf returns what the pidfd in argument 0 stands for.
func processOf(a *call.Arguments) (*processFile, syscall.Errno) {
	f, _, errno := lookupAs[*processFile](a.Value[0])
	if errno != 0 {
		return nil, syscall.EBADF
	}
	return f, 0
}

func sysPidfdSendSignal(a *call.Arguments) (uintptr, syscall.Errno) {
	const toThread, toProcess, toGroup = 1, 2, 4
	scope := a.Value[3] & 0xffffffff
	if scope > toGroup || scope == toThread|toProcess {
		return 0, syscall.EINVAL
	}
	thread := 0
	switch int32(a.Value[0]) {
	case selfThread:
		thread = machine.ThreadID()
	case selfProcess:
	default:
		f, errno := processOf(a)
		if errno != 0 {
			return 0, errno
		}
		if f.thread != 0 && !machine.HasThread(f.thread) {
			return 0, syscall.ESRCH
		}
		thread = f.thread
	}
	code := int32(fromUser)
	switch scope {
	case toThread:
		if code = fromThread; thread == 0 {
			thread = processID
		}
	case toProcess, toGroup:
		thread = 0
	}
	if Argument(a, 2).IsNil() {
		return send(a.Value[1], code, thread)
	}
	var s signalInfo
	if errno := CopyIn(Argument(a, 2), &s); errno != 0 {
		return 0, errno
	}
	signal := int32(a.Value[1])
	if signal < 0 || signal > lastSignal || int32(binary.NativeEndian.Uint32(s[:])) != signal {
		return 0, syscall.EINVAL
	}
	if signal != 0 {
		raise(s, thread)
	}
	return 0, 0
}

// sysPidfdGetfd opens another descriptor for what one of the process's leads to.
func sysPidfdGetfd(a *call.Arguments) (uintptr, syscall.Errno) {
	if a.Value[2]&0xffffffff != 0 {
		return 0, syscall.EINVAL
	}
	if _, errno := processOf(a); errno != 0 {
		return 0, errno
	}
	d, errno := lookupPath(a.Value[1])
	if errno != 0 {
		return 0, errno
	}
	fd, errno := InstallDescription(d, 0, true)
	return uintptr(fd), errno
}
