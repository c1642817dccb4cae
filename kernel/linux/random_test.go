package linux

import (
	"bytes"
	"strings"
	"syscall"
	"testing"

	"github.com/ringo-os/ringo/kernel/machine"
	"golang.org/x/sys/unix"
)

// onlyEntropy makes source the only source of entropy during a test.
func onlyEntropy(t *testing.T, source func(p []byte) int) {
	was := entropy.sources
	entropy.sources = []func([]byte) int{source}
	root.left = 0
	t.Cleanup(func() { entropy.sources, root.left = was, 0 })
}

func TestRandom(t *testing.T) {
	a, b := make([]byte, 100), make([]byte, 100)
	if must(t, unix.SYS_GETRANDOM, a, 100, 0) != 100 || must(t, unix.SYS_GETRANDOM, b, 100, 0) != 100 {
		t.Error("not filled")
	}
	if bytes.Equal(a, b) || bytes.Count(a, []byte{0}) > 20 {
		t.Errorf("%x\n%x", a, b)
	}
	fails(t, syscall.EINVAL, unix.SYS_GETRANDOM, a, 100, 8)
}

func TestNoEntropy(t *testing.T) {
	var said string
	machine.Output = func(p []byte) { said += string(p) }
	defer func() { machine.Output = func([]byte) {} }()
	onlyEntropy(t, func(p []byte) int { return 0 })
	if new(generator).fill(make([]byte, 1), seedLasts, seedFromRoot) {
		t.Error("a seed from nothing")
	}
	tellNoEntropy()
	if !strings.Contains(said, "virtio-rng") {
		t.Errorf("said %q", said)
	}
}

// A source may give a little at a time; one that gives nothing does no harm beside another.
func TestSeed(t *testing.T) {
	n := byte(0)
	onlyEntropy(t, func(p []byte) int { n++; p[0] = n; return 1 })
	AddEntropy(func(p []byte) int { return 0 })
	var s [seedSize]byte
	if !seed(&s) || s[0] != 1 || s[31] != 32 {
		t.Error(s)
	}
	g := new(generator)
	var first, second [16]byte
	if !g.fill(first[:], 16, seed) || g.left != 0 {
		t.Error("no generator")
	}
	n = 0 // the same entropy again gives another seed
	if !g.fill(second[:], 16, seed) || first == second {
		t.Error("the same numbers again")
	}
}

// TestRoot: the sources are not asked for each seed, but again and again, and as soon as there is another.
func TestRoot(t *testing.T) {
	asked := 0
	onlyEntropy(t, func(p []byte) int { asked++; return len(p) })
	seeds := map[[seedSize]byte]bool{}
	for range 3 * rootLasts / seedSize {
		var s [seedSize]byte
		if !seedFromRoot(&s) || seeds[s] {
			t.Fatal("no seed, or the same again")
		}
		seeds[s] = true
	}
	if asked != 3 {
		t.Errorf("the source was asked %d times for %d seeds", asked, len(seeds))
	}
	other := 0
	AddEntropy(func(p []byte) int { other++; return len(p) })
	var s [seedSize]byte
	if !seedFromRoot(&s) || other != 1 {
		t.Errorf("the new source was asked %d times", other)
	}
}
