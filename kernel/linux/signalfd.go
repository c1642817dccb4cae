package linux

import (
	"encoding/binary"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
)

// A signalFile is what signalfd makes: reading takes signals that are blocked.
type signalFile struct {
	anonymous
	mask signalSet // guarded by signals.mu
}

// Immediate: see file.Immediate.
func (f *signalFile) Immediate() {}

// wants, come and interrupted: see signalTaker.
func (f *signalFile) wants() signalSet { return f.mask }
func (f *signalFile) come()            { f.Notify(file.Readable) }
func (f *signalFile) interrupted()     {}

// takenSize is the size of struct signalfd_siginfo.
const takenSize = 128

func (f *signalFile) Read(p []byte) (n int, errno syscall.Errno) {
	if len(p) < takenSize {
		return 0, syscall.EINVAL
	}
	signals.mu.Lock()
	defer signals.mu.Unlock()
	for len(p)-n >= takenSize {
		s, ok := takeSignal(f.mask)
		if !ok {
			break
		}
		s.tellTaken(p[n : n+takenSize])
		n += takenSize
	}
	if n == 0 {
		return 0, syscall.EAGAIN
	}
	return n, 0
}

// tellTaken writes s as signalfd tells it (Linux, include/uapi/linux/signalfd.h).
func (s *signalInfo) tellTaken(p []byte) {
	clear(p)
	copy(p, s[:12]) // signal, error, code
	code := int32(binary.NativeEndian.Uint32(s[8:]))
	if code == fromTimer {
		copy(p[24:28], s[16:]) // timer
		copy(p[32:36], s[20:]) // overrun
	} else {
		copy(p[12:20], s[16:]) // process, user
	}
	if code < 0 && code != fromThread {
		copy(p[44:48], s[24:]) // the value that was sent with it, as a number and as a pointer
		copy(p[48:56], s[24:])
	}
}

func (f *signalFile) Ready() file.Events {
	signals.mu.Lock()
	defer signals.mu.Unlock()
	if waits(f.mask) {
		return file.Readable
	}
	return 0
}

func (f *signalFile) Close() syscall.Errno {
	removeTaker(f)
	f.Notify(file.HangUp)
	return 0
}

func sysSignalfd(a *call.Arguments) (uintptr, syscall.Errno) { return signalfd(a, 0) }

func sysSignalfd4(a *call.Arguments) (uintptr, syscall.Errno) {
	return signalfd(a, int(int32(a.Value[3])))
}

func signalfd(a *call.Arguments, flags int) (uintptr, syscall.Errno) {
	mask, errno := signalSetAt(Argument(a, 1), a.Value[2])
	if errno != 0 {
		return 0, errno
	}
	if flags&^(syscall.O_NONBLOCK|syscall.O_CLOEXEC) != 0 {
		return 0, syscall.EINVAL
	}
	mask &^= unblockable
	if int32(a.Value[0]) == -1 {
		f := &signalFile{mask: mask}
		addTaker(f)
		fd, errno := Install(f, syscall.O_RDWR|flags&syscall.O_NONBLOCK, flags&syscall.O_CLOEXEC != 0)
		return uintptr(fd), errno
	}
	f, _, errno := lookupAs[*signalFile](a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	signals.mu.Lock()
	f.mask = mask
	if waits(mask) {
		f.come()
	}
	signals.mu.Unlock()
	return a.Value[0], 0
}
