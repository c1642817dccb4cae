//go:build ringo

package kernel

import (
	"sync"

	"github.com/ringo-os/ringo/drivers/virtio/rng"
	"github.com/ringo-os/ringo/kernel/linux"
)

// devices are the machine's entropy devices. They are looked for when the first random number is
// asked for: a program that asks for none starts without.
var devices = sync.OnceValue(rng.Sources)

func init() {
	linux.AddEntropy(func(p []byte) int {
		filled := 0
		for _, fill := range devices() {
			// One is enough; package linux mixes it with the processor's numbers.
			if filled += fill(p[filled:]); filled == len(p) {
				break
			}
		}
		return filled
	})
}
