package qemu

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/linker"
)

// image writes a bootable file whose program, in 32-bit machine code, is code followed by data.
// Code finds data at dataAddress.
func image(t *testing.T, code, data []byte) string {
	t.Helper()
	const entry, noteAt, noteSize = 0x401000, 0x300, 24
	le := binary.LittleEndian
	file := make([]byte, 0x3000)
	copy(file, "\x7fELF\x02\x01\x01")
	le.PutUint16(file[16:], 2)
	le.PutUint16(file[18:], 62)
	le.PutUint32(file[20:], 1)
	le.PutUint64(file[24:], entry)
	le.PutUint64(file[32:], 64)
	le.PutUint16(file[52:], 64)
	le.PutUint16(file[54:], 56)
	le.PutUint16(file[56:], 2)
	header := file[64:]
	le.PutUint32(header, 4) // a note
	le.PutUint64(header[8:], noteAt)
	le.PutUint64(header[32:], noteSize)
	le.PutUint64(header[48:], 4)
	note := file[noteAt:] // where to jump to (linker.Bootable, which wants more of an image than there is here)
	le.PutUint32(note, 4)
	le.PutUint32(note[4:], 8)
	le.PutUint32(note[8:], 18)
	copy(note[12:], "Xen\x00")
	le.PutUint64(note[16:], entry)
	load := file[64+56:]
	le.PutUint32(load, 1)
	le.PutUint32(load[4:], 7)
	le.PutUint64(load[16:], 0x400000)
	le.PutUint64(load[24:], 0x400000)
	le.PutUint64(load[32:], uint64(len(file)))
	le.PutUint64(load[40:], uint64(len(file)))
	le.PutUint64(load[48:], 4096)
	copy(file[0x200:], linker.Marker)
	copy(file[0x1000:], code)
	copy(file[dataAddress-0x400000:], data)
	if _, err := linker.Read(file); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "an image, with a comma")
	if err := os.WriteFile(name, file, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

const dataAddress = 0x402000

// out is code that writes data[from:to] to an I/O port.
func out(port uint16, from, to int) []byte {
	code := []byte{0xBE} // mov esi, ...
	code = binary.LittleEndian.AppendUint32(code, uint32(dataAddress+from))
	code = append(code, 0x66, 0xBA, byte(port), byte(port>>8)) // mov dx, port
	code = append(code, 0xB9)                                  // mov ecx, ...
	code = binary.LittleEndian.AppendUint32(code, uint32(to-from))
	return append(code, 0xF3, 0x6E) // rep outsb
}

// stop is code that ends in a triple fault: the breakpoint finds no interrupt descriptor table.
var stop = []byte{0x0F, 0x01, 0x1D, 0x00, 0x2F, 0x40, 0x00, 0xCC} // lidt [0x402f00]; int3

// waitFor is code that waits until the byte b comes in on the first serial port.
func waitFor(b byte) []byte {
	return []byte{
		0x66, 0xBA, 0xFD, 0x03, // again: mov dx, 0x3fd
		0xEC,       // in al, dx
		0xA8, 0x01, // test al, 1
		0x74, 0xF7, // jz again
		0x66, 0xBA, 0xF8, 0x03, // mov dx, 0x3f8
		0xEC,    // in al, dx
		0x3C, b, // cmp al, b
		0x75, 0xEE, // jne again
	}
}

func needQEMU(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath(Program); err != nil {
		t.Skip(ErrMissing)
	}
}

func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestRun(t *testing.T) {
	t.Parallel()
	needQEMU(t)
	data := []byte("hello\nexit 0\nexit 37\n")
	for _, machine := range Machines {
		var console, messages strings.Builder
		c := Config{Machine: machine, Image: image(t, concat(out(0x3f8, 0, 6), out(0xe9, 6, len(data)), stop), data),
			Memory: 16 << 20, Accelerator: "tcg", Arguments: []string{"it's", "a b"}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		status, err := c.Run(ctx, Console{In: strings.NewReader("typed\n"), Out: &console, Err: &messages})
		cancel()
		if status != 37 || err != nil || !strings.HasSuffix(console.String(), "hello\n") {
			t.Errorf("%s: status %d, error %v, console %q, QEMU says %q", machine, status, err, &console, &messages)
		}
	}
}

func TestNoStatus(t *testing.T) {
	t.Parallel()
	needQEMU(t)
	c := Config{Image: image(t, stop, nil), Accelerator: "tcg"}
	status, err := c.Run(t.Context(), Console{Out: io.Discard})
	if status != StatusFailed || err == nil || !strings.Contains(err.Error(), "without telling an exit status") {
		t.Errorf("status %d, error %v", status, err)
	}
}

// TestInterrupt: the first Ctrl-C reaches the program, the second turns the machine off.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	needQEMU(t)
	data := []byte("exit 130\n")
	polite := concat(waitFor(boot.PipeInterrupt), out(0xe9, 0, len(data)), stop)
	deaf := []byte{0xF4, 0xEB, 0xFD} // hlt, for ever
	for name, test := range map[string]struct {
		code       []byte
		interrupts int
	}{"polite": {polite, 1}, "deaf": {deaf, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			interrupt := make(chan os.Signal, 2)
			for range test.interrupts {
				interrupt <- os.Interrupt
			}
			c := Config{Image: image(t, test.code, data), Accelerator: "tcg"}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			status, err := c.Run(ctx, Console{Out: io.Discard, Interrupt: interrupt})
			if status != 130 || err != nil {
				t.Errorf("status %d, error %v", status, err)
			}
		})
	}
}

