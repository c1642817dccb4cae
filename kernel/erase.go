package kernel

// How a line that is being typed is taken back, and the screen with it (termios(3): ECHOE, ECHOK, ECHOKE).

// What erase takes back.
type erasure uint8

const (
	eraseCharacter erasure = iota
	eraseWord
	eraseLine
)

// kill takes back the line.
func (d *discipline) kill() {
	switch {
	case len(d.line) == 0:
	case !d.echoes():
		d.line = d.line[:0]
	case d.local(localKill) && d.local(localKillEcho) && d.local(localErase):
		d.erase(eraseLine)
	default:
		d.line = d.line[:0]
		d.echo(d.settings.keys[keyKill])
		if d.local(localKillEcho) {
			d.write([]byte{'\n'})
		}
	}
}

// erase takes back a part of the end of the line.
func (d *discipline) erase(what erasure) {
	word := false
	for len(d.line) > 0 {
		end := len(d.line) - 1
		for d.input(inputUTF8) && end > 0 && d.line[end]&0xc0 == 0x80 { // one character can have several bytes
			end--
		}
		last := d.line[end]
		if what == eraseWord {
			letter := isLetter(last)
			if word && !letter {
				return
			}
			word = word || letter
		}
		d.line = d.line[:end]
		if d.echoes() {
			d.wipe(what, last)
		}
		if what == eraseCharacter {
			return
		}
	}
}

// isLetter reports whether b is part of a word.
func isLetter(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
}

// wipe takes a character that began with b from the screen.
func (d *discipline) wipe(what erasure, b byte) {
	switch {
	case what == eraseCharacter && !d.local(localErase):
		d.echo(d.settings.keys[keyErase])
	case b == '\t':
		d.write(backspaces[:d.tabWidth()])
	case !isControl(b):
		d.write([]byte("\b \b"))
	case d.local(localControl):
		d.write([]byte("\b \b\b \b"))
	}
}

var backspaces = []byte("\b\b\b\b\b\b\b\b")

// tabWidth is how wide a tab is that came after the line, if that began in the first column.
func (d *discipline) tabWidth() int {
	column := 0
	for _, b := range d.line {
		switch {
		case b == '\t':
			column = 0
		case isControl(b) && d.local(localControl):
			column += 2
		case !isControl(b) && !(d.input(inputUTF8) && b&0xc0 == 0x80):
			column++
		}
	}
	return 8 - column%8
}
