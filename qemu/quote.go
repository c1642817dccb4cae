package qemu

import "strings"

// Quote writes a word for the kernel command line, whose quoting is the shell's. A word that could
// be taken for one of the machine's own (virtio_mmio.device=, which counts even behind "--") or
// for the "--" itself is quoted in any case.
func Quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_=+./,:@%^~", r)
	}
	if word != "" && strings.TrimLeftFunc(word, plain) == "" && word != "--" && !strings.HasPrefix(word, "virtio_mmio") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