// TestQuit: who does not hear SIGQUIT gets a non-maskable interrupt, and who does not heed that is turned off.
func TestQuit(t *testing.T) {
	t.Parallel()
	needQEMU(t)
	data := []byte("exit 2\n")
	// Without an interrupt descriptor table, the interrupt ends in a triple fault.
	lint1 := []byte{0xC7, 0x05, 0x60, 0x03, 0xE0, 0xFE, 0x00, 0x04, 0x00, 0x00} // mov dword [0xfee00360], NMI
	heeds := concat(lint1, out(0xe9, 0, len(data)), stop[:len(stop)-1], []byte{0xF4, 0xEB, 0xFD})
	never := []byte{0xFA, 0xF4} // and masked it stays: cli; hlt
	for name, test := range map[string]struct {
		code   []byte
		status int
		atMost time.Duration
	}{
		"heeds": {heeds, 2, 5 * time.Second},
		"never": {never, 131, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			interrupt := make(chan os.Signal, 1)
			time.AfterFunc(time.Second, func() { interrupt <- syscall.SIGQUIT })
			c := Config{Image: image(t, test.code, data), Accelerator: "tcg"}
			start := time.Now()
			status, err := c.Run(t.Context(), Console{Out: io.Discard, Interrupt: interrupt, Quit: 6 * time.Second})
			if took := time.Since(start); status != test.status || err != nil || took > test.atMost {
				t.Errorf("status %d, error %v, after %v", status, err, took)
			}
		})
	}
}

// TestExport: what the machine sends through its virtio console is in the file. (What the kernel does with it is
// tested with a kernel.)
func TestExport(t *testing.T) {
	t.Parallel()
	c := Config{Machine: PC, Image: "i.img", Accelerator: "tcg", Export: []string{"/a b", "/c"}, ExportFile: "/tmp/x,y", Words: []string{"quiet"}}
	got := strings.Join(c.Args("s"), " ")
	for _, want := range []string{
		"-chardev file,id=export,path=/tmp/x,,y -device virtio-serial-pci,disable-legacy=on,max_ports=1 -device virtconsole,chardev=export",
		"-append quiet 'export=/a b' export=/c",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestWatchExport: a machine that sends without end is stopped.
func TestWatchExport(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "export")
	off, killed := make(chan struct{}), make(chan struct{})
	go watchExport(file, 1000, off, func() { close(killed) })
	for _, size := range []int{1000, 1001} {
		if err := os.WriteFile(file, make([]byte, size), 0o666); err != nil {
			t.Fatal(err)
		}
		select {
		case <-killed:
			if size == 1000 {
				t.Error("killed for no reason")
			}
		case <-time.After(time.Duration(1+9*(size-1000)) * 2 * glance):
			if size > 1000 {
				t.Error("not killed")
			}
		}
	}
	close(off)
}

// TestEndOfInput: the end of what is typed is a Ctrl-D.
func TestEndOfInput(t *testing.T) {
	t.Parallel()
	needQEMU(t)
	data := []byte("exit 4\n")
	c := Config{Image: image(t, concat(waitFor(boot.PipeEnd), out(0xe9, 0, len(data)), stop), data), Accelerator: "tcg"}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if status, err := c.Run(ctx, Console{In: strings.NewReader("typed"), Out: io.Discard}); status != 4 || err != nil {
		t.Errorf("status %d, error %v", status, err)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	needQEMU(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	c := Config{Image: image(t, []byte{0xF4, 0xEB, 0xFD}, nil), Accelerator: "tcg"}
	status, err := c.Run(ctx, Console{Out: io.Discard})
	if status != StatusFailed || err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("status %d, error %v", status, err)
	}
}

// TestTakenPort: what QEMU says about a port that is taken becomes a sentence.
func TestTakenPort(t *testing.T) {
	t.Parallel()
	needQEMU(t)
	listener := listen(t)
	c := Config{Image: image(t, stop, nil), Accelerator: "tcg", Forwards: []Forward{{Host: listener, Guest: 80}}}
	_, err := c.Run(t.Context(), Console{Out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "choose another with -p") {
		t.Errorf("error %v", err)
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	c := Config{QEMU: filepath.Join(t.TempDir(), "qemu"), Image: "image"}
	if _, err := c.Run(t.Context(), Console{}); err == nil || !strings.Contains(err.Error(), "--qemu takes") {
		t.Errorf("error %v", err)
	}
}
