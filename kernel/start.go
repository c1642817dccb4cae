// Package kernel starts the late kernel: files, system calls, the console. The runtime initialises
// it, and with it everything below, before the program's own packages.
package kernel

import (
	"bytes"
	"path"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/fs/archive"
	"github.com/ringo-os/ringo/kernel/linux"
	"github.com/ringo-os/ringo/kernel/machine"
)

// The exit statuses of a machine that cannot start its program.
const (
	ExitArchive   = 125 // the initramfs is damaged
	ExitDirectory = 124 // the working directory is not there
)

// Start starts the late kernel.
func Start() {
	words := machine.CommandLine()
	hostname := "ringo"
	if name, ok := words.Value("hostname"); ok {
		hostname = string(name)
	}
	files := fs.New(memoryForFiles())
	console := newTerminal()
	name := string(words.ProgramName())
	linux.Start(linux.Options{
		Files:       files,
		Hostname:    hostname,
		Executable:  path.Join("/", name),
		Arguments:   append([]string{name}, list(words.Arguments())...),
		Environment: func() []string { return list(words.Environment()) },
		CommandLine: commandLine(),
		Terminal:    console.open,
		Maps:        func() []byte { return nil },
	})
	unpack(files)
	files.Furnish(hostname)
	if directory, ok := words.Value("cwd"); ok {
		if errno := linux.ChangeDirectory(string(directory)); errno != 0 {
			stop(ExitDirectory, "cannot go to the working directory "+string(directory)+": "+errno.Error())
		}
	}
	openStandard()
	machine.SetSystemCall(linux.Dispatch)
	machine.SetPollHooks(linux.PollOpen, linux.PollClose)
}

// memoryForFiles returns how much memory files may take: half of all, as with tmpfs.
func memoryForFiles() int64 {
	const pageSize = 4096
	var s machine.Stats
	machine.Statistics(&s)
	return int64(s.TotalPages) * pageSize / 2
}

// list collects words of the command line.
func list(words boot.Values) []string {
	var all []string
	for {
		word, ok := words.Next()
		if !ok {
			return all
		}
		all = append(all, string(word))
	}
}

// commandLine returns the kernel command line as the boot loader gave it.
func commandLine() string {
	return string(bytes.TrimRight(physical(machine.Boot().CommandLine), "\x00"))
}

// physical returns the memory in a range of physical addresses.
func physical(r boot.Range) []byte {
	p := machine.DirectMap(r.Start)
	if p == nil || r.End <= r.Start {
		return nil
	}
	return unsafe.Slice((*byte)(p), r.End-r.Start)
}

// unpack fills files from the initramfs, if the boot loader brought one.
func unpack(files *fs.FS) {
	info := machine.Boot()
	if info.ModuleCount == 0 {
		return
	}
	if err := archive.Unpack(files, physical(info.Modules[0])); err != nil {
		stop(ExitArchive, "the initramfs is damaged: "+err.Error())
	}
}

// openStandard opens the console as standard input, output and error.
func openStandard() {
	f, errno := linux.Open("/dev/console", syscall.O_RDWR)
	if errno != 0 {
		stop(ExitArchive, "cannot open the console: "+errno.Error())
	}
	d := linux.NewDescription(f, syscall.O_RDWR)
	for range 3 {
		linux.InstallDescription(d, 0, false)
	}
}

// stop says why the machine stops, and stops it.
func stop(status int32, reason string) {
	machine.ConsoleWrite([]byte("ringo: " + reason + " (status " + strconv.Itoa(int(status)) + ")\n"))
	machine.Exit(status)
}
