package test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestConformance runs the stock tests of a few packages of std in machines of four cores, as `make
// conformance` does with all of them. Package time is one that the kernel itself needs.
func TestConformance(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds much of std more than once")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "run", "./scripts/conformance", "-short", "-smp", "4", "-ringo", ringo,
		"sync", "sync/atomic", "context", "time")
	cmd.Dir = ".."
	cmd.WaitDelay = time.Second
	machines <- struct{}{}
	out, err := cmd.CombinedOutput()
	<-machines
	text := string(out)
	if err != nil || !strings.Contains(text, "[4/4] time ") {
		t.Fatalf("%v\n%s", err, text)
	}
	_, table, _ := strings.Cut(text, "\n\n")
	t.Log("\n" + table)
}
