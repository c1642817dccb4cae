package test

import "testing"

// TestPacketSocket: a program can put frames of its own on the wire, and sees those that come.
func TestPacketSocket(t *testing.T) {
	t.Parallel()
	c, _ := networked(t, "arp", hostAddress)
	if r := boot(t, c); r.status != 0 || r.output != hostAddress+" is at 52:55:0a:00:02:02\n" {
		t.Errorf("%+v", r)
	}
}
