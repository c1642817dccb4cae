// Chance prints random bytes: from crypto/rand, from math/rand, from /dev/urandom, and from the
// order in which a map is walked.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	mathrand "math/rand/v2"
)

func main() {
	key := make([]byte, 32)
	rand.Read(key)
	fmt.Println("crypto", hex.EncodeToString(key))
	fmt.Println("math", mathrand.Uint64(), mathrand.Uint64())
	m := map[int]bool{}
	for i := range 100 {
		m[i] = true
	}
	fmt.Print("map")
	for i := range m {
		fmt.Print(" ", i)
	}
	fmt.Println()
	// Each bit of many bytes is set half of the time; no byte is always the same.
	data := make([]byte, 1<<20)
	rand.Read(data)
	var bits [8]int
	var bytes [256]int
	for _, b := range data {
		bytes[b]++
		for i := range bits {
			bits[i] += int(b >> i & 1)
		}
	}
	for i, n := range bits {
		if n < 1<<19-8000 || n > 1<<19+8000 { // more than 15 standard deviations
			fmt.Println("bit", i, "is set", n, "times")
		}
	}
	for i, n := range bytes {
		if n < 3000 || n > 5200 {
			fmt.Println("byte", i, "occurs", n, "times")
		}
	}
	fmt.Println("ok")
}
