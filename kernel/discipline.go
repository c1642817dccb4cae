package kernel

import "syscall"

// A discipline turns what is typed into what programs read (termios(3)): lines that can be edited
// while they are typed, echo, and keys that send signals; or, in raw mode, just the bytes. It follows
// Linux's (drivers/tty/n_tty.c).
type discipline struct {
	settings settings
	write    func([]byte)  // echoes
	raise    func(uint32)  // sends a signal
	flow     func(on bool) // lets output go on, or stops it; nil where that cannot be

	line    []byte   // what is being typed
	lines   [][]byte // what can be read: lines, or in raw mode bytes; an empty one is an end of file
	literal bool     // the next byte is no key, whatever it is
	stopped bool     // output is

	backspace bool // a backspace erases, too, as some terminals send one
}

// lineMax limits a line that is being typed.
const lineMax = 4096

func newDiscipline(write func([]byte), raise func(uint32)) discipline {
	return discipline{write: write, raise: raise, settings: firstSettings()}
}

func (d *discipline) canonical() bool { return d.local(localCanonical) }
func (d *discipline) echoes() bool    { return d.local(localEcho) }

// local and input report whether a bit of the settings is set.
func (d *discipline) local(bit uint32) bool { return d.settings.local&bit != 0 }
func (d *discipline) input(bit uint32) bool { return d.settings.input&bit != 0 }

// isKey reports whether b is a key, which 0 never is.
func (d *discipline) isKey(b byte, key int) bool { return b != 0 && b == d.settings.keys[key] }

// isExtended is isKey for those that depend on IEXTEN.
func (d *discipline) isExtended(b byte, key int) bool {
	return d.local(localExtended) && d.isKey(b, key)
}

// receive takes what was typed.
func (d *discipline) receive(typed []byte) {
	for _, b := range typed {
		if d.input(inputStrip) {
			b &= 0x7f
		}
		if d.literal {
			d.literal = false
			d.add(b)
			continue
		}
		if d.flows(b) || d.signal(b) {
			continue
		}
		switch {
		case b == '\r' && d.input(inputIgnoreReturn):
			continue
		case b == '\r' && d.input(inputReturnIsNewline):
			b = '\n'
		case b == '\n' && d.input(inputNewlineIsReturn):
			b = '\r'
		}
		if !d.canonical() || !d.edit(b) {
			d.add(b)
		}
	}
}

// add adds b to the line that is being typed, or to what can be read.
func (d *discipline) add(b byte) {
	switch last := len(d.lines) - 1; {
	case d.canonical() && len(d.line) >= lineMax-1:
		return
	case d.canonical():
		d.line = append(d.line, b)
	case last >= 0:
		d.lines[last] = append(d.lines[last], b)
	default:
		d.lines = append(d.lines, []byte{b})
	}
	d.echo(b)
}

// flows handles the keys that stop the output and let it go on.
func (d *discipline) flows(b byte) bool {
	if d.flow == nil || !d.input(inputFlow) {
		return false
	}
	start, stop := d.isKey(b, keyStart), d.isKey(b, keyStop)
	switch {
	case start:
		d.let(true)
	case stop:
		d.let(false)
	case d.input(inputAnyStarts) && !d.isSignal(b):
		d.let(true)
	}
	return start || stop
}

// let lets the output go on, or stops it.
func (d *discipline) let(on bool) {
	if d.flow != nil && d.stopped == on {
		d.stopped = !on
		d.flow(on)
	}
}

func (d *discipline) isSignal(b byte) bool {
	return d.local(localSignals) && (d.isKey(b, keyInterrupt) || d.isKey(b, keyQuit) || d.isKey(b, keySuspend))
}

// signal handles the keys that send a signal.
func (d *discipline) signal(b byte) bool {
	if !d.isSignal(b) {
		return false
	}
	s := syscall.SIGINT
	switch {
	case d.isKey(b, keyQuit):
		s = syscall.SIGQUIT
	case d.isKey(b, keySuspend):
		s = syscall.SIGTSTP
	}
	if !d.local(localKeepQueues) {
		d.flush()
	}
	if d.input(inputFlow) {
		d.let(true)
	}
	d.echo(b)
	d.raise(uint32(s))
	return true
}

// edit does what b is for in a line that is being typed. It reports whether that is anything.
func (d *discipline) edit(b byte) bool {
	switch {
	case d.isKey(b, keyErase) || b == '\b' && d.backspace:
		d.erase(eraseCharacter)
	case d.isKey(b, keyKill):
		d.kill()
	case d.isExtended(b, keyWordErase):
		d.erase(eraseWord)
	case d.isExtended(b, keyLiteral):
		d.literal = true
		if d.echoes() && d.local(localControl) {
			d.write([]byte("^\b"))
		}
	case d.isExtended(b, keyReprint) && d.echoes():
		d.echo(b)
		d.write([]byte{'\n'})
		for _, b := range d.line {
			d.echo(b)
		}
	case b == '\n':
		if d.local(localEcho | localNewline) {
			d.write([]byte{b})
		}
		d.finish(b)
	case d.isKey(b, keyEnd):
		d.finish()
	case d.isKey(b, keyLine), d.isExtended(b, keyLine2):
		d.echo(b)
		d.finish(b)
	default:
		return false
	}
	return true
}

// finish makes the line readable, with last at its end.
func (d *discipline) finish(last ...byte) {
	d.lines = append(d.lines, append(d.line, last...))
	d.line = nil
}

// echo shows b, if it is to be shown.
func (d *discipline) echo(b byte) {
	switch {
	case !d.echoes():
	case isControl(b) && b != '\t' && b != '\n' && d.local(localControl):
		d.write([]byte{'^', b ^ '@'})
	default:
		d.write([]byte{b})
	}
}

func isControl(b byte) bool { return b < ' ' || b == 127 }

// readable reports whether read has something.
func (d *discipline) readable() bool {
	if d.canonical() {
		return len(d.lines) > 0
	}
	return d.waiting() >= max(int(d.settings.keys[keyLeast]), 1)
}

// waiting returns how many bytes can be read.
func (d *discipline) waiting() (n int) {
	for _, line := range d.lines {
		n += len(line)
	}
	return n
}

// read reads what was typed, at most one line.
func (d *discipline) read(p []byte) (n int, _ syscall.Errno) {
	if len(p) == 0 {
		return 0, 0
	}
	if d.canonical() {
		if len(d.lines) == 0 {
			return 0, syscall.EAGAIN
		}
		return d.take(p), 0
	}
	least := int(d.settings.keys[keyLeast])
	if d.waiting() < min(least, len(p)) {
		return 0, syscall.EAGAIN
	}
	for n < len(p) && len(d.lines) > 0 {
		n += d.take(p[n:])
	}
	return n, 0
}

// take reads from the first line.
func (d *discipline) take(p []byte) int {
	n := copy(p, d.lines[0])
	if d.lines[0] = d.lines[0][n:]; len(d.lines[0]) == 0 {
		d.lines = d.lines[1:]
	}
	return n
}

// flush forgets what was typed.
func (d *discipline) flush() { d.line, d.lines, d.literal = nil, nil, false }

// set changes the settings to those that p holds. What was typed before is readable at once when
// lines end to matter.
func (d *discipline) set(p []byte) {
	was := d.canonical()
	d.settings.unmarshal(p)
	if was && !d.canonical() && len(d.line) > 0 {
		d.finish()
	}
	if !d.input(inputFlow) {
		d.let(true)
	}
}
