package test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ringo-os/ringo/qemu"
)

// TestMemory uses a machine's memory up to its end: nothing gets lost.
func TestMemory(t *testing.T) {
	for _, test := range []struct {
		memory    qemu.Size
		cores     int
		arguments []string
	}{
		{16 << 20, 1, []string{"fill", "100"}},
		{64 << 20, 1, []string{"fill", "100"}},
		{64 << 20, 4, []string{"fill", "10"}},
		{1 << 30, 1, []string{"fill", "100"}},
		{64 << 20, 1, []string{"fragment"}},
		{64 << 20, 4, []string{"fragment"}},
		{256 << 20, 1, []string{"stacks"}},
		{256 << 20, 4, []string{"stacks"}},
		{64 << 20, 1, []string{"release"}},
		{512 << 20, 2, []string{"release"}},
		{256 << 20, 1, []string{"reuse", "limit"}},
		{256 << 20, 4, []string{"reuse", "limit"}},
		{256 << 20, 1, []string{"reuse", "all"}},
		{256 << 20, 4, []string{"reuse", "all"}},
	} {
		t.Run(fmt.Sprintf("%s/%s/%d", strings.Join(test.arguments, "-"), test.memory, test.cores), func(t *testing.T) {
			t.Parallel()
			c := bare(t, "memory", test.arguments...)
			c.Memory, c.Cores = test.memory, test.cores
			passes(t, c)
		})
	}
}

// TestMuchMemory is TestMemory for a machine as large as the host can hold. Others are not to run beside it.
func TestMuchMemory(t *testing.T) {
	const size, room = 16 << 30, 2 << 30
	if free := available(t); free < size+room {
		t.Skipf("this computer has %d MiB free; a machine with %d MiB does not fit", free>>20, size>>20)
	}
	c := bare(t, "memory", "fill", "1")
	c.Memory, c.Cores = size, 4
	passes(t, c)
}

// available is how many bytes of this computer's memory a new program can have.
func available(t *testing.T) uint64 {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "\nMemAvailable:")
	var kibibytes uint64
	if _, err := fmt.Sscan(rest, &kibibytes); err != nil {
		t.Fatalf("/proc/meminfo tells no MemAvailable: %v", err)
	}
	return kibibytes << 10
}

// TestExhausted: a program that needs more than there is dies as it does elsewhere, and says how much
// it had.
func TestExhausted(t *testing.T) {
	for _, mode := range []string{"exhaust", "touch", "variable"} {
		for _, memory := range []qemu.Size{16 << 20, 64 << 20, 1 << 30} {
			for _, cores := range []int{1, 4} {
				t.Run(fmt.Sprintf("%s/%s/%d", mode, memory, cores), func(t *testing.T) {
					t.Parallel()
					c := bare(t, "memory", mode)
					c.Memory, c.Cores = memory, cores
					r := boot(t, c)
					for _, want := range []string{
						"runtime: out of memory: cannot allocate ",
						fmt.Sprintf("the machine has %d MiB", memory>>20-1),
						"\nfatal error: runtime: out of memory\n",
						"\ngoroutine 1 ", "\nmain." + mode + "(", "\nmain.main(",
					} {
						if !strings.Contains(r.output, want) {
							t.Errorf("%q is missing", want)
						}
					}
					if t.Failed() || r.status != 2 {
						t.Errorf("status %d\n%.3000s", r.status, r.output)
					}
				})
			}
		}
	}
}

// TestRights: no page can be both written and executed, what is only read is so everywhere, and every
// stack has a guard page.
func TestRights(t *testing.T) {
	for _, cores := range []int{1, 2, 4, 8} {
		t.Run(fmt.Sprint(cores), func(t *testing.T) {
			t.Parallel()
			c := bare(t, "memory", "rights")
			c.Cores = cores
			passes(t, c)
		})
	}
}

// TestPlaces: where memory is, is different in every run, or with norandmaps the same.
func TestPlaces(t *testing.T) {
	t.Parallel()
	places := func(words ...string) string {
		c := bare(t, "memory", "places")
		c.Words = words
		return passes(t, c)
	}
	a, b := strings.Fields(places()), strings.Fields(places())
	if a[0] == b[0] || a[1] == b[1] {
		t.Errorf("%q in one run, %q in another", a, b)
	}
	if a, b := places("norandmaps"), places("norandmaps"); a != b {
		t.Errorf("with norandmaps %q in one run, %q in another", a, b)
	}
}
