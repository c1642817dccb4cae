// Package qemu starts a machine in QEMU: a typed configuration, the console, and the program's exit
// status.
//
//	c := qemu.Config{Image: "server.img", Forwards: []qemu.Forward{{Host: 8080, Guest: 80}}}
//	status, err := c.Run(ctx, qemu.Console{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
//
// Tests that drive the console use vmtest, which starts QEMU itself:
//
//	args, err := c.VMTest(statusFile)
//	vm := qemu.StartT(t, "web", qemu.ArchAMD64, qemu.WithQEMUCommand(args[0]), qemu.ArbitraryArgs(args[1:]...))
//	...
//	err = vm.Wait()
//	status, err := c.Status(statusFile)
//
// The exit status travels through an I/O port: the guest writes the line "exit N" to port 0xE9,
// QEMU's debug console, and then powers the machine off. Before that it writes "ready" there, when its
// serial port takes input. Files travel through a virtio console (the kernel's word export=).
package qemu

import (
	"fmt"
	"strconv"
	"strings"
)

// A Machine is one of QEMU's kinds of machine.
type Machine string

// The machines that Ringo knows. MicroVM has no PCI and starts fastest; PC and Q35 are like real
// computers, with devices on PCI.
const (
	MicroVM Machine = "microvm"
	PC      Machine = "pc"
	Q35     Machine = "q35"
)

// Machines are all of them, the default first.
var Machines = []Machine{MicroVM, PC, Q35}

// ParseMachine finds a machine by its name.
func ParseMachine(name string) (Machine, error) {
	for _, m := range Machines {
		if string(m) == name {
			return m, nil
		}
	}
	return "", fmt.Errorf("there is no machine %q: choose microvm, pc or q35", name)
}

// DefaultMemory is how much a machine has when the configuration does not say.
const DefaultMemory Size = 256 << 20

// A Config describes a machine and what it boots. Only Image is needed.
type Config struct {
	// QEMU is the program; empty means qemu-system-x86_64 in PATH.
	QEMU string
	// Machine is the kind; empty means MicroVM.
	Machine Machine
	// Memory is its size; 0 means DefaultMemory.
	Memory Size
	// Cores is the number of cores; 0 means 1.
	Cores int
	// CPU is QEMU's -cpu; empty means max.
	CPU string
	// Accelerator is QEMU's -accel; empty means tcg, which emulates and works anywhere.
	Accelerator string

	// Image is the file to boot, and Initrd the archive with its files ("" for none).
	Image, Initrd string
	// Words are words for the machine on the kernel command line; Environment and Arguments are
	// the program's.
	Words, Environment, Arguments []string

	// Export are the paths, in the machine, of files and folders that it hands back when the program ends, and
	// ExportFile is the file for them, a newc archive; they are all there when the archive has its last record.
	// Whatever ran in the machine may have written it.
	Export     []string
	ExportFile string

	// Forwards make ports of the machine reachable on the host.
	Forwards []Forward
	// Network is a QEMU -netdev without its id. Empty means a router that Run makes (package router), or the
	// network that QEMU calls user where QEMU is started otherwise. Forwards are for these two.
	Network string
	// NoNetwork leaves the network interface out, NoEntropy the random-number device.
	NoNetwork, NoEntropy bool
	// Extra are more arguments for QEMU.
	Extra []string
}

// CommandLine is the kernel command line.
func (c *Config) CommandLine() string {
	words := make([]string, 0, len(c.Words)+len(c.Export)+len(c.Environment)+1+len(c.Arguments))
	words = append(words, c.Words...)
	for _, e := range c.Export {
		words = append(words, "export="+e)
	}
	for _, e := range c.Environment {
		words = append(words, "env."+e)
	}
	for i := range words {
		words[i] = Quote(words[i])
	}
	if len(c.Arguments) > 0 {
		words = append(words, "--")
		for _, a := range c.Arguments {
			words = append(words, Quote(a))
		}
	}
	return strings.Join(words, " ")
}

// Args returns QEMU's arguments for a machine whose exit status goes to statusFile. The console is
// on QEMU's standard input and output.
func (c *Config) Args(statusFile string) []string {
	args := []string{"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"}
	args = append(args, "-machine", c.machine(), "-cpu", or(c.CPU, "max"), "-accel", or(c.Accelerator, "tcg"))
	args = append(args, "-m", strconv.FormatInt(c.memory().mebibytes(), 10)+"M", "-smp", strconv.Itoa(max(c.Cores, 1)))
	// A Ctrl-C on the console is for the program.
	args = append(args, "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console")
	args = append(args, "-chardev", "file,id=status,path="+comma(statusFile), "-device", "isa-debugcon,iobase=0xe9,chardev=status")
	if len(c.Export) > 0 {
		// With a single port it is port 0, without further ado (VIRTIO 1.2, 5.3.2).
		args = append(args, "-chardev", "file,id=export,path="+comma(c.ExportFile),
			"-device", c.device("virtio-serial")+",max_ports=1", "-device", "virtconsole,chardev=export")
	}
	if !c.NoEntropy {
		args = append(args, "-device", c.device("virtio-rng"))
	}
	if !c.NoNetwork {
		netdev := or(c.Network, "user") + ",id=net0"
		for _, f := range c.Forwards {
			netdev += ",hostfwd=" + f.hostfwd()
		}
		args = append(args, "-netdev", netdev, "-device", c.device("virtio-net")+",netdev=net0")
		if c.Machine == PC || c.Machine == Q35 {
			args[len(args)-1] += ",romfile=" // nothing boots from the network
		}
	}
	args = append(args, "-kernel", c.Image)
	if c.Initrd != "" {
		args = append(args, "-initrd", c.Initrd)
	}
	if line := c.CommandLine(); line != "" {
		args = append(args, "-append", line)
	}
	return append(args, c.Extra...)
}

// VMTest returns the program and its arguments for vmtest's qemu package, which wants them apart
// and adds -nographic.
func (c *Config) VMTest(statusFile string) ([]string, error) {
	program, err := c.program()
	if err != nil {
		return nil, err
	}
	return append([]string{program}, c.Args(statusFile)...), nil
}

// machine is the value of -machine.
func (c *Config) machine() string {
	switch c.Machine {
	case PC, Q35:
		return string(c.Machine)
	default:
		// The clock chips that calibration and the wall clock need, and nothing to search for ROMs.
		return "microvm,rtc=on,pit=on,pic=on,x-option-roms=off"
	}
}

// device is the value of -device for a virtio device of the given kind.
func (c *Config) device(kind string) string {
	switch c.Machine {
	case PC, Q35:
		return kind + "-pci,disable-legacy=on"
	default:
		return kind + "-device"
	}
}

func (c *Config) memory() Size {
	if c.Memory == 0 {
		return DefaultMemory
	}
	return c.Memory
}

// or returns word, or other if that is empty.
func or(word, other string) string {
	if word == "" {
		return other
	}
	return word
}

// comma doubles the commas in the value of a QEMU option.
func comma(value string) string { return strings.ReplaceAll(value, ",", ",,") }
