package boot

// A Word is a word that the kernel command line knows.
type Word struct {
	// Name is what it starts with: all of it ("quiet"), up to the value ("ip="), or up to a name
	// of the user's ("env.").
	Name string
	// Argument is the form of what follows Name, "" for nothing.
	Argument string
	// Repeatable says that each occurrence counts; otherwise the last one does.
	Repeatable bool
	// Meaning is for the user. The meaning of a word that is Ignored is who adds it.
	Meaning string
	Ignored bool

	check check
}

// check is how ParseCommandLine checks a value.
type check uint8

const (
	anything check = iota
	notEmpty
	isEnvironment
	isSize
	isConsole
	isPipe
	isWindow
	isFraction
	isVirtioMMIO
	isObserved
	isPath
	isLog
)

// Words is every word that may stand before "--" on the kernel command line. Words behind it are
// the program's arguments. Quoting is the shell's: spaces divide words, but not in 'single' or
// "double" quotes or after a backslash; nothing is expanded.
var Words = [...]Word{
	{Name: "ip=", Argument: "ADDR/LEN[,GATEWAY[,DNS...]][@MAC] or dhcp[@MAC] or none", Repeatable: true, check: notEmpty,
		Meaning: "the address of the network interface, or of the one with hardware address MAC; dhcp if left out"},
	{Name: "dns=", Argument: "ADDR[,ADDR...]", Repeatable: true, check: notEmpty,
		Meaning: "DNS servers, instead of those that DHCP names"},
	{Name: "hostname=", Argument: "NAME", check: notEmpty,
		Meaning: "the machine's name; what DHCP says, or ringo, if left out"},
	{Name: "env.", Argument: "NAME=VALUE", Repeatable: true, check: isEnvironment,
		Meaning: "an environment variable of the program; HOME and PATH are there without"},
	{Name: "cwd=", Argument: "DIR", check: notEmpty,
		Meaning: "the program's working directory; / if left out"},
	{Name: "arg0=", Argument: "NAME",
		Meaning: "the program's own name, os.Args[0]; program if left out"},
	{Name: "console=", Argument: "ttyS0 to ttyS3, an I/O port, or none", check: isConsole,
		Meaning: "where standard input, output and error are; the first serial port if left out"},
	{Name: "pipe=", Argument: "stdin, stdout or stdin,stdout", check: isPipe,
		Meaning: "what of the console is no terminal but a pipe, byte for byte; on the way in, byte 16 quotes the next (see Pipes)"},
	{Name: "window=", Argument: "COLUMNSxROWS", check: isWindow,
		Meaning: "the size of the terminal that the console is; 80x24 if left out"},
	{Name: "rtc=", Argument: "NANOSECONDS", check: isFraction,
		Meaning: "how far into a second of the world one of the real-time clock begins; QEMU's begins when QEMU starts; 0 if left out"},
	{Name: "log=", Argument: "udp://HOST[:PORT] or tcp://HOST[:PORT]", check: isLog,
		Meaning: "a syslog server, by address or by name (which the machine's name servers know), that gets what the program writes to standard output and error, and to /dev/log, and what the kernel says; all of it stays on the console, too"},
	{Name: "quiet",
		Meaning: "the kernel says nothing unless something is wrong"},
	{Name: "debug=", Argument: "TOPIC[,TOPIC...]", Repeatable: true, check: notEmpty,
		Meaning: "what the kernel tells about itself on the console (boot, memory; mappings: at the end), or how it fails, to see what that looks like (fault, hang, lock, doublefault, machinecheck)"},
	{Name: "syscalls=", Argument: "count, trace or count,trace", check: isObserved,
		Meaning: "tell of the program's system calls: a table of them all at the end, or each as it returns"},
	{Name: "export=", Argument: "PATH", Repeatable: true, check: isPath,
		Meaning: "a file or folder that the machine hands to its host when the program has ended: all of them, as a newc archive, through the first virtio console"},
	{Name: "memory=", Argument: "SIZE[K|M|G]", check: isSize,
		Meaning: "use no memory from this physical address on"},
	{Name: "norandmaps",
		Meaning: "the image is where it was linked, and the heap, the direct map and what the program maps have the same addresses in every run, for debugging"},
	{Name: "virtio_mmio.device=", Argument: "SIZE@ADDRESS:IRQ[:ID]", Repeatable: true, check: isVirtioMMIO,
		Meaning: "a virtio device; QEMU's microvm without ACPI and Firecracker add these, at the very end of the line, where they count even behind --"},

	{Name: "BOOT_IMAGE=", Ignored: true, Meaning: "added by GRUB and SYSLINUX"},
	{Name: "initrd=", Ignored: true, Meaning: "added by SYSLINUX"},
	{Name: "root=", Ignored: true, Meaning: "added by Firecracker"},
	{Name: "ro", Ignored: true, Meaning: "added by Firecracker"},
	{Name: "rw", Ignored: true, Meaning: "added by Firecracker"},
	{Name: "reboot=", Ignored: true, Meaning: "added by Firecracker"},
	{Name: "panic=", Ignored: true, Meaning: "added by Firecracker"},
	{Name: "pci=", Ignored: true, Meaning: "added by Firecracker"},
	{Name: "nomodule", Ignored: true, Meaning: "added by Firecracker"},
	{Name: "swiotlb=", Ignored: true, Meaning: "added by Firecracker"},
	{Name: "8250.nr_uarts=", Ignored: true, Meaning: "added by Firecracker"},
	{Name: "i8042.", Ignored: true, Meaning: "added by Firecracker"},
}

