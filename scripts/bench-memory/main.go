// Bench-memory measures what memory costs: in an image of Ringo's, and on Debian's kernel for virtual
// machines, on one core.
//
//	make bench-memory
//	make bench-memory ARGS=-update        writes the table to BENCHMARKS.md
//	make bench-memory ARGS='-only grow'   measures only some
package main

import (
	"time"

	"github.com/ringo-os/ringo/scripts/benchmark"
)

func main() {
	suite := benchmark.Suite{
		Name:    "bench-memory",
		Program: "./scripts/bench-memory/measured",
		Memory:  1 << 30,
		Cores:   1,
		Limit:   4 * time.Minute,
		Rows: []benchmark.Measure{
			{Name: "touch-heap", Title: "first touch of a page, heap", Most: 1.0 / 5},
			{Name: "touch-mapped", Title: "first touch of a page, mmap", Most: 1.0 / 5},
			{Name: "touch-mapped-small", Title: "first touch of a page, mmap with MADV_NOHUGEPAGE", Most: 1.0 / 5},
			{Name: "grow-512MiB", Title: "growing a heap to 512 MiB, of small objects", Most: 1.0 / 2},
			{Name: "allocate-512MiB", Title: "allocating 512 MiB that is never touched, in pieces of 32 KiB"},
			{Name: "clear-512MiB", Title: "clearing 512 MiB", Most: 1},
			{Name: "collect-512MiB", Title: "garbage collection over 512 MiB", Most: 1},
			{Name: "release-256MiB", Title: "releasing 256 MiB", Most: 1},
			{Name: "map-unmap", Title: "mapping, touching and unmapping 64 KiB", Most: 1},
			{Name: "protect", Title: "mprotect of 64 KiB, to and fro", Most: 1},
		},
	}
	suite.Main()
}
