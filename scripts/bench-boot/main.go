// Bench-boot measures how long a machine takes from starting QEMU to the first line of a program's
// main, and to a web server's first answer, and how little memory does: as an image of Ringo's, and as the first program on
// Debian's kernel for virtual machines. Both in the same run, by turns, with the same QEMU.
//
//	make bench-boot
//	make bench-boot ARGS=-update     writes the table to BENCHMARKS.md
//
// It needs Debian (apt-get download, dpkg) for the Linux kernel, which is kept in the user's cache
// folder. Under emulation only ratios of the same run mean anything.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/qemu"
	"github.com/ringo-os/ringo/scripts/benchmark"
)

var (
	update = flag.Bool("update", false, "write the table to BENCHMARKS.md")
	check  = flag.Bool("check", false, "fail if a target is missed")
	runs   = flag.Int("n", 5, "measure `N` times")
	least  = flag.Bool("least", true, "look for the least memory, too")
)

// usualMemory is how much a guest has where that is not what is looked for.
const usualMemory qemu.Size = 512 << 20

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench-boot:", err)
		os.Exit(1)
	}
}

// A system is one of those that are compared.
type system struct {
	name       string
	hello, web result
	limit      time.Duration // when to give up
	grain      qemu.Size     // how finely to look for the least memory
	empty      qemu.Size     // what QEMU takes of the host's memory without a guest
}

// A result is a guest and what was measured of it.
type result struct {
	guest guest
	line  string // what its console says when main is running
	size  string
	times []time.Duration
	least qemu.Size
	idle  []qemu.Size // how much of the host's memory it takes when it has nothing to do
	// How long an answer takes on a connection that is kept, and on one of its own.
	kept, single []time.Duration
}

