// Soak runs a machine under all kinds of load at once, for as long as it is told: goroutines,
// channels, locks, timers, threads, memory, files and connections inside (./program), and HTTP clients
// from outside. It fails if anything gets lost or stands still, and shows what the machine has said.
//
//	make soak               30 minutes
//	make soak SOAK=1h CORES=8
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/qemu"
	"github.com/ringo-os/ringo/scripts/benchmark"
)

var (
	duration = flag.Duration("time", 30*time.Minute, "for how long")
	cores    = flag.Int("smp", 4, "how many cores")
	memory   = flag.String("m", "512M", "how much memory")
	machine  = flag.String("machine", string(qemu.MicroVM), "microvm, pc or q35")
	ringo    = flag.String("ringo", "", "the ringo command to build with; built from here if left out")
	capture  = flag.String("capture", "", "write all packets of the machine's to `FILE`, as pcap")
	clients  = flag.Int("clients", 8, "how many clients there are outside")
)

// patience is how long the machine may say nothing before it is taken for dead, and grace what it may
// take longer than it was told; its host may be busy.
const (
	patience = 2 * time.Minute
	grace    = 2 * time.Minute
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "ringo-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	image, err := build(ctx, dir)
	if err != nil {
		return err
	}
	kind, err := qemu.ParseMachine(*machine)
	if err != nil {
		return err
	}
	size, err := qemu.ParseSize(*memory)
	if err != nil {
		return err
	}
	port, err := benchmark.FreePort()
	if err != nil {
		return err
	}
	c := qemu.Config{Image: image, Machine: kind, Cores: *cores, Memory: size,
		Forwards: []qemu.Forward{{Host: uint16(port), Guest: programPort}}, Arguments: []string{duration.String()}}

	if *capture != "" {
		c.Extra = []string{"-object", "filter-dump,id=capture,netdev=net0,maxlen=100,file=" + *capture}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	defer wg.Wait()
	load := &load{address: fmt.Sprintf("127.0.0.1:%d", port)}
	loading, end := context.WithCancel(ctx)
	defer end()
	console := &console{out: os.Stdout, silence: time.AfterFunc(patience, func() {
		cancel(fmt.Errorf("the machine has said nothing for %v", patience))
	}), ready: func() { load.start(loading, &wg, *clients) }, over: end}
	limit := time.AfterFunc(*duration+grace, func() { cancel(errors.New("the machine does not end")) })
	defer limit.Stop()

	status, err := c.Run(ctx, qemu.Console{Out: console, Err: os.Stderr, OutTerminal: true, InTerminal: true})
	console.silence.Stop()
	end()
	wg.Wait()
	fmt.Println("soak:", load)
	switch {
	case err != nil:
		return err
	case status != 0 || !console.passed():
		return fmt.Errorf("exit status %d", status)
	case load.failed.Load() > 0:
		return fmt.Errorf("%d requests failed", load.failed.Load())
	case load.served.Load() == 0:
		return errors.New("no request was served")
	}
	return nil
}

// build makes the image of ./program.
func build(ctx context.Context, dir string) (image string, err error) {
	command := *ringo
	if command == "" {
		command = filepath.Join(dir, "ringo")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", command, "github.com/ringo-os/ringo/cmd/ringo").CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	image = filepath.Join(dir, "soak.img")
	out, err := exec.CommandContext(ctx, command, "build", "-q", "-o", image,
		"github.com/ringo-os/ringo/scripts/soak/program").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ringo build: %w\n%s", err, out)
	}
	return image, nil
}

// A console passes on what the machine says, and knows its last words.
type console struct {
	out     io.Writer
	silence *time.Timer
	ready   func() // called when the machine listens
	over    func() // called when its time is over

	mu      sync.Mutex
	started bool
	said    []byte
}

func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silence.Reset(patience)
	c.said = append(c.said, p...)
	if !c.started && bytes.Contains(c.said, []byte("soak: ready")) {
		c.started = true
		c.ready()
	}
	if bytes.Contains(c.said, []byte("soak: over")) {
		c.over()
	}
	c.said = c.said[max(0, len(c.said)-100):]
	return c.out.Write(p)
}

// passed reports whether the program has said that all is well.
func (c *console) passed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.HasSuffix(string(c.said), "\nok\n")
}
