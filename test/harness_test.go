// Package test boots machines in QEMU and looks at what they say. It tests what only a machine can
// show; all that a host can test has unit tests beside it.
//
// The programs that are booted lie in testdata, one folder each, and most of them choose what to do
// by their first argument. Where Linux is the measure, the same program is also built by a plain go
// build and run here, and what the two print is compared.
//
// Measurements are taken by tests that are not parallel. These run first, one by one.
package test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	vmtest "github.com/hugelgupf/vmtest/qemu"

	"github.com/ringo-os/ringo/qemu"
)

var (
	ringo   string // the command, built once
	scratch string // a folder for what is built
)

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	if _, err := exec.LookPath(qemu.Program); err != nil {
		fmt.Fprintln(os.Stderr, qemu.ErrMissing)
		return 1
	}
	var err error
	if scratch, err = os.MkdirTemp("", "ringo-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	ringo = filepath.Join(scratch, "ringo")
	if out, err := exec.Command("go", "build", "-o", ringo, "../cmd/ringo").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build ../cmd/ringo: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// once does something one time per key in a run of the tests, however many ask for it.
type once struct {
	mu    sync.Mutex
	found map[string]func() (string, error)
}

func (o *once) do(t *testing.T, key string, f func() (string, error)) string {
	t.Helper()
	o.mu.Lock()
	if o.found == nil {
		o.found = map[string]func() (string, error){}
	}
	if o.found[key] == nil {
		o.found[key] = sync.OnceValues(f)
	}
	f = o.found[key]
	o.mu.Unlock()
	value, err := f()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

var images, binaries once

// image returns the bootable image of the program in testdata/name.
func image(t *testing.T, name string) string {
	t.Helper()
	return images.do(t, name, func() (string, error) {
		return buildImage(filepath.Join("testdata", name), ".", "image-"+filepath.Base(name))
	})
}

// buildImage runs ringo build in a folder.
func buildImage(dir, program, name string) (string, error) {
	file := filepath.Join(scratch, name)
	cmd := exec.Command(ringo, "build", "-q", "-o", file, program)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ringo build %s in %s: %v\n%s", program, dir, err, out)
	}
	return file, nil
}

// binary returns the same program as go build makes it for Linux.
func binary(t *testing.T, name string) string {
	t.Helper()
	return binaries.do(t, name, func() (string, error) {
		file := filepath.Join(scratch, "linux-"+filepath.Base(name))
		cmd := exec.Command("go", "build", "-pgo=off", "-o", file, ".")
		cmd.Dir = filepath.Join("testdata", name)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
		out, err := cmd.CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("go build in testdata/%s: %v\n%s", name, err, out)
		}
		return file, nil
	})
}

// A result is what a program has left.
type result struct {
	output string // standard output and error
	status int
}

// programTimeout is far above what any program here needs: only one that hangs gets there.
const programTimeout = time.Minute

// vmTimeout is the same for a machine. The host, too, needs time to find memory for a large one.
func vmTimeout(c qemu.Config) time.Duration {
	return programTimeout + min(time.Duration(c.Memory/(16<<20))*time.Second, 5*time.Minute)
}

// machines bounds how many there are at a time, whatever -parallel says.
var machines = make(chan struct{}, 2)

// A machine is one that was started.
type machine struct {
	*vmtest.VM
	t       *testing.T
	config  qemu.Config
	status  string // file
	monitor string // socket
	output  output
	hanging *time.Timer
	started time.Time
}

// start turns a machine on. The caller must wait for it.
func start(t *testing.T, c qemu.Config) *machine {
	t.Helper()
	machines <- struct{}{}
	c.Extra = slices.Clone(c.Extra)
	if c.Machine == qemu.PC || c.Machine == qemu.Q35 {
		// With vmtest's -nographic the BIOS would write to the console too.
		c.Extra = append(c.Extra, "-machine", "graphics=on")
	}
	socket := monitorSocket()
	c.Extra = append(c.Extra, qemu.MonitorArgs(socket)...)
	m := &machine{t: t, monitor: socket, config: c, status: filepath.Join(t.TempDir(), "status")}
	command, err := c.VMTest(m.status)
	if err != nil {
		t.Fatal(err)
	}
	m.started = time.Now()
	m.hanging = time.AfterFunc(vmTimeout(c)-postMortemTime, func() {
		said, err := examine(m.monitor)
		t.Errorf("the machine hangs; QEMU's monitor (%v):\n%s", err, said)
	})
	t.Cleanup(func() { m.hanging.Stop() })
	m.VM = vmtest.StartT(t, string(c.Machine), vmtest.ArchAMD64, vmtest.WithQEMUCommand(command[0]),
		vmtest.ArbitraryArgs(command[1:]...), vmtest.WithSerialOutput(&m.output), vmtest.WithVMTimeout(vmTimeout(c)))
	return m
}

// expect waits until the machine has said something.
func (m *machine) expect(words string) {
	m.t.Helper()
	if _, err := m.Console.ExpectString(words); err != nil {
		m.t.Errorf("waiting for %q: %v", words, err)
		m.Kill()
	}
}

