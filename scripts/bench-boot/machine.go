package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"github.com/ringo-os/ringo/qemu"
)

// A guest is something to boot: an image of Ringo's, or a Linux kernel with an initramfs.
type guest struct {
	kernel, initrd, words string
	machine               qemu.Machine
	web                   bool // it answers HTTP; otherwise it prints a line
}

// args are QEMU's: the same for all guests, but for what they boot and for the machine.
func (g *guest) args(memory qemu.Size, port int) []string {
	machine, device := string(g.machine), "virtio-net-pci,netdev=net,romfile="
	if g.machine == qemu.MicroVM {
		machine, device = "microvm,rtc=on,pit=on,pic=on,x-option-roms=off", "virtio-net-device,netdev=net"
	}
	args := []string{"-accel", "tcg", "-cpu", "max", "-M", machine, "-m", memory.String(), "-smp", "1",
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"}
	if g.web {
		args = append(args, "-netdev", fmt.Sprintf("user,id=net,hostfwd=tcp:127.0.0.1:%d-:8080", port), "-device", device)
	}
	args = append(args, "-kernel", g.kernel)
	if g.initrd != "" {
		args = append(args, "-initrd", g.initrd)
	}
	return append(args, "-append", g.words)
}

// start boots the guest, waits until it does what it should (prints line, and answers HTTP if it is
// a web server), turns it off, and returns how long that took from starting QEMU.
func (g *guest) start(ctx context.Context, memory qemu.Size, line string) (time.Duration, error) {
	port := 0
	if g.web {
		var err error
		if port, err = freePort(); err != nil {
			return 0, err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, qemu.Program, g.args(memory, port)...)
	var messages bytes.Buffer
	cmd.Stderr = &messages
	console, err := cmd.StdoutPipe()
	if err != nil {
		cancel()
		return 0, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		cancel()
		return 0, err
	}
	defer func() {
		cancel() // kills QEMU
		io.Copy(io.Discard, console)
		cmd.Wait()
	}()
	said, err := waitFor(console, line)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return 0, fmt.Errorf("%w; the console says %q, QEMU %q", err, said, &messages)
	}
	if g.web {
		go io.Copy(io.Discard, console)
		if err := answers(ctx, port); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// waitFor reads the console until a line is there. It returns the last that the console has said.
func waitFor(console io.Reader, line string) (said string, err error) {
	lines := bufio.NewReader(console)
	for {
		text, err := lines.ReadString('\n')
		if strings.Contains(text, line) {
			return "", nil
		}
		if said += text; len(said) > 2000 {
			said = said[len(said)-2000:]
		}
		if err != nil {
			return said, errors.New("the machine stopped")
		}
	}
}

// answers waits until the web server has sent its page. A connection that QEMU has taken but the
// guest has not yet seen may wait for seconds until it is tried again; so others are opened beside.
func answers(ctx context.Context, port int) error {
	const interval, most = 25 * time.Millisecond, 40
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // and no proxy
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	got := make(chan error, most)
	next := time.NewTimer(0)
	defer next.Stop()
	for started, ended := 0, 0; ; {
		select {
		case <-next.C:
			if started++; started < most {
				next.Reset(interval)
			}
			go func() { got <- get(ctx, &client, port) }()
		case err := <-got:
			if ended++; err == nil || ended == most {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func get(ctx context.Context, client *http.Client, port int) error {
	request, err := http.NewRequestWithContext(ctx, "GET", fmt.Sprintf("http://127.0.0.1:%d/hello", port), nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK || len(body) == 0 {
		return fmt.Errorf("an odd answer: %s, %q, %v", response.Status, body, err)
	}
	return nil
}

// freePort finds a TCP port on loopback that nothing listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
