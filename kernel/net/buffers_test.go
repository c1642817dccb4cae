package net

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestShares: the more connections there are, the smaller are their buffers, also those of connections that have been there
// for long; what the program has chosen stays.
func TestShares(t *testing.T) {
	n := machineNetwork
	all := n.shares.all
	t.Cleanup(func() { n.shares.all = all; n.share() })
	size := func(fd int) int { return getOption(t, fd, unix.SOL_SOCKET, unix.SO_SNDBUF) }

	first, _ := connected(t)
	before := size(first)
	chosen, _ := connected(t)
	setInt(t, chosen, unix.SOL_SOCKET, unix.SO_SNDBUF, 200_000)

	n.shares.all = int(n.patience.established.Value()) * before / 3
	later, laterServer := connected(t)
	for _, fd := range []int{later, laterServer} {
		if got := size(fd); got > before/3 || got < before/8 {
			t.Errorf("a new connection has %d bytes of %d", got, before)
		}
		if got := getOption(t, fd, unix.SOL_SOCKET, unix.SO_RCVBUF); got > before/3 || got < before/8 {
			t.Errorf("a new connection has %d bytes to receive of %d", got, before)
		}
	}
	packetSockets.Add(1) // so that it goes by the stack
	defer packetSockets.Add(-1)
	old, _ := connected(t)
	n.shares.all /= 4
	connected(t)
	write(t, old, "now")
	if got := size(old); got > before/12 {
		t.Errorf("an old connection keeps %d bytes of %d", got, before)
	}
	if got := size(chosen); got != 400_000 {
		t.Errorf("the program's choice has become %d bytes", got)
	}
	n.shares.all = all
	connected(t)
	write(t, old, "again")
	if got := size(old); got != before {
		t.Errorf("with much memory, it has %d bytes, not %d", got, before)
	}
}