// finish waits until the machine is off, and does not ask for an exit status.
func (m *machine) finish() result {
	m.t.Helper()
	err := m.VM.Wait()
	m.hanging.Stop()
	<-machines
	if err != nil {
		m.t.Errorf("QEMU, after %v: %v", time.Since(m.started).Round(time.Millisecond), err)
	}
	status, err := m.config.Status(m.status)
	if err != nil {
		status = -1
	}
	return result{m.output.String(), status}
}

// wait waits until the machine is off.
func (m *machine) wait() result {
	m.t.Helper()
	r := m.finish()
	if r.status < 0 {
		m.t.Fatalf("the machine told no exit status; its console:\n%s", r.output)
	}
	return r
}

// boot runs a machine until it is off.
func boot(t *testing.T, c qemu.Config) result {
	t.Helper()
	return start(t, c).wait()
}

// bare is a machine without devices that most tests do not need.
func bare(t *testing.T, program string, arguments ...string) qemu.Config {
	t.Helper()
	return qemu.Config{Image: image(t, program), Memory: 128 << 20, NoNetwork: true, Arguments: arguments}
}

// passes boots a program that checks things itself and says "ok" at the end.
func passes(t *testing.T, c qemu.Config) string {
	t.Helper()
	r := boot(t, c)
	if r.status != 0 || !strings.HasSuffix(r.output, "ok\n") {
		t.Fatalf("%q: status %d\n%.3000s", c.Arguments, r.status, r.output)
	}
	return r.output
}

// ringoRun runs ringo run with something to type.
func ringoRun(t *testing.T, stdin string, arguments ...string) result {
	t.Helper()
	machines <- struct{}{}
	defer func() { <-machines }()
	ctx, cancel := context.WithTimeout(t.Context(), programTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, ringo, append([]string{"run"}, arguments...)...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Errorf("ringo run %q does not end: %v", arguments, err)
	}
	return result{string(out), cmd.ProcessState.ExitCode()}
}

// onLinux runs the program in testdata/name on this host.
func onLinux(t *testing.T, name string, environment []string, stdin string, arguments ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), programTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary(t, name), arguments...)
	cmd.Env = append([]string{}, environment...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{string(out), cmd.ProcessState.ExitCode()}
}

// asOnLinux runs a mode of the program in testdata/name here and in machines, in parallel with other tests: both do the
// same.
func asOnLinux(t *testing.T, name, mode string) {
	t.Helper()
	t.Parallel()
	want := onLinux(t, name, nil, "", mode)
	for _, cores := range []int{1, 4} {
		c := bare(t, name, mode)
		c.Cores = cores
		if got := boot(t, c); got.status != want.status || normal(got.output) != normal(want.output) {
			t.Errorf("with %d cores: status %d, on Linux %d\n%s", cores, got.status, want.status, difference(got.output, want.output))
		}
	}
}

// An output collects what a machine writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) Close() error { return nil }

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

var (
	hexadecimal = regexp.MustCompile(`(\w+=)?0x[0-9a-f]+`)
	varying     = regexp.MustCompile(`goroutine [0-9]+|\bm=[0-9]+|\.\.\.[0-9]+ frames elided`)
	digits      = regexp.MustCompile(`[0-9]+`)
	// The runtime's OS layer for the machine has files of its own.
	osFile = regexp.MustCompile(`/runtime/(ringo_\w+|signal_unix)\.go:[0-9]+`)
)

// normal takes out of a traceback what no two runs have in common: addresses, the numbers of
// goroutines and threads, and what the runtime's own goroutines happen to do (which a fatal error
// in the runtime's eyes shows too).
func normal(s string) string {
	s = hexadecimal.ReplaceAllStringFunc(s, func(number string) string {
		name, value, named := strings.Cut(number, "=")
		switch {
		case !named:
			return "0x?"
		case name == "code", name == "addr" && len(value) < len("0x4ef148"): // not in the program's code, data or memory
			return number
		}
		return name + "=0x?"
	})
	s = varying.ReplaceAllStringFunc(s, func(number string) string { return digits.ReplaceAllString(number, "N") })
	s = osFile.ReplaceAllString(s, "/runtime/OS.go:N")
	blocks := strings.Split(s, "\n\n")
	blocks = slices.DeleteFunc(blocks, func(b string) bool {
		return strings.HasPrefix(b, "goroutine N gp=") && strings.Contains(b, "\ncreated by runtime.")
	})
	return strings.TrimSuffix(strings.Join(blocks, "\n\n"), "\n")
}

// difference shows where two texts begin to differ.
func difference(got, want string) string {
	g, w := strings.SplitAfter(got, "\n"), strings.SplitAfter(want, "\n")
	i := 0
	for i < len(g) && i < len(w) && g[i] == w[i] {
		i++
	}
	if i == len(g) && i == len(w) {
		return ""
	}
	mark := func(lines []string) string {
		lines = slices.Clone(lines)
		if i < len(lines) {
			lines[i] = "--> " + lines[i]
		}
		return strings.Join(lines[max(i-10, 0):min(i+20, len(lines))], "")
	}
	return fmt.Sprintf("the machine says:\n%s\nLinux says:\n%s", mark(g), mark(w))
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}
