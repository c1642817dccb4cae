package boot

// A VirtioMMIO is a virtio device at a fixed address.
type VirtioMMIO struct {
	Address, Size uint64
	IRQ           uint32
}

// ParseVirtioMMIO reads the value of virtio_mmio.device=: SIZE@ADDRESS:IRQ[:ID] (Linux,
// Documentation/admin-guide/kernel-parameters.txt).
func ParseVirtioMMIO(value []byte) (device VirtioMMIO, ok bool) {
	at, colon := index(value, '@'), index(value, ':')
	if at < 0 || colon < at {
		return VirtioMMIO{}, false
	}
	size, ok1 := ParseSize(value[:at])
	address, ok2 := ParseSize(value[at+1 : colon])
	text := value[colon+1:]
	if end := index(text, ':'); end >= 0 {
		if _, ok := ParseSize(text[end+1:]); !ok {
			return VirtioMMIO{}, false
		}
		text = text[:end]
	}
	irq, ok3 := ParseSize(text)
	// The registers up to the device's configuration take 0x100 bytes (virtio 1.2, 4.2.2).
	if !ok1 || !ok2 || !ok3 || size < 0x100 || address == 0 || address+size < address || irq > 1<<16 {
		return VirtioMMIO{}, false
	}
	return VirtioMMIO{Address: address, Size: size, IRQ: uint32(irq)}, true
}

// ParseWindow reads the value of window=: the columns and rows of a terminal, such as 80x24.
func ParseWindow(value []byte) (columns, rows uint16, ok bool) {
	const most = 1<<16 - 1
	by := index(value, 'x')
	if by < 0 {
		return 0, 0, false
	}
	c, ok1 := ParseSize(value[:by])
	r, ok2 := ParseSize(value[by+1:])
	if !ok1 || !ok2 || c == 0 || r == 0 || c > most || r > most {
		return 0, 0, false
	}
	return uint16(c), uint16(r), true
}

// ParseFraction reads the value of rtc=: a fraction of a second, in nanoseconds.
func ParseFraction(value []byte) (nanoseconds int64, ok bool) {
	n, ok := ParseSize(value)
	return int64(n), ok && n < 1_000_000_000
}

// ParseSize reads a number, decimal or 0x hexadecimal, with an optional K, M, G or T behind it.
func ParseSize(text []byte) (size uint64, ok bool) {
	base := uint64(10)
	if len(text) > 2 && text[0] == '0' && lower(text[1]) == 'x' {
		base, text = 16, text[2:]
	}
	i := 0
	for ; i < len(text); i++ {
		digit := uint64(99)
		switch c := lower(text[i]); {
		case '0' <= c && c <= '9':
			digit = uint64(c - '0')
		case 'a' <= c && c <= 'f':
			digit = uint64(c-'a') + 10
		}
		if digit >= base {
			break
		}
		if size > (^uint64(0)-digit)/base {
			return 0, false
		}
		size = size*base + digit
	}
	if i == 0 || i+1 < len(text) {
		return 0, false
	}
	if i == len(text) {
		return size, true
	}
	shift := 0
	switch lower(text[i]) {
	case 'k':
		shift = 10
	case 'm':
		shift = 20
	case 'g':
		shift = 30
	case 't':
		shift = 40
	default:
		return 0, false
	}
	if size<<shift>>shift != size {
		return 0, false
	}
	return size << shift, true
}

// serialPorts are the I/O ports of a PC's four serial ports.
var serialPorts = [...]uint16{0x3F8, 0x2F8, 0x3E8, 0x2E8}

// ParseConsole reads the value of console=: "none" (on is false), "ttyS0" to "ttyS3" with Linux's
// optional ",options", which are ignored, or the number of an I/O port.
func ParseConsole(value []byte) (port uint16, on, ok bool) {
	if string(value) == "none" {
		return 0, false, true
	}
	if rest, found := cutPrefix(value, "ttyS"); found {
		if len(rest) == 0 || len(rest) > 1 && rest[1] != ',' || rest[0]-'0' >= byte(len(serialPorts)) {
			return 0, false, false
		}
		return serialPorts[rest[0]-'0'], true, true
	}
	n, found := ParseSize(value)
	if !found || n == 0 || n > 0xFFF8 {
		return 0, false, false
	}
	return uint16(n), true, true
}
