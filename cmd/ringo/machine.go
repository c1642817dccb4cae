package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/ringo-os/ringo/linker"
	"github.com/ringo-os/ringo/qemu"
)

// machineFlags describe the machine, for run and exec.
type machineFlags struct {
	config qemu.Config
	memory string
	name   string
	ports  []string
	count  bool // system calls
	trace  bool
	maps   bool
}

func (m *machineFlags) register(set *pflag.FlagSet) {
	set.StringVarP(&m.memory, "memory", "m", qemu.DefaultMemory.String(), "how much memory the machine has, as `SIZE` like 64M or 2G")
	set.IntVar(&m.config.Cores, "smp", 1, "`N` cores")
	set.StringVar(&m.name, "machine", string(qemu.MicroVM), "the `KIND` of machine: microvm, pc or q35")
	set.StringVar(&m.config.Accelerator, "accel", "", "QEMU's `ACCELERATOR`: kvm or tcg (default tcg, which emulates)")
	set.StringVar(&m.config.QEMU, "qemu", "", "the QEMU `PROGRAM`")
	set.StringArrayVarP(&m.ports, "publish", "p", nil, "forward a port, `[ADDRESS:]HOST:GUEST[/udp]`; may be repeated")
	set.StringVar(&m.config.Network, "network", "", "a `NETWORK` of QEMU's in place of Ringo's own, as -netdev has it: user, or tap,ifname=tap0,script=no")
	set.StringArrayVarP(&m.config.Environment, "env", "e", nil, "set an environment variable, `NAME=VALUE`, or take it over, NAME; may be repeated (PATH and HOME are set anyway, and on a terminal TERM)")
	set.StringArrayVarP(&m.config.Words, "word", "w", nil, "a `WORD` for the kernel command line, such as ip=10.0.0.2/24; may be repeated")
	set.BoolVar(&m.count, "syscalls", false, "show at the end how often which system call was made, and how long it took")
	set.BoolVar(&m.trace, "trace-syscalls", false, "show each system call as it returns")
	set.BoolVar(&m.maps, "memory-map", false, "show at the end what lies where in memory: addresses, size of pages, rights, owner")
	set.StringArrayVar(&m.config.Extra, "qemu-arg", nil, "one more `ARGUMENT` for QEMU; may be repeated")
}

// resolve makes the configuration of the flags.
func (m *machineFlags) resolve() (*qemu.Config, error) {
	c := m.config
	var err error
	if c.Memory, err = qemu.ParseSize(m.memory); err != nil {
		return nil, err
	}
	if c.Machine, err = qemu.ParseMachine(m.name); err != nil {
		return nil, err
	}
	if c.Cores < 1 {
		return nil, fmt.Errorf("a machine has at least one core: --smp %d does not work", c.Cores)
	}
	for _, p := range m.ports {
		f, err := qemu.ParseForward(p)
		if err != nil {
			return nil, err
		}
		c.Forwards = append(c.Forwards, f)
	}
	if kind, _, _ := strings.Cut(c.Network, ","); len(c.Forwards) > 0 && kind != "" && kind != "user" {
		return nil, fmt.Errorf("-p does not work with --network %s: the machine has an address of its own there", kind)
	}
	switch {
	case m.count && m.trace:
		c.Words = append(c.Words, "syscalls=count,trace")
	case m.count:
		c.Words = append(c.Words, "syscalls=count")
	case m.trace:
		c.Words = append(c.Words, "syscalls=trace")
	}
	if m.maps {
		c.Words = append(c.Words, "debug=mappings")
	}
	c.Environment = nil
	for _, e := range m.config.Environment {
		if !strings.Contains(e, "=") {
			value, ok := os.LookupEnv(e)
			if !ok {
				continue // what is not set here is not set there
			}
			e += "=" + value
		}
		c.Environment = append(c.Environment, e)
	}
	return &c, nil
}

// boot runs a machine on this terminal. The error is the program's exit status if that is not 0. Quit is how long
// the program may take to end after a SIGQUIT; 0 leaves it its time.
func (s *session) boot(ctx context.Context, c *qemu.Config, quit time.Duration) error {
	if err := fits(c); err != nil {
		return err
	}
	interrupt := make(chan os.Signal, 4)
	signal.Notify(interrupt, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup does
		signal.Notify(interrupt, syscall.SIGHUP)
	}
	defer signal.Stop(interrupt)
	signal.Ignore(syscall.SIGPIPE) // package qemu looks at the error
	in, restore := openKeyboard()
	defer restore()
	console := qemu.Console{
		In: in, Out: os.Stdout, Err: os.Stderr, Interrupt: interrupt, Quit: quit,
		InTerminal: term.IsTerminal(int(os.Stdin.Fd())), OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
	}
	if console.InTerminal && console.OutTerminal {
		describeTerminal(c)
	}
	if s.trace {
		console.Trace = os.Stderr
	}
	if s.quiet {
		c.Words = append(c.Words, "quiet")
	}
	describeClock(c)
	status, err := c.Run(context.WithoutCancel(ctx), console)
	if err != nil || status != 0 {
		return exitStatus{status, err}
	}
	return nil
}

// describeClock sets the machine's real-time clock and tells it what that lacks, unless the user does: it has no fractions of
// a second, and takes for the beginning of one the moment at which QEMU starts.
func describeClock(c *qemu.Config) {
	const setting, fraction = "-rtc", "rtc="
	if slices.Contains(c.Extra, setting) || hasPrefix(c.Words, fraction) {
		return
	}
	now := time.Now().UTC()
	c.Extra = append(c.Extra, setting, "base="+now.Format("2006-01-02T15:04:05"))
	c.Words = append(c.Words, fmt.Sprint(fraction, now.Nanosecond()))
}

// describeTerminal tells the program which kind of terminal it is on, and how large that is at this moment, unless the
// user does.
func describeTerminal(c *qemu.Config) {
	const size = "window="
	columns, rows, err := term.GetSize(int(os.Stdout.Fd()))
	if err == nil && columns > 0 && rows > 0 && !hasPrefix(c.Words, size) {
		c.Words = append(c.Words, fmt.Sprintf("%s%dx%d", size, columns, rows))
	}
	const variable = "TERM"
	kind := os.Getenv(variable)
	if kind != "" && !hasPrefix(c.Environment, variable+"=") {
		c.Environment = append(c.Environment, variable+"="+kind)
	}
}

// hasPrefix reports whether one of the words begins so.
func hasPrefix(words []string, prefix string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, prefix) })
}

// fits refuses a machine in whose memory the image does not even fit: nothing in it could say so.
func fits(c *qemu.Config) error {
	const mebibyte = 1 << 20
	image, err := linker.ReadFile(c.Image)
	if err != nil {
		return err
	}
	if c.Memory != 0 && image.End > uint64(c.Memory) {
		return fmt.Errorf("the program does not fit into %v of memory: it takes %d MiB before it starts; give it more with -m",
			c.Memory, (image.End+mebibyte-1)/mebibyte)
	}
	return nil
}
