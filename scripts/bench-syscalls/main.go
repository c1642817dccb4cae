// Bench-syscalls measures what system calls take: in an image of Ringo's, where they are function calls,
// and on Debian's kernel for virtual machines.
//
//	make bench-syscalls
//	make bench-syscalls ARGS=-update        writes the table to BENCHMARKS.md
//	make bench-syscalls ARGS='-only pipe'   measures only some
package main

import (
	"time"

	"github.com/ringo-os/ringo/scripts/benchmark"
)

// The targets, as parts of Linux's time.
const (
	calls  = 1.0 / 5
	copies = 1 / 1.2 // what is mostly copying
)

func main() {
	suite := benchmark.Suite{
		Name:    "bench-syscalls",
		Program: "./scripts/bench-syscalls/measured",
		Memory:  512 << 20,
		Cores:   1,
		Limit:   2 * time.Minute,
		Rows: []benchmark.Measure{
			{Name: "getpid", Title: "getpid", Most: calls},
			{Name: "clock-gettime", Title: "clock_gettime", Most: calls},
			{Name: "write-null", Title: "writing a byte to /dev/null", Most: calls},
			{Name: "pipe-ping-pong", Title: "a byte through a pipe and one back, between goroutines", Most: calls},
			{Name: "open-stat-close", Title: "open, fstat, close", Most: calls},
			{Name: "epoll-wake", Title: "eventfd written, found by epoll_wait, read", Most: calls},
			{Name: "read-64KiB", Title: "reading 64 KiB of a file", Most: copies},
			{Name: "write-64KiB", Title: "writing 64 KiB of a file", Most: copies},
		},
	}
	suite.Main()
}