func run(ctx context.Context) error {
	if *runs < 1 {
		return fmt.Errorf("-n %d measures nothing", *runs)
	}
	if _, err := exec.LookPath(qemu.Program); err != nil {
		return qemu.ErrMissing
	}
	temporary, err := os.MkdirTemp("", "bench-boot-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	systems, err := prepare(ctx, temporary)
	if err != nil {
		return err
	}
	for n := range *runs {
		for _, s := range systems {
			for _, r := range []*result{&s.hello, &s.web} {
				took, err := s.start(ctx, r, usualMemory)
				if err != nil {
					return fmt.Errorf("%s, run %d: %w", s.name, n+1, err)
				}
				r.times = append(r.times, took)
			}
			if err := errors.Join(s.serve(ctx, &s.web), s.rest(ctx, &s.web)); err != nil {
				return fmt.Errorf("%s, run %d: %w", s.name, n+1, err)
			}
		}
		benchmark.Progress("run %d of %d", n+1, *runs)
	}
	for _, s := range systems {
		if err := s.weigh(ctx); err != nil {
			return fmt.Errorf("%s, without a guest: %w", s.name, err)
		}
	}
	if *least {
		for _, s := range systems {
			for _, r := range []*result{&s.hello, &s.web} {
				if r.least, err = s.leastMemory(ctx, r); err != nil {
					return err
				}
			}
			benchmark.Progress("least memory of %s: hello %s, web %s", s.name, s.hello.least, s.web.least)
		}
	}
	text, missed := report(ctx, systems)
	fmt.Print(text)
	if *update {
		if err := benchmark.UpdateFile("BENCHMARKS.md", "bench-boot", text); err != nil {
			return err
		}
	}
	if *check && missed {
		return fmt.Errorf("a target is missed")
	}
	return nil
}

// prepare builds all that is booted. Linux on microvm hangs under emulation when it calibrates its
// clock, so that there is no such row.
func prepare(ctx context.Context, dir string) ([]*system, error) {
	const webLine = "listening on port"
	in := func(name string) string { return filepath.Join(dir, name) }
	l, err := benchmark.FindLinux(ctx)
	if err != nil {
		return nil, err
	}
	kernel, err := l.Image()
	if err != nil {
		return nil, err
	}
	modules, err := l.NetworkModules()
	if err != nil {
		return nil, err
	}
	benchmark.Progress("building")
	builder, err := benchmark.NewBuilder(ctx, dir)
	if err != nil {
		return nil, err
	}
	hello, helloImage, err := builder.Build(ctx, "./examples/hello")
	if err != nil {
		return nil, err
	}
	web, webImage, err := builder.Build(ctx, "./examples/web")
	if err != nil {
		return nil, err
	}
	if err := benchmark.WriteInitramfs(in("hello.cpio"), nil, "init", hello); err != nil {
		return nil, err
	}
	if err := benchmark.WriteInitramfs(in("web.cpio"), modules, "init", builder.Init(), "program", web); err != nil {
		return nil, err
	}
	out, err := benchmark.Output(ctx, "", hello)
	if err != nil {
		return nil, err
	}
	helloLine, _, _ := strings.Cut(out, "\n")

	linuxGuest := func(archive string) guest {
		return guest{Guest: benchmark.Guest{Kernel: kernel, Initrd: in(archive), Words: benchmark.LinuxWords, Machine: qemu.PC}}
	}
	ringoGuest := func(image string, m qemu.Machine) guest {
		return guest{Guest: benchmark.Guest{Kernel: image, Words: benchmark.RingoWords, Machine: m}}
	}
	systems := []*system{{
		name:  "Linux " + l.Name,
		limit: time.Minute,
		grain: 8 << 20,
		hello: result{guest: linuxGuest("hello.cpio")},
		web:   result{guest: linuxGuest("web.cpio")},
	}}
	for _, m := range []qemu.Machine{qemu.PC, qemu.MicroVM} {
		systems = append(systems, &system{
			name:  "Ringo, " + string(m),
			limit: 15 * time.Second,
			grain: 512 << 10,
			hello: result{guest: ringoGuest(helloImage, m)},
			web:   result{guest: ringoGuest(webImage, m)},
		})
	}
	for _, s := range systems {
		s.web.guest.web = true
		s.hello.line, s.web.line = helloLine, webLine
		for _, r := range []*result{&s.hello, &s.web} {
			if r.size, err = sizes(r.guest.Kernel, r.guest.Initrd); err != nil {
				return nil, err
			}
		}
	}
	return systems, nil
}

// sizes says how large files are; "" is none.
func sizes(files ...string) (string, error) {
	var list []string
	for _, f := range files {
		if f == "" {
			continue
		}
		info, err := os.Stat(f)
		if err != nil {
			return "", err
		}
		list = append(list, fmt.Sprintf("%.1f", float64(info.Size())/(1<<20)))
	}
	return strings.Join(list, " + ") + " MiB", nil
}

// start boots a guest and returns how long it took.
func (s *system) start(ctx context.Context, r *result, memory qemu.Size) (time.Duration, error) {
	limited, cancel := context.WithTimeoutCause(ctx, s.limit, fmt.Errorf("nothing has come after %s", s.limit))
	defer cancel()
	return r.guest.start(limited, memory, r.line, func(*benchmark.Machine, int) error { return nil })
}

// serve boots a guest and notes how long its answers take.
func (s *system) serve(ctx context.Context, r *result) error {
	limited, cancel := context.WithTimeout(ctx, s.limit+time.Minute)
	defer cancel()
	_, err := r.guest.start(limited, usualMemory, r.line, func(_ *benchmark.Machine, port int) (err error) {
		var kept, single time.Duration
		if kept, err = answerTime(limited, port, true); err == nil {
			single, err = answerTime(limited, port, false)
		}
		r.kept, r.single = append(r.kept, kept), append(r.single, single)
		return err
	})
	return err
}

// rest boots a guest and notes how much memory it takes a while later.
func (s *system) rest(ctx context.Context, r *result) error {
	const while = 5 * time.Second
	limited, cancel := context.WithTimeout(ctx, s.limit+while)
	defer cancel()
	_, err := r.guest.start(limited, usualMemory, r.line, func(m *benchmark.Machine, _ int) error {
		time.Sleep(while)
		resident, err := m.Resident()
		r.idle = append(r.idle, resident)
		return err
	})
	return err
}

// weigh notes how much memory QEMU takes with the web server's devices before there is a guest.
func (s *system) weigh(ctx context.Context) error {
	nothing := s.web.guest
	nothing.Kernel, nothing.Initrd = "", ""
	m, err := nothing.on(usualMemory, 0).Start(ctx)
	if err != nil {
		return err
	}
	defer m.Stop()
	for { // until it takes no more
		time.Sleep(time.Second)
		resident, err := m.Resident()
		if err != nil || resident == s.empty {
			return err
		}
		s.empty = resident
	}
}

// leastMemory looks for the least memory with which a guest starts, twice in a row. That more is
// enough too is taken for granted.
func (s *system) leastMemory(ctx context.Context, r *result) (qemu.Size, error) {
	low, high := qemu.Size(0), usualMemory/s.grain // in grains: too little, enough
	for high-low > 1 {
		middle := (low + high) / 2
		enough := true
		for range 2 {
			if _, err := s.start(ctx, r, middle*s.grain); err != nil {
				enough = false
				break
			}
		}
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		if enough {
			high = middle
		} else {
			low = middle
		}
	}
	return high * s.grain, nil
}
