package test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ringo-os/ringo/qemu"
)

// nodes makes a machine of 4 cores one with nodes of these sizes, which share the cores. Of two, each is at
// a distance of its own from the other.
func nodes(c qemu.Config, sizes ...qemu.Size) qemu.Config {
	c.Machine, c.Cores, c.Memory = qemu.Q35, 4, 0
	for i, size := range sizes {
		c.Memory += size
		c.Extra = append(c.Extra, "-object", fmt.Sprintf("memory-backend-ram,id=m%d,size=%d", i, size),
			"-numa", fmt.Sprintf("node,nodeid=%d,memdev=m%d", i, i))
	}
	for core := range c.Cores {
		c.Extra = append(c.Extra, "-numa", fmt.Sprintf("cpu,node-id=%d,socket-id=0,core-id=%d,thread-id=0", core*len(sizes)/c.Cores, core))
	}
	if len(sizes) == 2 {
		c.Extra = append(c.Extra, "-numa", "dist,src=0,dst=1,val=17", "-numa", "dist,src=1,dst=0,val=23")
	}
	return c
}

// TestNUMA: memory is near to the core that asks for it, as far as there is any.
func TestNUMA(t *testing.T) {
	two := []qemu.Size{128 << 20, 128 << 20}
	for _, test := range []struct {
		program, arguments string
		sizes              []qemu.Size
		want               string
	}{
		{"numa", "files", two, `online 0-1
possible 0-1
has_cpu 0-1
has_memory 0-1
node0 2 cores, 128 MiB, distances 10 17
node1 2 cores, 128 MiB, distances 23 10
`},
		{"numa", "near", two, ""},
		{"numa", "full", two, ""},
		{"numa", "near", []qemu.Size{32 << 20, 32 << 20, 64 << 20, 33 << 20}, ""},
		{"memory", "fill 4", two, ""},
		{"memory", "fragment", two, ""},
		{"memory", "reuse limit", two, ""},
		{"mmap", "churn", two, ""},
	} {
		t.Run(fmt.Sprintf("%s/%s/%d", test.program, strings.ReplaceAll(test.arguments, " ", "-"), len(test.sizes)), func(t *testing.T) {
			t.Parallel()
			got := passes(t, nodes(bare(t, test.program, strings.Fields(test.arguments)...), test.sizes...))
			if test.want != "" && got != test.want+"ok\n" {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

// TestOneNode: a machine about whose memory nothing is known is one node.
func TestOneNode(t *testing.T) {
	t.Parallel()
	c := bare(t, "numa", "files")
	c.Cores = 4
	want := "online 0\npossible 0\nhas_cpu 0\nhas_memory 0\nnode0 4 cores, 128 MiB, distances 10\nok\n"
	if got := passes(t, c); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
