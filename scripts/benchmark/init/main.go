// Init is the first program of the Linux guests that benchmarks compare with: it sets up lo and loads the modules
// in /modules, in the order of their names. If there are any, it gives eth0 the address that QEMU's user
// network forwards ports to. Then it becomes /program, with its own arguments.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	if err := run(); err != nil {
		fmt.Println("init:", err)
		os.Exit(1) // the kernel panics, and QEMU ends
	}
}

func run() error {
	for _, m := range [][2]string{{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}} {
		os.MkdirAll(m[1], 0o755)
		if err := unix.Mount(m[0], m[1], m[0], 0, ""); err != nil && !errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("mount %s: %w", m[1], err)
		}
	}
	modules, err := filepath.Glob("/modules/*")
	if err != nil {
		return err
	}
	for _, m := range modules { // sorted
		if err := load(m); err != nil {
			return fmt.Errorf("%s: %w", m, err)
		}
	}
	if err := network(len(modules) > 0); err != nil {
		return fmt.Errorf("network: %w", err)
	}
	return syscall.Exec("/program", append([]string{"/program"}, os.Args[1:]...), os.Environ())
}

func load(module string) error {
	f, err := os.Open(module)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.FinitModule(int(f.Fd()), "", 0)
}

// network sets up lo, and eth0 if there is one, as netdevice(7) describes.
func network(card bool) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	set := func(name string, request uint, value func(*unix.Ifreq) error) error {
		r, err := unix.NewIfreq(name)
		if err == nil {
			err = value(r)
		}
		if err == nil {
			err = unix.IoctlIfreq(s, request, r)
		}
		return err
	}
	up := func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING); return nil }
	address := func(a ...byte) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { return r.SetInet4Addr(a) }
	}
	if err := set("lo", unix.SIOCSIFFLAGS, up); err != nil || !card {
		return err
	}
	for range 100 { // for the driver
		if err = set("eth0", unix.SIOCSIFADDR, address(10, 0, 2, 15)); !errors.Is(err, unix.ENODEV) {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	return errors.Join(err,
		set("eth0", unix.SIOCSIFNETMASK, address(255, 255, 255, 0)),
		set("eth0", unix.SIOCSIFFLAGS, up))
}
