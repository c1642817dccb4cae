package test

import (
	"context"
	"os/exec"
	"testing"
	"time"
)

// TestSoak runs scripts/soak for a minute; make soak does so for as long as one likes.
func TestSoak(t *testing.T) {
	t.Parallel()
	machines <- struct{}{}
	defer func() { <-machines }()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "run", "../scripts/soak", "-ringo", ringo, "-time", "60s").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
