package boot

// A CommandLine is a parsed kernel command line. The zero value is an empty one.
//
// Every word in it lies in the buffer given to ParseCommandLine, unquoted and with a NUL behind it,
// so that &word[0] is a C string (word itself ends before its NUL).
type CommandLine struct {
	// Bad is the word that a Problem is about, Suggestion the known word nearest to it (or "").
	Bad        []byte
	Suggestion string

	machine     []byte // words before "--", each with its NUL
	program     []byte // words after it
	arguments   int    // how many words in program
	environment int    // how many env. words in machine
}

// CommandLineBuffer is the buffer that ParseCommandLine needs for a line of the given length.
func CommandLineBuffer(length int) int { return length + 1 }

// ParseCommandLine splits line into words by the rules of the shell (spaces, 'single quotes',
// "double quotes" with backslash escapes, backslash) and checks those before the word "--" against
// the table of known words. When it reports a Problem, c.Bad says which word it is about.
func ParseCommandLine(c *CommandLine, line, buffer []byte) Problem { return "" }

// Value returns what follows NAME= in the last machine word of that name.
func (c *CommandLine) Value(name string) (value []byte, ok bool) { return nil, false }

// Has reports whether the machine word name is there, with or without a value.
func (c *CommandLine) Has(name string) bool { return false }

// Values returns the values of a machine word that may be repeated, in order.
func (c *CommandLine) Values(name string) Values { return Values{} }

// Environment returns the NAME=VALUE strings of the env. words, in order.
func (c *CommandLine) Environment() Values { return Values{} }

// Arguments returns the program's arguments, without its name.
func (c *CommandLine) Arguments() Values { return Values{} }

// ProgramName is argv[0]: the value of arg0=, or "program". It has a NUL behind it.
func (c *CommandLine) ProgramName() []byte { return nil }

// Values runs through words.
type Values struct {
	rest   []byte
	prefix string
}

// Next returns the next one; there is a NUL behind it.
func (v *Values) Next() (value []byte, ok bool) { return nil, false }

// ArgumentCount is argc: the program's arguments and its name.
func (c *CommandLine) ArgumentCount() int { return 0 }

// VectorLength is how many pointers FillVector writes.
func (c *CommandLine) VectorLength() int { return 0 }

// FillVector writes what a Unix process finds on its stack above argc: the pointers to the
// arguments, nil, the pointers to the environment, nil (System V ABI, AMD64 supplement, 3.4.1).
// An auxiliary vector may follow. It reports false if vector is shorter than VectorLength.
func (c *CommandLine) FillVector(vector []*byte) bool { return false }

// A VirtioMMIO is a virtio device at a fixed address.
type VirtioMMIO struct {
	Address, Size uint64
	IRQ           uint32
}

// ParseVirtioMMIO reads the value of virtio_mmio.device=: SIZE@ADDRESS:IRQ[:ID] (Linux,
// Documentation/admin-guide/kernel-parameters.txt).
func ParseVirtioMMIO(value []byte) (device VirtioMMIO, ok bool) { return }

// ParseSize reads a number, decimal or 0x hexadecimal, with an optional K, M, G or T behind it.
func ParseSize(text []byte) (size uint64, ok bool) { return }

// ParseConsole reads the value of console=: "none" (on is false), "ttyS0" to "ttyS3" with Linux's
// optional ",options", or the number of an I/O port.
func ParseConsole(value []byte) (port uint16, on, ok bool) { return }
