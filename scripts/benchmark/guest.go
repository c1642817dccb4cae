package benchmark

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/ringo-os/ringo/qemu"
)

// The kernel's words: a console on the serial port, nothing else said there, and a panic is the end.
const (
	LinuxWords = "console=ttyS0 quiet panic=-1"
	RingoWords = "quiet"
)

// A Guest is something to boot: an image of Ringo's, or a Linux kernel with an initramfs. Without a kernel it is
// a machine that never starts.
type Guest struct {
	Kernel, Initrd, Words string
	Machine               qemu.Machine
	Memory                qemu.Size
	Cores                 int
	// Devices are more arguments for QEMU.
	Devices []string
}

// Args are QEMU's: the same for all guests, but for what they boot, for the machine and its size.
func (g *Guest) Args() []string {
	machine := string(g.Machine)
	if g.Machine == qemu.MicroVM {
		machine = "microvm,rtc=on,pit=on,pic=on,x-option-roms=off"
	}
	args := []string{"-accel", "tcg", "-cpu", "max", "-M", machine, "-m", g.Memory.String(), "-smp", strconv.Itoa(g.Cores),
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"}
	args = append(args, g.Devices...)
	if g.Kernel == "" {
		return append(args, "-S")
	}
	args = append(args, "-kernel", g.Kernel)
	if g.Initrd != "" {
		args = append(args, "-initrd", g.Initrd)
	}
	return append(args, "-append", g.Words)
}

// CommandLine is how the guest is started, for a reader.
func (g *Guest) CommandLine() string {
	words := g.Args()
	for i, w := range words {
		words[i] = qemu.Quote(w)
	}
	return qemu.Program + " " + strings.Join(words, " ")
}

// A Machine is a guest that was started.
type Machine struct {
	// Started is when QEMU was.
	Started time.Time
	// Console is what the guest says.
	Console io.Reader

	ctx      context.Context
	cancel   context.CancelFunc
	pipe     io.Reader
	cmd      *exec.Cmd
	said     bytes.Buffer // the last of Console
	messages bytes.Buffer
}

// Start boots the guest. The caller must call Stop.
func (g *Guest) Start(ctx context.Context) (*Machine, error) {
	m := &Machine{}
	m.ctx, m.cancel = context.WithCancel(ctx)
	m.cmd = exec.CommandContext(m.ctx, qemu.Program, g.Args()...)
	m.cmd.Stderr = &m.messages
	pipe, err := m.cmd.StdoutPipe()
	if err != nil {
		m.cancel()
		return nil, err
	}
	m.pipe, m.Console = pipe, io.TeeReader(pipe, &tail{&m.said})
	m.Started = time.Now()
	if err := m.cmd.Start(); err != nil {
		m.cancel()
		return nil, err
	}
	return m, nil
}

// Stop turns the machine off.
func (m *Machine) Stop() {
	m.cancel() // kills QEMU
	io.Copy(io.Discard, m.pipe)
	m.cmd.Wait()
}

// Resident is how much of the host's memory QEMU and the guest take at the moment.
func (m *Machine) Resident() (qemu.Size, error) {
	name := fmt.Sprintf("/proc/%d/status", m.cmd.Process.Pid)
	status, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "\nVmRSS:")
	var kibibytes qemu.Size
	if _, err := fmt.Sscan(rest, &kibibytes); err != nil {
		return 0, fmt.Errorf("%s tells no VmRSS: %w", name, err)
	}
	return kibibytes << 10, nil
}

// Lines calls each for the lines that the guest prints until that returns false. It is an error if the
// machine stops before.
func (m *Machine) Lines(each func(line string) bool) error {
	for lines := bufio.NewReader(m.Console); ; {
		line, err := lines.ReadString('\n')
		if !each(strings.TrimRight(line, "\r\n")) {
			return nil
		}
		if err != nil {
			return m.explain(errors.New("the machine stopped"))
		}
	}
}

// explain adds to an error what was said before, or tells that the user wanted to stop.
func (m *Machine) explain(err error) error {
	if m.ctx.Err() != nil {
		err = context.Cause(m.ctx)
	}
	return fmt.Errorf("%w; the console says %q, QEMU %q", err, &m.said, &m.messages)
}

// A tail keeps the last that is written to it.
type tail struct{ *bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	const most = 2000
	t.Buffer.Write(p)
	t.Next(max(t.Len()-most, 0))
	return len(p), nil
}

// FreePort finds a TCP port on loopback that nothing listens on.
func FreePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