// takesValue and isPrefix tell the three forms of a word apart.
func (w *Word) takesValue() bool { return w.Name[len(w.Name)-1] == '=' }
func (w *Word) isPrefix() bool   { return w.Name[len(w.Name)-1] == '.' }

// stem is the name without the character that joins it to what follows.
func (w *Word) stem() string {
	if w.takesValue() || w.isPrefix() {
		return w.Name[:len(w.Name)-1]
	}
	return w.Name
}

// checkWord checks a machine word against the table.
func checkWord(word []byte) (problem Problem, suggestion string) {
	for i := range Words {
		w := &Words[i]
		rest, ok := cutPrefix(word, w.Name)
		switch {
		case w.takesValue() && !ok && string(word) == w.stem():
			return "A word on the kernel command line needs a value.", w.Name
		case !ok:
		case w.takesValue() || w.isPrefix():
			return w.checkValue(rest), w.Name
		case len(rest) == 0:
			return "", ""
		case rest[0] == '=':
			return "A word on the kernel command line takes no value.", w.Name
		}
	}
	return "The kernel command line has a word that nobody knows (arguments of the program go behind --).", nearest(word)
}

func (w *Word) checkValue(value []byte) Problem {
	ok := true
	switch w.check {
	case notEmpty:
		if len(value) == 0 {
			return "A word on the kernel command line needs a value."
		}
	case isEnvironment:
		if i := index(value, '='); i <= 0 {
			return "An environment variable on the kernel command line must have the form env.NAME=VALUE."
		}
	case isSize:
		var size uint64
		if size, ok = ParseSize(value); !ok || size == 0 {
			return "A size on the kernel command line must be a number of bytes, or one with K, M or G behind it."
		}
	case isConsole:
		if _, _, ok = ParseConsole(value); !ok {
			return "The console on the kernel command line must be ttyS0 to ttyS3, the number of an I/O port, or none."
		}
	case isPipe:
		if _, ok = ParsePipes(value); !ok {
			return "The word pipe= on the kernel command line takes stdin, stdout or stdin,stdout."
		}
	case isWindow:
		if _, _, ok = ParseWindow(value); !ok {
			return "The word window= on the kernel command line takes columns and rows, such as 80x24."
		}
	case isFraction:
		if _, ok = ParseFraction(value); !ok {
			return "The word rtc= on the kernel command line takes nanoseconds, less than 1000000000."
		}
	case isObserved:
		if _, ok = ParseObserved(value); !ok {
			return "The word syscalls= on the kernel command line takes count, trace or count,trace."
		}
	case isPath:
		if len(value) == 0 || value[0] != '/' {
			return "The word export= on the kernel command line takes a path that begins with /."
		}
	case isLog:
		udp, ok1 := cutPrefix(value, "udp://")
		tcp, ok2 := cutPrefix(value, "tcp://")
		if !ok1 && !ok2 || len(udp)+len(tcp) == 0 {
			return "The word log= on the kernel command line takes udp://HOST:PORT or tcp://HOST:PORT."
		}
	case isVirtioMMIO:
		if _, ok = ParseVirtioMMIO(value); !ok {
			return "A virtio_mmio.device on the kernel command line must have the form SIZE@ADDRESS:IRQ, such as 512@0xfeb00000:5."
		}
	}
	return ""
}

// cutPrefix returns what follows prefix in word.
func cutPrefix(word []byte, prefix string) (rest []byte, ok bool) {
	if len(word) < len(prefix) || string(word[:len(prefix)]) != prefix {
		return nil, false
	}
	return word[len(prefix):], true
}

// index is where the first c is in b, -1 if nowhere.
func index(b []byte, c byte) int {
	for i := range b {
		if b[i] == c {
			return i
		}
	}
	return -1
}
