package benchmark

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/qemu"
)

// A Suite is a program that measures what it runs on, and what is expected of the results. The
// program prints a line "result NAME VALUE" for each, then "end".
type Suite struct {
	// Name is that of the benchmark: bench-cores.
	Name string
	// Program is the package of the measured program, and Flags what it is built with.
	Program string
	Flags   []string
	Memory  qemu.Size
	Cores   int
	// Limit is how long a guest may take.
	Limit time.Duration
	Rows  []Measure
}

// A Measure is one result and what is expected of it.
type Measure struct {
	Name, Title string
	Unit        Unit
	// Most is how much of Linux's time may be taken; 0 is no target.
	Most float64
}

// A Unit says how values are printed.
type Unit int

// The units: nanoseconds, and a plain number for which more is better.
const (
	Nanoseconds Unit = iota
	Number
)

// String returns value with its unit, with three figures.
func (u Unit) String(value float64) string {
	if u == Number {
		return strconv.FormatFloat(value, 'f', 2, 64)
	}
	switch {
	case value < 1e3:
		return three(value) + " ns"
	case value < 1e6:
		return three(value/1e3) + " µs"
	case value < 1e9:
		return three(value/1e6) + " ms"
	}
	return three(value/1e9) + " s"
}

func three(value float64) string {
	digits := 2
	for limit := 10.0; digits > 0 && math.Abs(value) >= limit; limit *= 10 {
		digits--
	}
	return strconv.FormatFloat(value, 'f', digits, 64)
}

// Main is the main function of a benchmark that consists of a suite.
func (s *Suite) Main() {
	update := flag.Bool("update", false, "write the table to BENCHMARKS.md")
	check := flag.Bool("check", false, "fail if a target is missed")
	runs := flag.Int("n", 5, "measure `N` times")
	only := flag.String("only", "", "measure only the results whose names contain one of these `words` (with commas)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := s.run(ctx, *runs, *only, *update, *check); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", s.Name, err)
		os.Exit(1)
	}
}

