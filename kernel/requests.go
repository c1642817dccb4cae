package kernel

import (
	"encoding/binary"
	"syscall"
)

// Requests of ioctl(2) for terminals (Linux, include/uapi/asm-generic/ioctls.h).
const (
	tcgets     = 0x5401
	tcsets     = 0x5402
	tcsetsw    = 0x5403
	tcsetsf    = 0x5404
	tcsbrk     = 0x5409
	tcxonc     = 0x540a
	tcflsh     = 0x540b
	tiocexcl   = 0x540c
	tiocnxcl   = 0x540d
	tiocsctty  = 0x540e
	tiocgpgrp  = 0x540f
	tiocspgrp  = 0x5410
	tiocoutq   = 0x5411
	tiocgwinsz = 0x5413
	tiocswinsz = 0x5414
	fionread   = 0x541b
	tiocnotty  = 0x5422
	tiocgsid   = 0x5429

	tiocgptn   = 0x80045430
	tiocsptlck = 0x40045431
	tiocgptlck = 0x80045439
)

// What TCFLSH flushes, and what TCXONC does.
const (
	flushInput = iota
	flushOutput
	flushBoth
)

// flush is TCFLSH for a terminal whose output has got where it should be: typed forgets what was typed.
func flush(queue uintptr, typed func()) syscall.Errno {
	switch {
	case queue > flushBoth:
		return syscall.EINVAL
	case queue != flushOutput:
		typed()
	}
	return 0
}

// terminalArgument is how much an argument of a request takes that every terminal knows.
func terminalArgument(request uint32) (size int, known bool) {
	switch request {
	case tcgets, tcsets, tcsetsw, tcsetsf:
		return settingsSize, true
	case tiocgwinsz, tiocswinsz:
		return windowSizeSize, true
	case tiocgpgrp, tiocspgrp, tiocgsid, fionread:
		return 4, true
	}
	return 0, false
}

const (
	flowStop = iota
	flowStart
	flowSendStop
	flowSendStart
)

// windowSize is struct winsize.
type windowSize struct{ rows, columns, width, height uint16 }

const windowSizeSize = 8

// marshal and unmarshal write and read struct winsize.
func (s *windowSize) marshal(p []byte) {
	for i, v := range []uint16{s.rows, s.columns, s.width, s.height} {
		binary.NativeEndian.PutUint16(p[2*i:], v)
	}
}

func (s *windowSize) unmarshal(p []byte) windowSize {
	for i, v := range []*uint16{&s.rows, &s.columns, &s.width, &s.height} {
		*v = binary.NativeEndian.Uint16(p[2*i:])
	}
	return *s
}
