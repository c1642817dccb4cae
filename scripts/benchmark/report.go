package benchmark

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/ringo-os/ringo/qemu"
)

// Heading says when, with what and where it was measured, how often.
func Heading(ctx context.Context, runs int) string {
	version, _ := Output(ctx, "", qemu.Program, "--version")
	version, _, _ = strings.Cut(version, "\n")
	commit, _ := Output(ctx, "", "git", "describe", "--always", "--dirty")
	return fmt.Sprintf("%s, %s, %s, commit %s, on %d cores of %s; medians of %d (lowest to highest).\n",
		time.Now().Format(time.DateOnly), version, runtime.Version(), strings.TrimSpace(commit), runtime.NumCPU(), hostProcessor(), runs)
}

// hostProcessor is what /proc/cpuinfo calls this host's.
func hostProcessor() string {
	cpuinfo, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(cpuinfo)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// Median is the value in the middle, or between the two there. There is at least one.
func Median[T ~int64 | ~float64](values []T) T {
	values = slices.SortedFunc(slices.Values(values), cmp.Compare)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

// Row is a line of a table.
func Row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

// Head is the first two lines of a table.
func Head(cells ...string) string {
	rules := slices.Repeat([]string{"---"}, len(cells))
	return Row(cells...) + Row(rules...)
}

// The part of BENCHMARKS.md that UpdateFile writes for `make NAME`.
const (
	partStart = "<!-- make %s ARGS=-update writes from here -->\n"
	partEnd   = "<!-- to here -->\n"
)

// UpdateFile puts text into the part of a file that belongs to the benchmark with a name.
func UpdateFile(file, name, text string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	start := fmt.Sprintf(partStart, name)
	before, rest, ok1 := strings.Cut(string(content), start)
	_, after, ok2 := strings.Cut(rest, partEnd)
	if !ok1 || !ok2 {
		return errors.New(file + " has no place for the table of " + name)
	}
	return os.WriteFile(file, []byte(before+start+"\n"+text+"\n"+partEnd+after), 0o644)
}
