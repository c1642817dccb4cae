// Bench-network measures connections inside a machine, over its loopback interface: what the TCP/IP of an image of
// Ringo's takes, which is Go, and that of Debian's kernel for virtual machines. No device and no other process has a
// part in it.
//
//	make bench-network
//	make bench-network ARGS=-update        writes the table to BENCHMARKS.md
//	make bench-network ARGS='-only http'   measures only some
package main

import (
	"time"

	"github.com/ringo-os/ringo/scripts/benchmark"
)

func main() {
	const target = 1 // nothing may be slower
	suite := benchmark.Suite{
		Name:    "bench-network",
		Program: "./scripts/bench-network/measured",
		Memory:  512 << 20,
		Cores:   1,
		Limit:   2 * time.Minute,
		Rows: []benchmark.Measure{
			{Name: "tcp-ping-pong", Title: "a byte over a TCP connection and one back", Most: target},
			{Name: "tcp-connect", Title: "a TCP connection made, accepted and closed", Most: target},
			{Name: "tcp-stream", Title: "16 MiB over a TCP connection, in pieces of 64 KiB", Most: target},
			{Name: "udp-ping-pong", Title: "a byte in a UDP datagram and one back", Most: target},
			{Name: "unix-ping-pong", Title: "a byte over a Unix stream socket and one back", Most: target},
			{Name: "http-request", Title: "an HTTP request and its answer, on a connection that is kept", Most: target},
			{Name: "http-connection", Title: "an HTTP request and its answer, on a connection of its own", Most: target},
		},
	}
	suite.Main()
}
