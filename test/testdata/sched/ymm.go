package main

import "math/rand/v2"

//go:noescape
func hold(pattern *[16][32]byte, n int) (changed int)

// ymm keeps a pattern of its own in the vector registers for longer than a turn lasts.
func ymm() {
	var pattern [16][32]byte
	for i := range pattern {
		for j := range pattern[i] {
			pattern[i][j] = byte(rand.Uint32())
		}
	}
	check(hold(&pattern, 20_000_000) == 0, "a vector register has changed")
}
