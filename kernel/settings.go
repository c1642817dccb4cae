package kernel

// settings is struct termios.
type settings struct {
	input, output, control, local uint32
	line                          byte
	keys                          [19]byte
}

const settingsSize = 4*4 + 1 + 19

// Bits of settings (Linux, include/uapi/asm-generic/termbits.h).
const (
	inputStrip           = 0x20   // ISTRIP
	inputNewlineIsReturn = 0x40   // INLCR
	inputIgnoreReturn    = 0x80   // IGNCR
	inputReturnIsNewline = 0x100  // ICRNL
	inputFlow            = 0x400  // IXON
	inputAnyStarts       = 0x800  // IXANY
	inputUTF8            = 0x4000 // IUTF8

	outputProcess         = 0x1    // OPOST
	outputNewlineReturns  = 0x4    // ONLCR
	outputReturnIsNewline = 0x8    // OCRNL
	outputNoReturnAtStart = 0x10   // ONOCR
	outputNewlineIsReturn = 0x20   // ONLRET
	outputTabs            = 0x1800 // XTABS: spaces in their place

	localSignals    = 0x1    // ISIG
	localCanonical  = 0x2    // ICANON
	localEcho       = 0x8    // ECHO
	localErase      = 0x10   // ECHOE
	localKillEcho   = 0x20   // ECHOK
	localNewline    = 0x40   // ECHONL
	localKeepQueues = 0x80   // NOFLSH
	localControl    = 0x200  // ECHOCTL
	localKill       = 0x800  // ECHOKE
	localExtended   = 0x8000 // IEXTEN
)

// The indices of settings.keys.
const (
	keyInterrupt = iota
	keyQuit
	keyErase
	keyKill
	keyEnd
	keyTime
	keyLeast
	keySwitch
	keyStart
	keyStop
	keySuspend
	keyLine
	keyReprint
	keyDiscard
	keyWordErase
	keyLiteral
	keyLine2
)

// firstSettings are those that a terminal has at first (Linux, tty_std_termios).
func firstSettings() settings {
	return settings{
		input:   inputReturnIsNewline | inputFlow,
		output:  outputProcess | outputNewlineReturns,
		control: 0xbf, // 38400 baud, 8 bits, CREAD
		local: localSignals | localCanonical | localEcho | localErase | localKillEcho | localControl |
			localKill | localExtended,
		keys: [19]byte{
			keyInterrupt: 3, keyQuit: 28, keyErase: 127, keyKill: 21, keyEnd: 4, keyLeast: 1, keyStart: 17, keyStop: 19,
			keySuspend: 26, keyReprint: 18, keyDiscard: 15, keyWordErase: 23, keyLiteral: 22,
		},
	}
}

// marshal and unmarshal write and read struct termios.
func (s *settings) marshal(p []byte) {
	for i, v := range []uint32{s.input, s.output, s.control, s.local} {
		p[4*i], p[4*i+1], p[4*i+2], p[4*i+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	}
	p[16] = s.line
	copy(p[17:], s.keys[:])
}

func (s *settings) unmarshal(p []byte) {
	for i, v := range []*uint32{&s.input, &s.output, &s.control, &s.local} {
		*v = uint32(p[4*i]) | uint32(p[4*i+1])<<8 | uint32(p[4*i+2])<<16 | uint32(p[4*i+3])<<24
	}
	s.line = p[16]
	copy(s.keys[:], p[17:])
}
