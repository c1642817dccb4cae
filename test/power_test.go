package test

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ringo-os/ringo/qemu"
)

// TestPowerButton: the power button is SIGTERM, and a web server answers what it was asked before it ends.
func TestPowerButton(t *testing.T) {
	for _, machine := range qemu.Machines {
		for _, cores := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s/%d", machine, cores), func(t *testing.T) {
				t.Parallel()
				c, port := networked(t, "shutdown")
				c.Machine, c.Cores = machine, cores
				m := start(t, c)
				m.expect("serving")
				answer, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
				if err != nil {
					m.Kill()
					t.Fatal(err)
				}
				defer answer.Body.Close()
				lines := bufio.NewReader(answer.Body)
				if line, err := lines.ReadString('\n'); line != "begun\n" {
					t.Errorf("%q, %v", line, err)
				}
				m.tell("system_powerdown")
				m.expect("terminating")
				if rest, err := io.ReadAll(lines); string(rest) != "complete\n" || err != nil {
					t.Errorf("%q, %v", rest, err)
				}
				if r := m.wait(); r.status != 0 || !strings.HasSuffix(r.output, "ok\n") {
					t.Errorf("status %d\n%s", r.status, r.output)
				}
			})
		}
	}
}

// TestPowerButtonUnheard: a program that does not care is ended, whatever it does.
func TestPowerButtonUnheard(t *testing.T) {
	for _, machine := range qemu.Machines {
		for _, mode := range []string{"busy", "idle"} {
			for _, cores := range []int{1, 2, 8} {
				t.Run(fmt.Sprintf("%s/%s/%d", machine, mode, cores), func(t *testing.T) {
					t.Parallel()
					c := bare(t, "dump", mode)
					c.Machine, c.Cores = machine, cores
					m := start(t, c)
					m.expect("ready")
					m.tell("system_powerdown")
					if r := m.wait(); r.status != 143 {
						t.Errorf("status %d\n%s", r.status, r.output)
					}
				})
			}
		}
	}
}
