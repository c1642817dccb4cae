package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringo-os/ringo/qemu"
	"github.com/ringo-os/ringo/scripts/benchmark"
)

// The targets: at most this part of Linux's time, on the same machine (pc).
const (
	helloTarget = 1.0 / 20
	webTarget   = 1.0 / 10
	idleTarget  = 1.0 / 4 // of its memory
)

// report writes the table. The first system is what the others are compared with.
func report(ctx context.Context, systems []*system) (text string, missed bool) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", benchmark.Heading(ctx, *runs))

	head := []string{""}
	for _, s := range systems {
		head = append(head, s.name)
	}
	b.WriteString(benchmark.Head(head...))
	cells := func(title string, of func(*system) string) {
		list := []string{title}
		for _, s := range systems {
			list = append(list, of(s))
		}
		b.WriteString(benchmark.Row(list...))
	}
	linux := systems[0]
	ratio := func(times, others []time.Duration) float64 {
		return float64(benchmark.Median(times)) / float64(benchmark.Median(others))
	}
	took := func(write func(time.Duration) string, of func(*system) []time.Duration) func(*system) string {
		return func(s *system) string {
			times := of(s)
			text := fmt.Sprintf("%s (%s to %s)", write(benchmark.Median(times)), write(slices.Min(times)), write(slices.Max(times)))
			if s != linux {
				text += ", **" + benchmark.Proportion(ratio(times, of(linux))) + "**"
			}
			return text
		}
	}
	hello := func(s *system) []time.Duration { return s.hello.times }
	web := func(s *system) []time.Duration { return s.web.times }
	cells("hello: first line of main", took(seconds, hello))
	cells("web: first HTTP answer", took(seconds, web))
	cells("web: an answer, on a connection that is kept", took(milliseconds, func(s *system) []time.Duration { return s.web.kept }))
	cells("web: an answer, on a connection of its own", took(milliseconds, func(s *system) []time.Duration { return s.web.single }))
	resident := func(s *system) float64 { return float64(benchmark.Median(s.web.idle)) }
	compared := func(s *system, of func(*system) float64) string {
		text := megabytes(qemu.Size(of(s)))
		if s != linux {
			text += fmt.Sprintf(", **1/%.1f**", of(linux)/of(s))
		}
		return text
	}
	cells("web: resident memory of QEMU, idle", func(s *system) string { return compared(s, resident) })
	cells("web: of that, more than without a guest", func(s *system) string {
		return compared(s, func(s *system) float64 { return resident(s) - float64(s.empty) })
	})
	cells("hello: image (kernel + initramfs)", func(s *system) string { return s.hello.size })
	cells("web: image (kernel + initramfs)", func(s *system) string { return s.web.size })
	if *least {
		cells("hello: least memory", func(s *system) string { return megabytes(s.hello.least) })
		cells("web: least memory", func(s *system) string { return megabytes(s.web.least) })
	}

	ringo := systems[1]
	verdict := func(what, whose string, got, target float64) {
		word := "met"
		if got > target {
			word, missed = "missed", true
		}
		fmt.Fprintf(&b, "- %s on pc: 1/%.1f of Linux's %s; target at most 1/%.0f: %s\n", what, 1/got, whose, 1/target, word)
	}
	fmt.Fprintln(&b)
	verdict("hello", "time", ratio(hello(ringo), hello(linux)), helloTarget)
	verdict("web", "time", ratio(web(ringo), web(linux)), webTarget)
	verdict("idle web", "memory", resident(ringo)/resident(linux), idleTarget)

	fmt.Fprintf(&b, "\nLinux, the web example (hello has no `-netdev` and `-device`):\n\n```\n%s\n```\n\nRingo:\n\n```\n%s\n```\n",
		commandLine(&linux.web.guest), commandLine(&ringo.web.guest))
	return b.String(), missed
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

func megabytes(s qemu.Size) string { return fmt.Sprintf("%.4g MiB", float64(s)/(1<<20)) }

// commandLine is how a guest is started, with the files' names as a reader would have them.
func commandLine(g *guest) string {
	g = &guest{Guest: g.Guest, web: g.web}
	g.Kernel = "web.img"
	if g.Initrd != "" {
		g.Kernel, g.Initrd = "vmlinuz", "web.cpio"
	}
	return g.on(usualMemory, 8080).CommandLine()
}
