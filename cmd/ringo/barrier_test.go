//go:build linux

package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// late are the functions of early code that run only while the machine starts, or on a goroutine: a
// pointer that they write may need the garbage collector's attention.
var late = regexp.MustCompile(`\.start[A-Z]\w*$|\.(Init|init|SetNodes|prepareIdle|newCore)$|^ringo_os/kernel/machine\.|\.machine_\w+`)

// TestNoWriteBarrier: code that runs without a P, and so in interrupt handlers, writes no pointer into
// the heap. The compiler checks that within a package; this looks at an image.
func TestNoWriteBarrier(t *testing.T) {
	t.Parallel()
	image, err := program()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "tool", "objdump", "-s",
		`^(ringo_os/(kernel/early/.*|drivers/uart\..*)|runtime\..*)$`, image).Output()
	if err != nil {
		t.Fatal(err)
	}
	// The files of the runtime that hold what interrupts, exceptions and switches of threads run.
	early := regexp.MustCompile(`^TEXT (\S+)\(SB\) .*/(ringo_os/(?:kernel/early|drivers/uart)/.*|` +
		`ringo_(?:traps|interrupts|spin|preempt|time|threads|cores|memory)\.go)$`)
	functions, name := 0, ""
	seen := map[string]bool{}
	for text := range strings.Lines(string(out)) {
		if strings.HasPrefix(text, "TEXT ") {
			name = ""
			if m := early.FindStringSubmatch(strings.TrimSpace(text)); m != nil && !late.MatchString(m[1]) {
				name = m[1]
				seen[name] = true
				functions++
			}
		} else if name != "" && strings.Contains(text, "gcWriteBarrier") {
			t.Errorf("%s writes a pointer with a write barrier: %s", name, strings.TrimSpace(text))
		}
	}
	for _, name := range []string{"runtime.trap", "runtime.interrupt", "runtime.exception", "runtime.receiveConsole",
		"ringo_os/kernel/early/thread.(*Core).Tick"} {
		if !seen[name] {
			t.Errorf("%s is not among the %d functions that were looked at", name, functions)
		}
	}
}
