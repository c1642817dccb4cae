package main

import (
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

// The targets: at most this part of Linux's time, on the same machine (pc).
const (
	helloTarget = 1.0 / 20
	webTarget   = 1.0 / 10
)

// report writes the table. The first system is what the others are compared with.
func report(ctx context.Context, systems []*system) (text string, missed bool) {
	var b strings.Builder
	version, _ := output(ctx, "", qemu.Program, "--version")
	version, _, _ = strings.Cut(version, "\n")
	commit, _ := output(ctx, "", "git", "describe", "--always", "--dirty")
	fmt.Fprintf(&b, "%s, %s, %s, commit %s, on %d cores of %s; medians of %d (lowest to highest).\n\n",
		time.Now().Format(time.DateOnly), version, runtime.Version(), strings.TrimSpace(commit), runtime.NumCPU(), hostProcessor(), *runs)

	row := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	head, rule := []string{""}, []string{"---"}
	for _, s := range systems {
		head, rule = append(head, s.name), append(rule, "---")
	}
	row(head...)
	row(rule...)
	cells := func(title string, of func(*system) string) {
		list := []string{title}
		for _, s := range systems {
			list = append(list, of(s))
		}
		row(list...)
	}
	linux := systems[0]
	ratio := func(r, other *result) float64 { return float64(median(r.times)) / float64(median(other.times)) }
	took := func(r, other *result) string {
		text := fmt.Sprintf("%s (%s to %s)", seconds(median(r.times)), seconds(slices.Min(r.times)), seconds(slices.Max(r.times)))
		if r != other {
			text += fmt.Sprintf(", **1/%.1f**", 1/ratio(r, other))
		}
		return text
	}
	cells("hello: first line of main", func(s *system) string { return took(&s.hello, &linux.hello) })
	cells("web: first HTTP answer", func(s *system) string { return took(&s.web, &linux.web) })
	cells("hello: image (kernel + initramfs)", func(s *system) string { return s.hello.size })
	cells("web: image (kernel + initramfs)", func(s *system) string { return s.web.size })
	if *least {
		cells("hello: least memory", func(s *system) string { return megabytes(s.hello.least) })
		cells("web: least memory", func(s *system) string { return megabytes(s.web.least) })
	}

	ringo := systems[1]
	verdict := func(what string, got, target float64) {
		word := "met"
		if got > target {
			word, missed = "missed", true
		}
		fmt.Fprintf(&b, "- %s on pc: 1/%.1f of Linux's time; target at most 1/%.0f: %s\n", what, 1/got, 1/target, word)
	}
	fmt.Fprintln(&b)
	verdict("hello", ratio(&ringo.hello, &linux.hello), helloTarget)
	verdict("web", ratio(&ringo.web, &linux.web), webTarget)

	fmt.Fprintf(&b, "\nLinux, the web example (hello has no `-netdev` and `-device`):\n\n```\n%s\n```\n\nRingo:\n\n```\n%s\n```\n",
		commandLine(&linux.web.guest), commandLine(&ringo.web.guest))
	return b.String(), missed
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

func megabytes(s qemu.Size) string { return fmt.Sprintf("%.4g MiB", float64(s)/(1<<20)) }

// commandLine is how a guest is started, with the files' names as a reader would have them.
func commandLine(g *guest) string {
	g = &guest{kernel: "web.img", words: g.words, machine: g.machine, web: g.web, initrd: g.initrd}
	if g.initrd != "" {
		g.kernel, g.initrd = "vmlinuz", "web.cpio"
	}
	words := g.args(512<<20, 8080)
	for i, w := range words {
		words[i] = qemu.Quote(w)
	}
	return qemu.Program + " " + strings.Join(words, " ")
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

// The part of a file that updateFile writes.
const (
	partStart = "<!-- make bench-boot ARGS=-update writes from here -->\n"
	partEnd   = "<!-- to here -->\n"
)

// updateFile puts text into its part of a file.
func updateFile(name, text string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, rest, ok1 := strings.Cut(string(content), partStart)
	_, after, ok2 := strings.Cut(rest, partEnd)
	if !ok1 || !ok2 {
		return errors.New(name + " has no place for the table")
	}
	return os.WriteFile(name, []byte(before+partStart+"\n"+text+"\n"+partEnd+after), 0o644)
}
