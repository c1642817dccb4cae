package test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringo-os/ringo/qemu"
)

// A machine that hangs is asked what it does before its time is up: the next one may not for a long time.

// postMortemTime is how long before the end of a machine's time it is asked.
const postMortemTime = 10 * time.Second

var monitors atomic.Int32

// monitorSocket is where a machine's monitor is. Its path must be short, so it is not in the test's folder.
func monitorSocket() string { return filepath.Join(scratch, fmt.Sprint("monitor-", monitors.Add(1))) }

// tell gives QEMU a command.
func (m *machine) tell(line string) {
	m.t.Helper()
	monitor, err := qemu.DialMonitor(m.monitor, postMortemTime)
	if err != nil {
		m.t.Fatal(err)
	}
	defer monitor.Close()
	if _, err := monitor.Say(line); err != nil {
		m.t.Fatal(err)
	}
}

// examine returns where the cores are, twice, and what they wait for. Then it has the machine say what its goroutines
// do: that is in the machine's output.
func examine(socket string) (said string, err error) {
	monitor, err := qemu.DialMonitor(socket, postMortemTime/2)
	if err != nil {
		return "", err
	}
	defer monitor.Close()
	for _, line := range []string{"info status", "info registers -a", "info lapic", "info registers -a", "nmi"} {
		answer, err := monitor.Say(line)
		if err != nil {
			return said, err
		}
		said += answer
	}
	return strings.Join(slices.DeleteFunc(strings.Split(said, "\r\n"), vectorState.MatchString), "\n"), nil
}

// vectorState is in the answers, and tells nothing about a hang.
var vectorState = regexp.MustCompile("^(YMM|XMM|FPR|FCW)")

// TestPostMortem: the harness gets an answer from a machine that does nothing.
func TestPostMortem(t *testing.T) {
	t.Parallel()
	c := bare(t, "dump", "idle")
	c.Cores = 2
	m := start(t, c)
	m.expect("ready")
	said, err := examine(m.monitor)
	if err != nil || strings.Count(said, "CPU#1") != 2 || strings.Count(said, "RIP=") != 4 || !strings.Contains(said, "APR ") {
		t.Errorf("%v\n%s", err, said)
	}
	if r := m.wait(); r.status != 2 || !strings.Contains(r.output, "SIGQUIT: quit") {
		t.Errorf("status %d\n%s", r.status, r.output)
	}
}
