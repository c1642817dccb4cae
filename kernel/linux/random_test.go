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
	t.Cleanup(func() { entropy.sources = was })
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
	if new(generator).renew() {
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
	if !g.renew() || g.left != seedLasts {
		t.Error("no generator")
	}
	var first, second [16]byte
	g.random.Read(first[:])
	n = 0 // the same entropy again gives another seed
	g.renew()
	g.random.Read(second[:])
	if first == second {
		t.Error("the same numbers again")
	}
}
