package kernel

import "syscall"

// A discipline turns what is typed into what programs read (termios(3)): lines that can be edited
// while they are typed, echo, and keys that send signals; or, in raw mode, just the bytes.
type discipline struct {
	settings settings
	write    func([]byte) // echoes
	raise    func(uint32) // sends a signal

	line  []byte   // what is being typed
	lines [][]byte // what can be read: lines, or in raw mode bytes; an empty one is an end of file
}

// settings is struct termios.
type settings struct {
	input, output, control, local uint32
	line                          byte
	keys                          [19]byte
}

const settingsSize = 4*4 + 1 + 19

// Bits of settings.
const (
	inputReturnIsNewline = 0x100 // ICRNL
	inputIgnoreReturn    = 0x80  // IGNCR

	localSignals   = 0x1    // ISIG
	localCanonical = 0x2    // ICANON
	localEcho      = 0x8    // ECHO
	localErase     = 0x10   // ECHOE
	localNewline   = 0x40   // ECHONL
	localControl   = 0x200  // ECHOCTL
	localKill      = 0x800  // ECHOKE
	localExtended  = 0x8000 // IEXTEN
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
	keyWordErase = 14
)

// lineMax limits a line that is being typed.
const lineMax = 4096

func newDiscipline(write func([]byte), raise func(uint32)) discipline {
	return discipline{write: write, raise: raise, settings: settings{
		input:   inputReturnIsNewline | 0x400, // IXON
		output:  0x5,                          // OPOST, ONLCR
		control: 0xbf,                         // 38400 baud, 8 bits, CREAD
		local: localSignals | localCanonical | localEcho | localErase | 0x20 | localControl |
			localKill | localExtended,
		keys: [19]byte{
			keyInterrupt: 3, keyQuit: 28, keyErase: 127, keyKill: 21, keyEnd: 4, keyLeast: 1,
			8: 17, 9: 19, 10: 26, 12: 18, 13: 15, keyWordErase: 23, 15: 22,
		},
	}}
}

func (d *discipline) canonical() bool { return d.settings.local&localCanonical != 0 }
func (d *discipline) echoes() bool    { return d.settings.local&localEcho != 0 }

// receive takes what was typed.
func (d *discipline) receive(typed []byte) {
	for _, b := range typed {
		if d.signal(b) {
			continue
		}
		if b == '\r' {
			if d.settings.input&inputIgnoreReturn != 0 {
				continue
			}
			if d.settings.input&inputReturnIsNewline != 0 {
				b = '\n'
			}
		}
		if d.canonical() {
			d.edit(b)
			continue
		}
		d.echo(b)
		if last := len(d.lines) - 1; last >= 0 {
			d.lines[last] = append(d.lines[last], b)
		} else {
			d.lines = append(d.lines, []byte{b})
		}
	}
}

// signal handles the keys that send a signal.
func (d *discipline) signal(b byte) bool {
	if d.settings.local&localSignals == 0 || b == 0 {
		return false
	}
	var s syscall.Signal
	switch b {
	case d.settings.keys[keyInterrupt]:
		s = syscall.SIGINT
	case d.settings.keys[keyQuit]:
		s = syscall.SIGQUIT
	default:
		return false
	}
	d.line = d.line[:0]
	d.echo(b)
	d.raise(uint32(s))
	return true
}

// edit adds a byte to the line that is being typed, or does what the key is for.
func (d *discipline) edit(b byte) {
	keys := &d.settings.keys
	switch {
	case b == '\n':
		if d.settings.local&(localEcho|localNewline) != 0 {
			d.write([]byte{b})
		}
		d.finish(b)
	case b == keys[keyEnd] && b != 0:
		d.finish()
	case b == keys[keyErase] && b != 0 || b == '\b':
		d.erase(1)
	case b == keys[keyKill] && b != 0:
		d.erase(len(d.line))
	case b == keys[keyWordErase] && b != 0:
		d.erase(d.lastWord())
	case len(d.line) < lineMax-1:
		d.line = append(d.line, b)
		d.echo(b)
	}
}

// finish makes the line readable, with last at its end.
func (d *discipline) finish(last ...byte) {
	d.lines = append(d.lines, append(d.line, last...))
	d.line = nil
}

// erase takes back the last n bytes of the line. One character can have several.
func (d *discipline) erase(n int) {
	for n > 0 && len(d.line) > 0 {
		end := len(d.line) - 1
		for end > 0 && d.line[end]&0xc0 == 0x80 { // continuation bytes of UTF-8
			end--
		}
		if d.echoes() && d.settings.local&localErase != 0 {
			d.write([]byte("\b \b"))
			if d.line[end] < ' ' {
				d.write([]byte("\b \b"))
			}
		}
		n -= len(d.line) - end
		d.line = d.line[:end]
	}
}

// lastWord returns how many bytes the last word of the line has, with the spaces behind it.
func (d *discipline) lastWord() int {
	i := len(d.line)
	for i > 0 && d.line[i-1] == ' ' {
		i--
	}
	for i > 0 && d.line[i-1] != ' ' {
		i--
	}
	return len(d.line) - i
}

// echo shows b, if it is to be shown.
func (d *discipline) echo(b byte) {
	switch {
	case !d.echoes():
	case b < ' ' && b != '\n' && b != '\t' && d.settings.local&localControl != 0:
		d.write([]byte{'^', b + '@'})
	default:
		d.write([]byte{b})
	}
}

// readable reports whether read has something.
func (d *discipline) readable() bool { return len(d.lines) > 0 }

// waiting returns how many bytes can be read.
func (d *discipline) waiting() (n int) {
	for _, line := range d.lines {
		n += len(line)
	}
	return n
}

// read reads what was typed, at most one line.
func (d *discipline) read(p []byte) (int, syscall.Errno) {
	if len(p) == 0 {
		return 0, 0
	}
	if len(d.lines) == 0 {
		if !d.canonical() && d.settings.keys[keyLeast] == 0 {
			return 0, 0
		}
		return 0, syscall.EAGAIN
	}
	n := copy(p, d.lines[0])
	if d.lines[0] = d.lines[0][n:]; len(d.lines[0]) == 0 {
		d.lines = d.lines[1:]
	}
	return n, 0
}

// flush forgets what was typed.
func (d *discipline) flush() { d.line, d.lines = nil, nil }

// set changes the settings to those that p holds. What was typed before is readable at once when
// lines end to matter.
func (d *discipline) set(p []byte) {
	was := d.canonical()
	d.settings.unmarshal(p)
	if was && !d.canonical() && len(d.line) > 0 {
		d.finish()
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