func (s *Suite) run(ctx context.Context, runs int, only string, update, check bool) error {
	if runs < 1 {
		return fmt.Errorf("-n %d measures nothing", runs)
	}
	if update && only != "" {
		return fmt.Errorf("-update wants the whole table: leave -only out")
	}
	if _, err := exec.LookPath(qemu.Program); err != nil {
		return qemu.ErrMissing
	}
	dir, err := os.MkdirTemp("", s.Name+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	systems, err := s.prepare(ctx, dir, only)
	if err != nil {
		return err
	}
	for n := range runs {
		for _, y := range systems {
			if err := y.measure(ctx, s.Limit); err != nil {
				return fmt.Errorf("%s, run %d: %w", y.name, n+1, err)
			}
		}
		Progress("run %d of %d", n+1, runs)
	}
	text, missed, err := s.report(systems, only == "")
	if err != nil {
		return err
	}
	text = Heading(ctx, runs) + "\n" + text
	fmt.Print(text)
	if update {
		if err := UpdateFile("BENCHMARKS.md", s.Name, text); err != nil {
			return err
		}
	}
	if check && len(missed) > 0 {
		return fmt.Errorf("targets are missed: %s", strings.Join(missed, ", "))
	}
	return nil
}

// A system is one of the two that are compared.
type system struct {
	name    string
	guest   Guest
	results map[string][]float64
}

// prepare builds what is booted: Linux, then Ringo.
func (s *Suite) prepare(ctx context.Context, dir, only string) ([]*system, error) {
	l, err := FindLinux(ctx)
	if err != nil {
		return nil, err
	}
	kernel, err := l.Image()
	if err != nil {
		return nil, err
	}
	Progress("building")
	builder, err := NewBuilder(ctx, dir)
	if err != nil {
		return nil, err
	}
	program, image, err := builder.Build(ctx, s.Program, s.Flags...)
	if err != nil {
		return nil, err
	}
	archive := filepath.Join(dir, "initramfs")
	if err := WriteInitramfs(archive, nil, "init", builder.Init(), "program", program); err != nil {
		return nil, err
	}
	guest := Guest{Machine: qemu.PC, Memory: s.Memory, Cores: s.Cores}
	linux, ringo := guest, guest
	linux.Kernel, linux.Initrd, linux.Words = kernel, archive, LinuxWords
	ringo.Kernel, ringo.Words = image, RingoWords
	if only != "" {
		// What follows -- is init's arguments on both; the Linux guest's init passes them on.
		linux.Words += " -- " + only
		ringo.Words += " -- " + only
	}
	return []*system{
		{name: "Linux " + l.Name, guest: linux, results: map[string][]float64{}},
		{name: "Ringo", guest: ringo, results: map[string][]float64{}},
	}, nil
}

// measure boots the system once and collects what it prints.
func (y *system) measure(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it has not ended after %s", limit))
	defer cancel()
	m, err := y.guest.Start(ctx)
	if err != nil {
		return err
	}
	defer m.Stop()
	return y.collect(m)
}

// collect reads results until the program says that it has come to its end.
func (y *system) collect(m *Machine) error {
	return m.Lines(func(line string) bool {
		if name, value, ok := parseResult(line); ok {
			y.results[name] = append(y.results[name], value)
		}
		return line != "end"
	})
}

// parseResult takes a line apart, in front of which the firmware may have left something.
func parseResult(line string) (name string, value float64, ok bool) {
	words := strings.Fields(line)
	at := slices.Index(words, "result")
	if at < 0 || len(words) != at+3 {
		return "", 0, false
	}
	value, err := strconv.ParseFloat(words[at+2], 64)
	return words[at+1], value, err == nil
}

// report writes the table, and names the targets that are missed. A result may be missing if the table
// is not to be complete.
func (s *Suite) report(systems []*system, complete bool) (text string, missed []string, err error) {
	var b strings.Builder
	linux, ringo := systems[0], systems[1]
	b.WriteString(Head("", linux.name, ringo.name, "ratio", "target", ""))
	for _, row := range s.Rows {
		l, r := linux.results[row.Name], ringo.results[row.Name]
		if len(l) == 0 && len(r) == 0 && !complete {
			continue // not asked for
		}
		if len(l) != len(r) || len(l) == 0 {
			return "", nil, fmt.Errorf("%s was measured %d times on Linux, %d times on Ringo", row.Name, len(l), len(r))
		}
		ratio := Median(r) / Median(l)
		target, verdict := "", ""
		if row.Most != 0 {
			target, verdict = "at most "+Proportion(row.Most), "met"
			if ratio > row.Most {
				verdict = "**missed**"
				missed = append(missed, row.Name)
			}
		}
		b.WriteString(Row(row.Title, row.Unit.spread(l), row.Unit.spread(r), Proportion(ratio), target, verdict))
	}
	fmt.Fprintf(&b, "\nLinux:\n\n```\n%s\n```\n\nRingo:\n\n```\n%s\n```\n", linux.commandLine(s), ringo.commandLine(s))
	return b.String(), missed, nil
}

// spread is the median, the lowest and the highest value.
func (u Unit) spread(values []float64) string {
	return fmt.Sprintf("%s (%s to %s)", u.String(Median(values)), u.String(slices.Min(values)), u.String(slices.Max(values)))
}

// Proportion prints a ratio: a small one as 1/N.
func Proportion(ratio float64) string {
	if ratio > 0 && ratio <= 0.5 {
		return "1/" + strconv.FormatFloat(1/ratio, 'f', 1, 64)
	}
	return strconv.FormatFloat(ratio, 'f', 2, 64)
}

// commandLine is how the guest is started, with the files' names as a reader would have them.
func (y *system) commandLine(s *Suite) string {
	g := y.guest
	if g.Initrd != "" {
		g.Kernel, g.Initrd = "vmlinuz", "initramfs"
	} else {
		g.Kernel = filepath.Base(s.Program) + ".img"
	}
	return g.CommandLine()
}
