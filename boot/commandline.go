package boot

import "unsafe"

// A CommandLine is a parsed kernel command line. The zero value is an empty one.
//
// Every word in it lies in the buffer given to ParseCommandLine, unquoted and with a NUL behind it,
// so that the first byte of a word is the start of a C string (the word itself ends before its NUL).
type CommandLine struct {
	// Bad is the word that a Problem is about, Suggestion the known word nearest to it (or "").
	Bad        []byte
	Suggestion string

	machine     []byte // the words before "--", each with its NUL
	program     []byte // the words behind it
	devices     []byte // virtio_mmio.device= words behind those
	arguments   int    // how many words are in program
	environment int    // how many env. words are in machine and defaults
	defaults    []byte // those of defaultEnvironment that are not in machine
}

// CommandLineBuffer is the length of the buffer that ParseCommandLine needs for a line.
func CommandLineBuffer(length int) int { return length + 1 }

// ParseCommandLine splits line into words by the rules of the shell (see Words) and checks those
// before the word "--" against Words. The words are put into buffer, which must stay as it is for
// as long as c is used; line need not. When it reports a Problem, c.Bad says which word it is
// about, and what could be read of the line is in c all the same.
//
// QEMU's microvm adds its virtio_mmio.device= words at the end of the whole line. So such words
// there, if not quoted, are the machine's even behind "--".
func ParseCommandLine(c *CommandLine, line, buffer []byte) Problem {
	*c = CommandLine{}
	if i := index(line, 0); i >= 0 {
		line = line[:i]
	}
	if len(buffer) < CommandLineBuffer(len(line)) {
		return "There is no room for the kernel command line; shorten it."
	}
	l := lexer{line: line, buffer: buffer}
	ours, device := true, -1 // before "--"; where the devices at the end start
	devices := 0
	problem := Problem("")
	for problem == "" {
		var word []byte
		var quoted, ok bool
		start := l.used
		if word, quoted, ok, problem = l.next(); problem != "" {
			c.Bad = word
		}
		if !ok {
			break
		}
		if ours && string(word) == "--" {
			ours = false
			l.used = start
			c.machine = buffer[:start:start]
			continue
		}
		_, virtio := cutPrefix(word, "virtio_mmio.device=")
		if ours {
			if _, ok := cutPrefix(word, "env."); ok {
				c.environment++
			}
		} else if virtio && !quoted {
			if device < 0 {
				device = start
			}
			devices++
		} else {
			device = -1
			c.arguments += devices + 1
			devices = 0
		}
	}
	switch {
	case ours:
		c.machine = buffer[:l.used:l.used]
	case device >= 0:
		c.program = buffer[len(c.machine):device:device]
		c.devices = buffer[device:l.used:l.used]
	default:
		c.program = buffer[len(c.machine):l.used:l.used]
	}
	c.setDefaults()
	if problem != "" {
		return problem
	}
	words := Values{rest: c.machine, then: c.devices}
	for {
		word, ok := words.Next()
		if !ok {
			return ""
		}
		if problem, suggestion := checkWord(word); problem != "" {
			c.Bad, c.Suggestion = word, suggestion
			return problem
		}
	}
}

// The environment that a program has if the command line does not say otherwise: what a container's would be.
// HOME is root's in /etc/passwd.
const (
	defaultHome        = "env.HOME=/root\x00"
	defaultPath        = "env.PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\x00"
	defaultEnvironment = defaultHome + defaultPath
)

// setDefaults completes the environment.
func (c *CommandLine) setDefaults() {
	c.defaults = unsafe.Slice(unsafe.StringData(defaultEnvironment), len(defaultEnvironment)) // not to be written to
	if _, ok := c.Value("env.PATH"); ok {
		c.defaults = c.defaults[:len(defaultHome)]
		c.environment--
	}
	if _, ok := c.Value("env.HOME"); ok {
		c.defaults = c.defaults[len(defaultHome):]
		c.environment--
	}
	c.environment += 2
}

// HasMachineWord reports whether a word without a value is before "--" on a line that nobody has parsed yet,
// and has no quotation marks in it. It is for the kernel's first steps, where there is no room for what
// ParseCommandLine makes of a line, and no time.
func HasMachineWord(line []byte, name string) bool {
	if !mentions(line, name) {
		return false
	}
	if i := index(line, 0); i >= 0 {
		line = line[:i]
	}
	var buffer [maxName + 1]byte
	l := lexer{line: line, buffer: buffer[:]}
	for {
		l.used = 0
		word, _, ok, problem := l.next()
		if !ok || problem != "" || string(word) == "--" {
			return false
		}
		if l.used == len(name)+1 && string(word) == name { // else it is too long for the buffer
			return true
		}
	}
}

// maxName is the length of the longest name that HasMachineWord looks for.
const maxName = 32

// mentions reports whether name is anywhere in line.
func mentions(line []byte, name string) bool {
	for i := range line {
		if _, ok := cutPrefix(line[i:], name); ok {
			return true
		}
	}
	return false
}

// A lexer takes words off the front of line and writes them into buffer. What does not fit there is lost, but
// counted.
type lexer struct {
	line, buffer []byte
	used         int
}

func (l *lexer) put(b byte) {
	if l.used < len(l.buffer) {
		l.buffer[l.used] = b
	}
	l.used++
}

