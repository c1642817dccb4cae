package kernel

import "encoding/binary"

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
