package linux

import (
	"strconv"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/fs"
)

// Options is what Start needs to know.
type Options struct {
	Files       *fs.FS
	Hostname    string
	Executable  func() string    // the program's path
	File        func() *fs.Entry // what lies there; nil, or nil of it, for nothing
	Arguments   func() []string
	Environment func() []string
	CommandLine func() string // the kernel's
	// Terminal opens the console.
	Terminal func(e *fs.Entry, flags int) (file.File, syscall.Errno)
	Pseudo   fs.Pseudo // makes pseudo-terminals; nil: there are none
}

// Start makes o.Files the tree of files, with /dev, /proc and /sys in it, and its root the current
// directory. Dispatch works from then on.
func Start(o Options) {
	files = o.Files
	files.OpenPipe = openNamedPipe
	files.Root().Hold()
	process.directory.Store(files.Root())
	process.umask.Store(0o022)
	process.executable = o.Executable
	SetHostname(o.Hostname)
	if o.File == nil {
		o.File = func() *fs.Entry { return nil }
	}
	files.Later(func() { mount(&o) })
}

// mount makes /dev, /proc and /sys.
func mount(o *Options) {
	files.MountDevices(fs.Devices{Random: Random, Terminal: o.Terminal, Pseudo: o.Pseudo})
	files.MountProc(&fs.Program{
		CommandLine: o.CommandLine,
		Executable:  o.Executable,
		File:        o.File,
		Arguments:   o.Arguments,
		Environment: o.Environment,
		Texts: map[string]func() []byte{
			"io":           transfersText,
			"limits":       limitsText,
			"maps":         func() []byte { return mapsOf(o.Executable()) },
			"numa_maps":    numaMaps,
			"smaps":        func() []byte { return smapsOf(o.Executable()) },
			"smaps_rollup": smapsRollup,
		},
		Name:           nameOf,
		SetName:        nameThread,
		DescriptorInfo: descriptorInfo,
		Hostname:       hostname,
		SetHostname:    SetHostname,
		Domainname:     domainname,
		SetDomainname:  setDomainname,
		UUID:           newUUID,
		Umask:          process.umask.Load,
		NoPrivileges:   process.confined.Load,
		Credentials:    credentialLines,
		Descriptors:    openDescriptors,
		Descriptor:     descriptorEntry,
		Directory:      process.directory.Load,
		Settings:       inotifySettings(),
	})
	files.MountSys()
	files.Generate("/sys/kernel/debug/page_tables", pageTables)
}

// Open opens the file at path, absolute and clean, for the kernel's own use. The file has no descriptor; if it is
// created, everybody may read it.
func Open(path string, flags int) (file.File, syscall.Errno) {
	return files.Open(files.Root(), fs.FromRoot(path), flags, 0o644)
}

// WriteFile makes content that of the file at path, as the program would: who watches the file hears of it.
func WriteFile(path, content string) syscall.Errno {
	const flags = syscall.O_WRONLY | syscall.O_CREAT | syscall.O_TRUNC
	f, errno := Open(path, flags)
	if errno != 0 {
		return errno
	}
	d := NewDescription(f, flags)
	d.Hold()
	defer d.Release()
	n, errno := d.write([]byte(content))
	d.modified(n)
	return errno
}

// Generate makes path a file whose content is made up when it is opened.
func Generate(path string, content func() []byte) {
	files.Later(func() { files.Generate(path, content) })
}

// ChangeDirectory makes path the current directory.
func ChangeDirectory(path string) syscall.Errno {
	e, errno := files.Lookup(process.directory.Load(), path, true)
	if errno != 0 {
		return errno
	}
	return chdir(e)
}

// descriptorEntry returns what /proc/self/fd shows for a descriptor, nil if it is not open.
func descriptorEntry(fd int) *fs.Entry {
	d, errno := lookupPath(uintptr(fd))
	if errno != 0 {
		return nil
	}
	if e, ok := d.entry(); ok {
		return e
	}
	var st syscall.Stat_t
	d.File.Status(&st)
	return files.Nameless(anonymousName(&st), &st)
}

// anonymousName is what readlink says of a file without a name.
func anonymousName(st *syscall.Stat_t) string {
	number := "[" + strconv.FormatUint(st.Ino, 10) + "]"
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFSOCK:
		return "socket:" + number
	case syscall.S_IFIFO:
		return "pipe:" + number
	}
	return "anon_inode:" + number
}
