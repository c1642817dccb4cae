package test

import (
	"bufio"
	"debug/elf"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestTranslation: an emulator translates a program's code once. QEMU's translation is good for one state of
// the processor (segments, AVX, ...): code that runs with SS null after an interrupt, and without before, is
// translated twice, and that is what starting under emulation takes its time for.
func TestTranslation(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "log")
	c := bare(t, "clock", "timers") // many interrupts switch threads
	c.Extra = []string{"-d", "in_asm", "-D", log}
	c.Words = []string{"norandmaps"} // else what moves the image is translated where nobody looks
	if r := boot(t, c); r.status != 0 {
		t.Fatalf("%+v", r)
	}
	blocks, again := translated(t, c.Image, log)
	if blocks < 1000 {
		t.Skipf("QEMU has logged the translation of %d blocks only", blocks)
	}
	t.Logf("%d blocks translated, %d of them again", blocks, again)
	if again > blocks/50 {
		t.Errorf("of %d blocks that QEMU has translated, it had %d translated before", blocks, again)
	}
}

// translated counts the blocks of an image's code in QEMU's log of what it translated, and those that it had
// translated before. A block is the line "IN:" and its instructions, each behind its address.
func translated(t *testing.T, image, log string) (blocks, again int) {
	t.Helper()
	program, err := elf.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	text := program.Section(".text")
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen := map[uint64]bool{}
	first := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "IN:") {
			first = true
			continue
		}
		number, _, ok := strings.Cut(strings.TrimPrefix(line, "0x"), ":")
		address, err := strconv.ParseUint(number, 16, 64)
		if !first || !ok || err != nil {
			continue
		}
		first = false
		if address < text.Addr || address >= text.Addr+text.Size {
			continue
		}
		if blocks++; seen[address] {
			again++
		}
		seen[address] = true
	}
	return blocks, again
}
