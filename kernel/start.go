// Package kernel starts the late kernel: files, system calls, the console. The runtime initialises
// it, and with it everything below, before the program's own packages.
package kernel

import (
	"bytes"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/fs/archive"
	"github.com/ringo-os/ringo/kernel/linux"
	"github.com/ringo-os/ringo/kernel/machine"
	"github.com/ringo-os/ringo/kernel/syslog"
)

// The exit statuses of a machine that cannot start its program.
const (
	ExitArchive   = 125 // the initramfs is damaged
	ExitDirectory = 124 // the working directory is not there
	ExitDevice    = 120 // a device is not there that a word on the kernel command line needs
)

// Start starts the late kernel.
func Start() {
	words := machine.CommandLine()
	hostname := "ringo"
	if name, ok := words.Value("hostname"); ok {
		hostname = string(name)
	}
	files := fs.New(memoryForFiles())
	log := beginLog(linux.Hostname)
	console := newTerminal(log)
	if value, ok := words.Value("window"); ok {
		console.size.columns, console.size.rows, _ = boot.ParseWindow(value)
	}
	linux.Start(linux.Options{
		Files:      files,
		Hostname:   hostname,
		Executable: func() string { return executablePath(string(words.ProgramName())) },
		File:       showExecutable(files, string(words.ProgramName())),
		Arguments: func() []string {
			return append([]string{string(words.ProgramName())}, list(words.Arguments())...)
		},
		Environment: func() []string { return list(words.Environment()) },
		CommandLine: commandLine,
		Terminal:    console.open,
		Pseudo:      newPtys(&console.session),
	})
	unpack(files)
	files.Furnish(hostname)
	if directory, ok := words.Value("cwd"); ok {
		if errno := linux.ChangeDirectory(string(directory)); errno != 0 {
			stop(ExitDirectory, "cannot go to the working directory "+string(directory)+": "+errno.Error())
		}
	}
	openStandard(files, console)
	var atEnd []func()
	if paths := list(words.Values("export")); len(paths) > 0 {
		atEnd = append(atEnd, export(files, paths))
	}
	if log != nil {
		atEnd = append(atEnd, func() { log.Flush(logPatience) })
	}
	if len(atEnd) > 0 {
		machine.BeforeExit(func() {
			for _, f := range atEnd {
				f()
			}
		})
	}
	if value, ok := words.Value("syscalls"); ok {
		observed, _ := boot.ParseObserved(value)
		machine.SetSystemCall(linux.Observe(observed.Count, observed.Trace), false)
	} else {
		machine.SetSystemCall(linux.Dispatch, true)
	}
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

// openStandard opens the console as standard input, output and error, and begins to listen to it: a
// program may want no input, but a Ctrl-C is for it all the same.
func openStandard(files *fs.FS, console *terminal) {
	var pipes boot.Pipes
	if value, ok := machine.CommandLine().Value("pipe"); ok {
		pipes, _ = boot.ParsePipes(value)
	}
	terminal := func(log *syslog.Stream) *linux.Description {
		return linux.NewStream(&terminalFile{terminal: console, entry: files.Console, log: log}, syscall.O_RDWR)
	}
	input := terminal(console.log.Output())
	output, errors := input, input
	if console.log != nil {
		errors = terminal(console.log.Errors())
	}
	if pipes.Input {
		in := newPipeInput(memoryForFiles(), linux.RaiseSignal)
		input = pipeDescription(files, "pipe:[1]", syscall.O_RDONLY, func(e *fs.Entry) *pipeFile {
			return &pipeFile{entry: e, pipeInput: in}
		})
		console.absent = true
		go in.receive()
	} else {
		go console.receive()
	}
	if pipes.Output {
		pipe := func(log *syslog.Stream) *linux.Description {
			return pipeDescription(files, "pipe:[2]", syscall.O_WRONLY, func(e *fs.Entry) *pipeFile {
				return &pipeFile{entry: e, output: console, log: log}
			})
		}
		output = pipe(console.log.Output())
		if errors = output; console.log != nil {
			errors = pipe(console.log.Errors())
		}
	}
	for _, d := range []*linux.Description{input, output, errors} {
		linux.InstallDescription(d, 0, false)
	}
}

// pipeDescription opens what open makes, under a name that is in no directory.
func pipeDescription(files *fs.FS, name string, flags int, open func(e *fs.Entry) *pipeFile) *linux.Description {
	e := files.Stream(name, func(e *fs.Entry) file.File { return open(e) })
	return linux.NewStream(open(e), flags)
}

// stop says why the machine stops, and stops it.
func stop(status int32, reason string) {
	syslog.Say(reason + " (status " + strconv.Itoa(int(status)) + ")")
	machine.Exit(status)
}
