package fs

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/kernel/file"
)

// A device is an open character device that never blocks: what reading and writing do is all there
// is to it.
type device struct {
	handle
	read  func(p []byte) (int, syscall.Errno)
	write func(p []byte) (int, syscall.Errno)
}

// Immediate: see file.Immediate.
func (d *device) Immediate() {}

func (d *device) Read(p []byte) (int, syscall.Errno)  { return d.read(p) }
func (d *device) Write(p []byte) (int, syscall.Errno) { return d.write(p) }

func (d *device) ReadAt(p []byte, offset int64) (int, syscall.Errno)  { return d.read(p) }
func (d *device) WriteAt(p []byte, offset int64) (int, syscall.Errno) { return d.write(p) }

func (d *device) Move(offset int64, whence int) (int64, syscall.Errno) { return 0, 0 }

func nothing(p []byte) (int, syscall.Errno) { return 0, 0 }
func swallow(p []byte) (int, syscall.Errno) { return len(p), 0 }
func full(p []byte) (int, syscall.Errno)    { return 0, syscall.ENOSPC }

func zero(p []byte) (int, syscall.Errno) {
	clear(p)
	return len(p), 0
}

// A randomDevice also tells how much entropy there is (random(4)): as much as can be counted, as on a Linux that has
// been seeded once.
type randomDevice struct{ device }

const entropyBits = 256

// ControlSize implements file.Controller.
func (d *randomDevice) ControlSize(request uint32) (size int, known bool) {
	return 4, request == unix.RNDGETENTCNT
}

// Control implements file.Controller.
func (d *randomDevice) Control(request uint32, argument []byte) (uintptr, syscall.Errno) {
	binary.NativeEndian.PutUint32(argument, entropyBits)
	return 0, 0
}

// Devices is what /dev needs from the rest of the kernel.
type Devices struct {
	// Random fills p with random bytes.
	Random func(p []byte) syscall.Errno
	// Terminal opens the console.
	Terminal func(e *Entry, flags int) (file.File, syscall.Errno)
	// Pseudo makes pseudo-terminals; nil: there are none.
	Pseudo Pseudo
}

// MountDevices makes /dev.
func (t *FS) MountDevices(d Devices) {
	v := t.Mount("/dev", "devtmpfs", tmpfsMagic, nil)
	v.fixed = false
	random := func(p []byte) (int, syscall.Errno) {
		if errno := d.Random(p); errno != 0 {
			return 0, errno
		}
		return len(p), 0
	}
	plain := func(path string, minor uint32, read, write func([]byte) (int, syscall.Errno)) {
		t.Device(path, 0o666, 1, minor, func(e *Entry, flags int) (file.File, syscall.Errno) {
			return &device{handle{e}, read, write}, 0
		})
	}
	plain("/dev/null", 3, nothing, swallow)
	plain("/dev/zero", 5, zero, swallow)
	plain("/dev/full", 7, zero, full)
	for minor, path := range map[uint32]string{8: "/dev/random", 9: "/dev/urandom"} {
		t.Device(path, 0o666, 1, minor, func(e *Entry, flags int) (file.File, syscall.Errno) {
			return &randomDevice{device{handle{e}, random, swallow}}, 0
		})
	}
	t.Device("/dev/tty", 0o666, 5, 0, d.Terminal)
	t.console = t.Device("/dev/console", 0o600, 5, 1, d.Terminal)
	for _, link := range [][2]string{
		{"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"},
		{"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
	} {
		t.Point("/dev/"+link[0], func() string { return link[1] })
	}
	t.Plant("/dev/shm", 0o1777)
	if d.Pseudo != nil {
		t.mountPseudo(d.Pseudo)
	}
}

// Console returns the name of the console, which is there as soon as somebody asks.
func (t *FS) Console() *Entry {
	t.tree.RLock()
	defer t.tree.RUnlock()
	t.root.node.look()
	return t.console
}
