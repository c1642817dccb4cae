//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/qemu"
)

// TestMain makes this binary the ringo command as well, for tests that need it as a process, and for what such a
// process starts.
func TestMain(m *testing.M) {
	if os.Getenv("RINGO_TEST_COMMAND") != "" {
		main()
	}
	status := m.Run()
	os.RemoveAll(filepath.Dir(programImage))
	os.Exit(status)
}

// command prepares a run of ringo as a process.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), "RINGO_TEST_COMMAND=1")
	return cmd
}

var programImage string

// program is the image of testdata/program, built once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ringo-test-")
	if err != nil {
		return "", err
	}
	programImage = filepath.Join(dir, "program.img")
	cmd := exec.Command(os.Args[0], "build", "-o", programImage, "./testdata/program")
	cmd.Env = append(os.Environ(), "RINGO_TEST_COMMAND=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("ringo build: %v\n%s", err, out)
	}
	return programImage, nil
})

// run prepares `ringo run` of the program with arguments.
func run(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath(qemu.Program); err != nil {
		t.Skip(qemu.ErrMissing)
	}
	image, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return command(t, append([]string{"run", "-q", image, "--"}, arguments...)...)
}

// status is the exit status of a command that has been waited for.
func status(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.Exited():
		return exit.ExitCode()
	}
	return -1
}

// TestPipes: what is piped in comes out, byte for byte, and ends.
func TestPipes(t *testing.T) {
	t.Parallel()
	data := make([]byte, 60_000) // many times what the kernel's ring holds
	x := uint32(1)
	for i := range data {
		x = x*1664525 + 1013904223
		data[i] = byte(x >> 24)
	}
	for _, data := range [][]byte{nil, []byte("in1\nin2"), []byte("\x04\r\n\x03\x10"), data} {
		cmd := run(t, "cat")
		cmd.Stdin = bytes.NewReader(data)
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil || !bytes.Equal(out, data) {
			t.Errorf("%d bytes became %d: %v\n%s%s", len(data), len(out), err, &said, out[max(len(out)-2000, 0):])
		}
	}
}

// TestDescriptors: what is no terminal does not look like one.
func TestDescriptors(t *testing.T) {
	t.Parallel()
	cmd := run(t, "descriptors")
	cmd.Stdin = strings.NewReader("input")
	out, err := cmd.Output()
	const want = "0: type 10000, TCGETS inappropriate ioctl for device, pipe:[1] <nil>\n" +
		"1: type 10000, TCGETS inappropriate ioctl for device, pipe:[2] <nil>\n" +
		"2: type 10000, TCGETS inappropriate ioctl for device, pipe:[2] <nil>\n" +
		"/dev/tty: open /dev/tty: no such device or address\n" +
		"input/dev/stdin: <nil>\n"
	if string(out) != want || err != nil {
		t.Errorf("error %v\n%s", err, out)
	}
	// Standard input is /dev/null, standard output a regular file.
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd = run(t, "descriptors")
	cmd.Stdout = f
	err = cmd.Run()
	got, _ := os.ReadFile(f.Name())
	if string(got) != strings.Replace(want, "input/", "/", 1) || err != nil {
		t.Errorf("error %v\n%s", err, got)
	}
}

// TestSignals: signals to ringo are for the program; without a handler it ends as on Linux.
func TestSignals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		program string
		signals []syscall.Signal
		output  string
		status  int
	}{
		{"notify", []syscall.Signal{syscall.SIGINT}, "ready\ninterrupt\n", 7},
		{"notify", []syscall.Signal{syscall.SIGTERM}, "ready\nterminated\n", 7},
		{"sleep", []syscall.Signal{syscall.SIGINT}, "ready\n", 130},
		{"sleep", []syscall.Signal{syscall.SIGTERM}, "ready\n", 143},
		{"ignore", []syscall.Signal{syscall.SIGINT, syscall.SIGINT}, "ready\n", 130},
	} {
		cmd := run(t, test.program)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len("ready\n"))
		io.ReadFull(out, got)
		for _, s := range test.signals {
			cmd.Process.Signal(s)
			time.Sleep(50 * time.Millisecond)
		}
		rest, _ := io.ReadAll(out)
		if status := status(cmd.Wait()); string(got)+string(rest) != test.output || status != test.status {
			t.Errorf("%s, %v: status %d\n%s%s", test.program, test.signals, status, got, rest)
		}
	}
}

// TestNobodyReads: a program that writes what nobody reads is stopped.
func TestNobodyReads(t *testing.T) {
	t.Parallel()
	cmd := run(t, "forever")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	io.ReadFull(out, make([]byte, 100))
	out.Close()
	if status := status(cmd.Wait()); status != 141 {
		t.Errorf("status %d", status)
	}
}

// A screen collects what a terminal shows.
type screen struct {
	t    *testing.T
	keys *os.File
	mu   sync.Mutex
	text string
}

// terminal runs a command on a terminal of its own.
func terminal(t *testing.T, cmd *exec.Cmd) (s *screen, line *os.File) {
	t.Helper()
	return terminalOf(t, cmd, &pty.Winsize{})
}

