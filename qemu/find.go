package qemu

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// Program is QEMU's name for 64-bit x86.
const Program = "qemu-system-x86_64"

// Install is the command that gets QEMU on Debian and Ubuntu.
const Install = "apt-get install --no-install-recommends qemu-system-x86"

// ErrMissing means that QEMU is not installed.
var ErrMissing = errors.New(Program + " is not in PATH: get it with `" + Install + "` (Debian, Ubuntu), " +
	"`dnf install qemu-system-x86-core` (Fedora) or `brew install qemu` (macOS)")

// program finds QEMU.
func (c *Config) program() (string, error) {
	path, err := exec.LookPath(or(c.QEMU, Program))
	if err != nil {
		if c.QEMU != "" {
			return "", fmt.Errorf("there is no program %s: --qemu takes another %s", c.QEMU, Program)
		}
		return "", ErrMissing
	}
	return path, nil
}

// Installed returns an error that says how to get QEMU, if it is not there.
func (c *Config) Installed() error {
	_, err := c.program()
	return err
}

// KVM reports whether this host seems to be able to run machines on its processor itself. Whether
// it works shows only when a machine is started: so it is for the user to choose.
func KVM() bool {
	f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	f.Close()
	return true
}
