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
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// StatusFailed is the exit status for a machine that did not tell the program's.
const StatusFailed = 125

// A Console is where a machine's console goes.
type Console struct {
	// In is what is typed, Out what the machine says, Err what QEMU says. At the end of In a Ctrl-D
	// is typed, with which the program reads the end of its standard input.
	In       io.Reader
	Out, Err io.Writer
	// Interrupt, if set, is the user's wish to stop: the first one is passed on as a Ctrl-C on the
	// console, which the program can take for SIGINT; the second turns the machine off. A SIGQUIT
	// is passed on as Ctrl-\ and does not count.
	Interrupt <-chan os.Signal
	// Trace, if set, gets the command line.
	Trace io.Writer
}

// What a terminal's keys for SIGINT, the end of input and SIGQUIT send.
const (
	controlC         = 3
	controlD         = 4
	controlBackslash = 28
)

// patience is how long a program may take to stop after the first interrupt before the user is told
// about the second.
const patience = 2 * time.Second

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
	args := c.Args(statusFile)
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
	cmd.Stdout, cmd.Stderr = console.Out, &messages
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return StatusFailed, err
	}
	runtime.LockOSThread() // see child
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return StatusFailed, fmt.Errorf("%s does not start: %v", program, err)
	}
	typed := &keyboard{to: stdin}
	if console.In != nil {
		go func() {
			io.Copy(typed, console.In)
			typed.Write([]byte{controlD})
		}()
	}
	done := make(chan struct{})
	interrupted := make(chan bool)
	go func() { interrupted <- console.stop(typed, cmd.Process, done) }()
	waiting := cmd.Wait()
	close(done)
	killed := <-interrupted

	status, err = c.Status(statusFile)
	switch {
	case err == nil:
		return status, nil
	case killed:
		return 128 + 2, nil // as the shell has it for SIGINT
	case ctx.Err() != nil:
		return StatusFailed, fmt.Errorf("the machine was stopped: %w", context.Cause(ctx))
	case waiting != nil && messages.Len() > 0:
		return StatusFailed, explain(messages.String())
	}
	if console.Err != nil {
		console.Err.Write(messages.Bytes())
	}
	return StatusFailed, err
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

// stop passes the user's interrupts on until the machine is off, and reports whether it had to be
// turned off.
func (c *Console) stop(typed *keyboard, qemu *os.Process, done <-chan struct{}) (killed bool) {
	count := 0
	var waited <-chan time.Time
	for {
		select {
		case <-done:
			return killed
		case <-waited:
			if c.Err != nil {
				fmt.Fprintln(c.Err, "ringo: the program has not stopped yet; another Ctrl-C turns the machine off")
			}
		case signal, ok := <-c.Interrupt:
			if !ok {
				c.Interrupt = nil
				continue
			}
			if signal == syscall.SIGQUIT {
				go typed.Write([]byte{controlBackslash})
				continue
			}
			switch count++; count {
			case 1:
				go typed.Write([]byte{controlC})
				waited = time.After(patience)
			case 2:
				killed = true
				qemu.Signal(os.Interrupt) // QEMU cleans up
			default:
				qemu.Kill()
			}
		}
	}
}

// A keyboard serialises what is typed and the interrupts.
type keyboard struct {
	mu sync.Mutex
	to io.Writer
}

func (k *keyboard) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.to.Write(p)
}

// explain makes a sentence of what QEMU says when it does not start.
func explain(messages string) error {
	messages = strings.TrimSpace(strings.ReplaceAll(messages, Program+": ", ""))
	switch {
	case strings.Contains(messages, "Could not set up host forwarding rule"):
		rule := messages[strings.LastIndex(messages, "rule")+len("rule"):]
		return fmt.Errorf("a port of this host cannot be forwarded, as something else listens on it or it is not allowed:%s; choose another with -p", rule)
	case strings.Contains(messages, "kvm"):
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
