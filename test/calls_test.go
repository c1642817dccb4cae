package test

import (
	"testing"
)

// TestCalls runs the modes of testdata/calls that do the same on Linux, and compares.
func TestCalls(t *testing.T) {
	for _, mode := range []string{"signals", "timers", "process", "chroot", "posix", "membarriers", "processvm", "self", "futex", "stale"} {
		t.Run(mode, func(t *testing.T) { asOnLinux(t, "calls", mode) })
	}
}

// TestBarrier: membarrier is one, on every core that runs the program.
func TestBarrier(t *testing.T) {
	t.Parallel()
	for _, cores := range []int{2, 4} {
		c := bare(t, "calls", "barrier")
		c.Cores = cores
		passes(t, c)
	}
}

// TestPowerOff: a program can turn the machine off, as the first process of a Linux can.
func TestPowerOff(t *testing.T) {
	t.Parallel()
	if r := boot(t, bare(t, "calls", "off")); r.status != 0 || r.output != "<nil> invalid argument\n" {
		t.Errorf("%+v", r)
	}
}

// TestSignalfdFromOutside: Ctrl-C and the power button get to who takes signals that are blocked.
func TestSignalfdFromOutside(t *testing.T) {
	t.Parallel()
	c := bare(t, "calls", "keys")
	m := start(t, c)
	m.expect("waiting")
	m.Console.Send("\x03")
	m.expect("interrupt code 128")
	m.tell("system_powerdown")
	m.expect("terminated code 128")
	if r := m.wait(); r.status != 0 {
		t.Errorf("%+v", r)
	}
}
