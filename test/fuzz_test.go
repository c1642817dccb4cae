package test

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestFuzzCalls: whatever a program asks for, the kernel answers, and does not fail.
func TestFuzzCalls(t *testing.T) {
	for _, test := range []struct{ cores, seconds int }{{1, 20}, {4, 40}} {
		t.Run(fmt.Sprint(test.cores), func(t *testing.T) {
			t.Parallel()
			seed := fmt.Sprint(rand.Uint32())
			c := bare(t, "fuzz", fmt.Sprint(test.seconds), seed)
			c.Memory, c.Cores = 512<<20, test.cores
			t.Log(passes(t, c))
		})
	}
}
