package qemu

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/boot"
)

// StatusFailed is the exit status for a machine that did not tell the program's.
const StatusFailed = 125

// A Console is where a machine's console goes.
type Console struct {
	// In is what the program reads, nil for nothing; Out what the machine says; Err what QEMU says.
	In       io.Reader
	Out, Err io.Writer
	// InTerminal says that In is a terminal, in raw mode: keys go to the machine as they are, whose
	// own terminal does the rest. OutTerminal says that Out is one. What is no terminal is a pipe to
	// the program, byte for byte, and its end is the end of the program's standard input.
	InTerminal, OutTerminal bool
	// Interrupt, if set, is the user's wish to stop: the first signal is passed on to the program,
	// the second turns the machine off. So does Ctrl-C, pressed twice in a row, on a terminal. After
	// a SIGTERM or SIGHUP, which may come from no user, the second one is a matter of time. SIGQUIT
	// is passed on and does not count.
	Interrupt <-chan os.Signal
	// Quit, if not 0, is how long the program may take to end after a SIGQUIT. When half of it is over the
	// machine gets a non-maskable interrupt, which the kernel takes for a SIGQUIT; some time later it gets another
	// one, in case that it takes no others any more; and at the end the machine is turned off.
	Quit time.Duration
	// Trace, if set, gets the command line.
	Trace io.Writer
}

// patience is how long a program may take to stop after the first interrupt before the user is told
// about the second; grace how long after a SIGTERM before the machine is turned off.
const (
	patience = 2 * time.Second
	grace    = 10 * time.Second
)

// words returns the kernel's words for what is no terminal.
func (c *Console) words() []string {
	switch in := !c.InTerminal; {
	case in && !c.OutTerminal:
		return []string{"pipe=stdin,stdout"}
	case in:
		return []string{"pipe=stdin"}
	case !c.OutTerminal:
		return []string{"pipe=stdout"}
	}
	return nil
}

// Run boots the machine, waits until it is off, and returns the program's exit status.
func (c *Config) Run(ctx context.Context, console Console) (status int, err error) {
	program, err := c.program()
	if err != nil {
		return StatusFailed, err
	}
	dir, err := os.MkdirTemp("", "ringo-")
	if err != nil {
		return StatusFailed, err
	}
	defer os.RemoveAll(dir)
	statusFile := filepath.Join(dir, "status")
	machine := *c
	machine.Words = append(slices.Clone(c.Words), console.words()...)
	network, err := plugIn(&machine)
	if err != nil {
		return StatusFailed, err
	}
	defer network.close()
	args := machine.Args(statusFile)
	monitor := ""
	if console.Quit > 0 {
		monitor = filepath.Join(dir, "monitor")
		args = append(args, MonitorArgs(monitor)...)
	}
	if console.Trace != nil {
		fmt.Fprintln(console.Trace, program, quoteAll(args))
	}

	// QEMU gets pipes, not the terminal: a Ctrl-C must not reach it, and it must not change the
	// terminal's modes. In a process group of its own it does not see the terminal's signals.
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 2 * time.Second
	child(cmd)
	var messages bytes.Buffer
	cmd.Stderr = &messages
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return StatusFailed, err
	}
	stdout, err := openOutput(console.Out)
	if err != nil {
		return StatusFailed, err
	}
	cmd.ExtraFiles = network.files()
	if stdout.file != nil {
		cmd.Stdout = stdout.file
	}
	runtime.LockOSThread() // see child
	defer runtime.UnlockOSThread()
	err = cmd.Start()
	stdout.start()
	if err != nil {
		return StatusFailed, fmt.Errorf("%s does not start: %v", program, err)
	}
	network.serve()
	in := &input{to: stdin, quoted: !console.InTerminal, pressed: make(chan int), off: make(chan struct{})}
	in.ready = sync.OnceFunc(func() { awaitReady(statusFile, in.off) })
	go in.copy(console.In)
	if len(c.Export) > 0 {
		go watchExport(c.ExportFile, int64(c.memory()), in.off, func() { cmd.Process.Kill() })
	}
	done, abandoned := make(chan struct{}), make(chan struct{})
	interrupted := make(chan int)
	go func() { interrupted <- console.stop(in, stdout, cmd.Process, monitor, done, abandoned) }()
	waiting := cmd.Wait()
	close(in.off)
	select {
	case <-stdout.done: // all of it has been written
	case <-abandoned:
	}
	close(done)
	killed := <-interrupted

	status, err = c.Status(statusFile)
	switch {
	case err == nil:
		return status, nil
	case killed != 0:
		return killed, nil
	case stdout.broken() != nil && errors.Is(stdout.broken(), syscall.EPIPE):
		return 128 + int(syscall.SIGPIPE), nil
	case stdout.broken() != nil:
		return StatusFailed, fmt.Errorf("the machine was stopped because what it says cannot be written: %w", stdout.broken())
	case ctx.Err() != nil:
		return StatusFailed, fmt.Errorf("the machine was stopped: %w", context.Cause(ctx))
	case waiting != nil && messages.Len() > 0:
		return StatusFailed, c.explain(messages.String())
	}
	if console.Err != nil {
		console.Err.Write(messages.Bytes())
	}
	return StatusFailed, err
}

