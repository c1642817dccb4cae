//go:build ringo

package runtime

// What the runtime itself writes to the console, for a kernel that also sends it elsewhere.

import (
	"internal/runtime/atomic"
	_ "unsafe" // for linkname

	"github.com/ringo-os/ringo/kernel/machine"
)

// outputTap keeps what was written until the kernel takes it. Without a ring nobody wants it. Both counts only
// grow; they and the ring are guarded by consoleLock.
var outputTap struct {
	ring     []byte
	in, out  uint64 // bytes that were put in and taken out
	lost     uint64 // bytes that found no room
	source   machine.Source
	attached atomic.Bool
}

// tapOutput keeps p, and reports whether anybody wants it. consoleLock is held.
func tapOutput(p []byte) bool {
	t := &outputTap
	if !t.attached.Load() {
		return false
	}
	for _, b := range p {
		if t.in-t.out == uint64(len(t.ring)) {
			t.lost++
			continue
		}
		t.ring[t.in%uint64(len(t.ring))] = b
		t.in++
	}
	return true
}

//go:linkname machine_TapOutput github.com/ringo-os/ringo/kernel/machine.TapOutput
func machine_TapOutput(ring []byte) *machine.Source {
	outputTap.ring = ring
	machine_Register(&outputTap.source)
	outputTap.attached.Store(true)
	return &outputTap.source
}

//go:linkname machine_TakeOutput github.com/ringo-os/ringo/kernel/machine.TakeOutput
func machine_TakeOutput(p []byte) (n int, lost uint64) {
	systemstack(func() {
		t := &outputTap
		flags := consoleLock.lock()
		for n < len(p) && t.out < t.in {
			p[n] = t.ring[t.out%uint64(len(t.ring))]
			t.out++
			n++
		}
		lost, t.lost = t.lost, 0
		consoleLock.unlock(flags)
	})
	return n, lost
}

// panicText is told what a panic that ends the program is about to print. Set once, while the kernel is
// initialised.
var panicText func([]byte)

//go:linkname machine_OnPanic github.com/ringo-os/ringo/kernel/machine.OnPanic
func machine_OnPanic(f func(text []byte)) { panicText = f }

// panicTextSize bounds what describePanic returns.
const panicTextSize = 64 << 10

// describePanic returns what fatalpanic prints of p and the goroutine that panics.
func describePanic(p *_panic) []byte {
	text := make([]byte, panicTextSize)
	gp := getg()
	gp.writebuf = text[:0:len(text)] // where print puts it
	printpanics(p)
	print("\n")
	n := len(gp.writebuf)
	gp.writebuf = nil
	return text[:n+Stack(text[n:], false)]
}
