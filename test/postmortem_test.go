package test

import (
	"encoding/json"
	"fmt"
	"net"
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

// lastMonitor adds a monitor of the harness's own. Its socket's path must be short, so it is not in the test's folder.
func lastMonitor(c *qemu.Config) (socket string) {
	socket = filepath.Join(scratch, fmt.Sprint("monitor-", monitors.Add(1)))
	c.Extra = append(c.Extra, "-chardev", "socket,id=last,server=on,wait=off,path="+socket, "-mon", "chardev=last,mode=control")
	return socket
}

// examine returns where the cores are, twice, and what they wait for. Then it has the machine say what its goroutines
// do: that is in the machine's output.
func examine(socket string) (said string, err error) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(postMortemTime / 2))
	answers, commands := json.NewDecoder(c), json.NewEncoder(c)
	if err := answers.Decode(new(any)); err != nil { // the greeting
		return "", err
	}
	if err := commands.Encode(map[string]any{"execute": "qmp_capabilities"}); err != nil {
		return "", err
	}
	for _, line := range []string{"info status", "info registers -a", "info lapic", "info registers -a", "nmi"} {
		command := map[string]any{"execute": "human-monitor-command", "arguments": map[string]string{"command-line": line}}
		if err := commands.Encode(command); err != nil {
			return said, err
		}
		for answered := false; !answered; {
			var answer struct {
				Return any
				Event  string
			}
			if err := answers.Decode(&answer); err != nil {
				return said, err
			}
			text, isText := answer.Return.(string)
			said += text
			answered = isText
		}
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