// slowness is how long a machine may take until its console takes input.
const slowness = 10 * time.Second

// awaitReady waits until the machine has written "ready" to the status file: a serial port loses what
// comes in before the kernel has set it up. It gives up when the machine is off, or very slow.
func awaitReady(statusFile string, off <-chan struct{}) {
	for deadline := time.Now().Add(slowness); time.Now().Before(deadline); {
		if data, err := os.ReadFile(statusFile); err == nil && bytes.HasPrefix(data, []byte("ready\n")) {
			return
		}
		select {
		case <-off:
			return
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// Status reads a program's exit status from the file that Args was given, after the machine is off.
func (c *Config) Status(statusFile string) (int, error) {
	data, err := os.ReadFile(statusFile)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return StatusFailed, err
	}
	status, found := 0, false
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		if word, ok := strings.CutPrefix(lines.Text(), "exit "); ok {
			if n, err := strconv.ParseUint(word, 10, 8); err == nil {
				status, found = int(n), true
			}
		}
	}
	if !found {
		return StatusFailed, errors.New("the machine stopped without telling an exit status: it crashed, or it is not an image of Ringo's")
	}
	return status, nil
}

// stop passes the user's interrupts on until done. If it has to turn the machine off it closes abandoned
// and returns the exit status that a shell has for a process killed so.
func (c *Console) stop(in *input, out *output, qemu *os.Process, monitor string, done <-chan struct{}, abandoned chan<- struct{}) (killed int) {
	count := 0
	var waited, over, deaf, deafer, hopeless <-chan time.Time
	off := func(s os.Signal) {
		if killed == 0 {
			killed = 128 + int(s.(syscall.Signal))
			qemu.Signal(os.Interrupt) // QEMU cleans up
			close(abandoned)
			return
		}
		qemu.Kill()
	}
	failed := out.failed
	for {
		select {
		case <-done:
			return killed
		case <-failed:
			failed = nil
			qemu.Signal(os.Interrupt)
		case <-over:
			off(syscall.SIGTERM)
		case <-deaf:
			go interrupt(monitor)
		case <-deafer:
			go interrupt(monitor)
		case <-hopeless:
			off(syscall.SIGQUIT)
		case <-waited:
			if c.Err != nil {
				fmt.Fprintln(c.Err, "ringo: the program has not stopped yet; another Ctrl-C turns the machine off")
			}
		case count = <-in.pressed:
			waited = nil
			switch count {
			case 0:
			case 1:
				waited = time.After(patience)
			default:
				off(os.Interrupt)
			}
		case signal, ok := <-c.Interrupt:
			switch {
			case !ok:
				c.Interrupt = nil
			case signal == syscall.SIGQUIT:
				go in.signal(boot.PipeQuit)
				if c.Quit > 0 && hopeless == nil {
					deaf, deafer, hopeless = time.After(c.Quit/2), time.After(c.Quit*3/4), time.After(c.Quit)
				}
			default:
				if count++; count > 1 {
					off(signal)
					break
				}
				kind := byte(boot.PipeTerminate)
				if signal == os.Interrupt {
					kind, waited = boot.PipeInterrupt, time.After(patience)
				} else {
					over = time.After(grace)
				}
				go in.signal(kind)
			}
		}
	}
}

// explain makes a sentence of what QEMU says when it does not start.
func (c *Config) explain(messages string) error {
	messages = strings.TrimSpace(strings.ReplaceAll(messages, Program+": ", ""))
	says := func(text string) bool { return strings.Contains(messages, text) }
	switch {
	case says("Could not set up host forwarding rule"):
		rule := messages[strings.LastIndex(messages, "rule")+len("rule"):]
		return fmt.Errorf("a port of this host cannot be forwarded, as something else listens on it or it is not allowed:%s; choose another with -p", rule)
	case says("initrd is too large"):
		return fmt.Errorf("the files for the machine do not fit into its %v of memory: give it more with -m", c.memory())
	case says("cannot set up guest memory"):
		return fmt.Errorf("this host cannot give a machine %v of memory: choose less with -m", c.memory())
	case says("Invalid SMP CPUs"):
		return fmt.Errorf("a machine cannot have %d cores: choose fewer with --smp. QEMU says: %s", c.Cores, messages)
	case says("invalid accelerator"):
		return fmt.Errorf("QEMU has no accelerator %s on this host: --accel takes kvm or tcg", c.Accelerator)
	case c.Accelerator == "kvm":
		return fmt.Errorf("KVM does not work on this host: leave --accel kvm out. QEMU says: %s", messages)
	}
	return fmt.Errorf("QEMU says: %s", messages)
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = Quote(w)
	}
	return strings.Join(quoted, " ")
}
