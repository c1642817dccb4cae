package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBalloon: what the program gives back, QEMU gives back to its host.
func TestBalloon(t *testing.T) {
	for _, device := range []string{"virtio-balloon-device", "virtio-balloon-pci"} {
		t.Run(device, func(t *testing.T) {
			t.Parallel()
			pid := filepath.Join(t.TempDir(), "pid")
			c := bare(t, "memory", "wait")
			c.Memory = 512 << 20
			if device == "virtio-balloon-pci" {
				c.Machine = "q35"
			}
			c.Extra = []string{"-device", device + ",free-page-reporting=on", "-pidfile", pid}
			m := start(t, c)
			m.expect("used")
			used := resident(t, pid)
			m.Console.Send("\n")
			m.expect("released")
			left := used
			for range 100 {
				if left = resident(t, pid); used-left > 200<<20 {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			if used-left <= 200<<20 {
				t.Errorf("QEMU has %d MiB, and %d after 256 were given back", used>>20, left>>20)
			}
			m.Console.Send("\n")
			if r := m.wait(); r.status != 0 || !strings.HasSuffix(r.output, "ok\n") {
				t.Errorf("status %d\n%s", r.status, r.output)
			}
		})
	}
}

// resident is how much of the process whose number is in a file is in memory.
func resident(t *testing.T, pidFile string) (bytes int) {
	t.Helper()
	pid, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	if _, err := fmt.Sscan(rest, &bytes); err != nil {
		t.Fatal(err)
	}
	return bytes << 10
}