// next returns the next word, and whether it was quoted in any way.
func (l *lexer) next() (word []byte, quoted, ok bool, problem Problem) {
	for len(l.line) > 0 {
		if isSpace(l.line[0]) {
			l.line = l.line[1:]
		} else if _, more := cutPrefix(l.line, "\\\n"); more {
			l.line = l.line[2:]
		} else {
			break
		}
	}
	if len(l.line) == 0 {
		return nil, false, false, ""
	}
	start, i := l.used, 0
	quote := byte(0)
	for ; i < len(l.line); i++ {
		b := l.line[i]
		if quote == 0 && isSpace(b) {
			break
		}
		switch {
		case quote == 0 && (b == '\'' || b == '"'):
			quote, quoted = b, true
			continue
		case b == quote && quote != 0:
			quote = 0
			continue
		case b == '\\' && quote != '\'':
			quoted = true
			if i+1 == len(l.line) {
				problem = "The kernel command line ends with a backslash that quotes nothing; leave it out or double it."
				continue
			}
			following := l.line[i+1]
			if quote == 0 || following == '"' || following == '\\' || following == '$' || following == '`' || following == '\n' {
				i++
				if following == '\n' {
					continue // a line that goes on
				}
				b = following
			}
		}
		l.put(b)
	}
	if quote != 0 {
		problem = "A quotation mark on the kernel command line has no partner; add it, or put a backslash before the mark."
	}
	word = l.buffer[min(start, len(l.buffer)):min(l.used, len(l.buffer))]
	l.put(0)
	l.line = l.line[i:]
	return word, quoted, true, problem
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' }

// Value returns what follows NAME= in the last machine word of that name ("ip", not "ip=").
func (c *CommandLine) Value(name string) (value []byte, ok bool) {
	for values := c.Values(name); ; {
		v, more := values.Next()
		if !more {
			return value, ok
		}
		value, ok = v, true
	}
}

// ClockFraction returns how many nanoseconds into a second of the world one of the real-time clock begins (rtc=).
func (c *CommandLine) ClockFraction() int64 {
	value, _ := c.Value("rtc")
	nanoseconds, _ := ParseFraction(value)
	return nanoseconds
}

// Has reports whether the machine word name is there, with or without a value.
func (c *CommandLine) Has(name string) bool {
	for words := (Values{rest: c.machine, then: c.devices}); ; {
		word, more := words.Next()
		if !more {
			return false
		}
		if rest, ok := cutPrefix(word, name); ok && (len(rest) == 0 || rest[0] == '=') {
			return true
		}
	}
}

// Values returns the values of a machine word that may be repeated, in order.
func (c *CommandLine) Values(name string) Values {
	return Values{rest: c.machine, then: c.devices, prefix: name, join: "="}
}

// Environment returns the NAME=VALUE strings of the env. words, in order, and HOME and PATH if they are not
// among them.
func (c *CommandLine) Environment() Values {
	return Values{rest: c.machine, then: c.defaults, prefix: "env."}
}

// Arguments returns the program's arguments, without its name.
func (c *CommandLine) Arguments() Values { return Values{rest: c.program} }

// ProgramName is argv[0]: the value of arg0=, or "program". It has a NUL behind it.
func (c *CommandLine) ProgramName() []byte {
	if name, ok := c.Value("arg0"); ok {
		return name
	}
	return defaultName[:len(defaultName)-1]
}

var defaultName = [...]byte{'p', 'r', 'o', 'g', 'r', 'a', 'm', 0}

// Values runs through words of the command line. It is read once.
type Values struct {
	rest, then   []byte
	prefix, join string
}

// Next returns the next one; there is a NUL behind it.
func (v *Values) Next() (value []byte, ok bool) {
	for {
		if len(v.rest) == 0 {
			v.rest, v.then = v.then, nil
		}
		end := index(v.rest, 0)
		if end < 0 {
			return nil, false
		}
		word := v.rest[:end] // with room for the NUL behind it
		v.rest = v.rest[end+1:]
		if value, ok = cutPrefix(word, v.prefix); !ok {
			continue
		}
		if value, ok = cutPrefix(value, v.join); ok {
			return value, true
		}
	}
}

// ArgumentCount is argc: the program's arguments and its name.
func (c *CommandLine) ArgumentCount() int { return c.arguments + 1 }

// VectorLength is how many pointers FillVector writes.
func (c *CommandLine) VectorLength() int { return c.ArgumentCount() + 1 + c.environment + 1 }

// FillVector writes what a Unix process finds on its stack above argc: the pointers to the
// arguments, nil, the pointers to the environment, nil (System V ABI, AMD64 supplement, 3.4.1).
// An auxiliary vector may follow. It reports false if vector is shorter than VectorLength.
func (c *CommandLine) FillVector(vector []*byte) bool {
	if len(vector) < c.VectorLength() {
		return false
	}
	vector[0] = firstByte(c.ProgramName())
	vector = vector[1:]
	vector = fill(vector, c.Arguments(), c.arguments)
	fill(vector, c.Environment(), c.environment)
	return true
}

// fill writes pointers to at most count values, then nil, and returns the rest of vector.
func fill(vector []*byte, values Values, count int) []*byte {
	n := 0
	for ; n < count; n++ {
		value, ok := values.Next()
		if !ok {
			break
		}
		vector[n] = firstByte(value)
	}
	vector[n] = nil
	return vector[n+1:]
}

// firstByte is the address of a word's first byte, or of its NUL if it is empty.
func firstByte(word []byte) *byte { return &word[:1][0] }