// terminalOf runs it on one of a size.
func terminalOf(t *testing.T, cmd *exec.Cmd, size *pty.Winsize) (s *screen, line *os.File) {
	t.Helper()
	keys, line, err := pty.Open()
	if err != nil {
		t.Skip(err)
	}
	if err := pty.Setsize(keys, size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keys.Close(); line.Close() })
	cmd.Stdin, cmd.Stdout, cmd.Stderr = line, line, line
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s = &screen{t: t, keys: keys}
	go func() {
		for p := make([]byte, 1024); ; {
			n, err := keys.Read(p)
			s.mu.Lock()
			s.text += string(p[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s, line
}

// see waits until the screen shows text, which it has not shown before.
func (s *screen) see(text string) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		i := strings.Index(s.text, text)
		if i >= 0 {
			s.text = s.text[i+len(text):]
		}
		s.mu.Unlock()
		if i >= 0 {
			return
		}
	}
	s.t.Errorf("no %q; but %q", text, s.text)
}

func (s *screen) press(keys string) { io.WriteString(s.keys, keys) }

// TestTerminal: lines are edited in the machine, Ctrl-C is the program's, and pressed twice turns the
// machine off. The terminal is then as before.
func TestTerminal(t *testing.T) {
	t.Parallel()
	finish := func(cmd *exec.Cmd, line *os.File, before *unix.Termios, want int) {
		t.Helper()
		if got := status(cmd.Wait()); got != want {
			t.Errorf("status %d, want %d", got, want)
		}
		if after := modes(t, line); *after != *before {
			t.Errorf("the terminal's modes are %+v, and were %+v", after, before)
		}
	}
	cmd := run(t, "lines")
	s, line := terminal(t, cmd)
	before := modes(t, line)
	s.see("ready\r\n")
	s.press("hellp\x7fo\r")
	s.see("hellp\b \bo\r\n[hello]\r\n")
	s.press("again\r")
	s.see("again\r\n[again]\r\n")
	s.press("\x04")
	finish(cmd, line, before, 0)

	cmd = run(t, "notify")
	s, line = terminal(t, cmd)
	s.see("ready\r\n")
	s.press("\x03")
	s.see("^Cinterrupt\r\n")
	finish(cmd, line, before, 7)

	cmd = run(t, "ignore")
	s, line = terminal(t, cmd)
	s.see("ready\r\n")
	s.press("\x03")
	s.see("^C")
	s.press("x")
	s.see("x")
	s.press("\x03")
	s.see("^C")
	s.press("\x03")
	finish(cmd, line, before, 130)

	cmd = run(t, "environment")
	cmd.Env = append(cmd.Env, "TERM=vt220")
	s, line = terminal(t, cmd)
	s.see(`["TERM=vt220" "HOME=/root" "PATH=/usr/local/sbin:`)
	finish(cmd, line, before, 0)

	cmd = run(t, "environment")
	cmd.Args = append(cmd.Args[:2], append([]string{"-e", "TERM=mine", "-e", "HOME=/home"}, cmd.Args[2:]...)...)
	s, line = terminal(t, cmd)
	s.see(`["TERM=mine" "HOME=/home" "PATH=/usr/local/sbin:`)
	finish(cmd, line, before, 0)

	for want, size := range map[string]*pty.Winsize{"80 24 <nil>": {}, "132 43 <nil>": {Cols: 132, Rows: 43}} {
		cmd = run(t, "window")
		s, line = terminalOf(t, cmd, size)
		s.see(want)
		finish(cmd, line, before, 0)
	}

	cmd = run(t, "descriptors")
	s, _ = terminal(t, cmd)
	for fd := range 3 {
		s.see(fmt.Sprintf("%d: type 20000, TCGETS errno 0, /dev/console <nil>\r\n", fd))
	}
	s.see("/dev/tty: <nil>\r\n")
	s.press("x\r\x04")
	s.see("/dev/stdin: <nil>")
	cmd.Wait()
}

func modes(t *testing.T, line *os.File) *unix.Termios {
	t.Helper()
	m, err := unix.IoctlGetTermios(int(line.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestArguments: ringo's own flags end where the program's begin.
func TestArguments(t *testing.T) {
	t.Parallel()
	cmd := run(t, "args", "it's", "a  b", "", "漢字 🦜", "$HOME", "--", "-q", "--smp=3")
	cmd.Args = append(cmd.Args[:2], append([]string{"-e", "NAME=a value", "--smp=2", "-m", "64M"}, cmd.Args[2:]...)...)
	out, err := cmd.Output()
	const want = `["program" "args" "it's" "a  b" "" "漢字 🦜" "$HOME" "--" "-q" "--smp=3"] a value` + "\n"
	if string(out) != want || err != nil {
		t.Errorf("error %v\n%s", err, out)
	}
	cmd = run(t, "environment")
	cmd.Env = append(cmd.Env, "TERM=vt220")
	out, err = cmd.Output()
	if want := `["HOME=/root" "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]` + "\n"; string(out) != want || err != nil {
		t.Errorf("error %v\n%s", err, out)
	}
}
