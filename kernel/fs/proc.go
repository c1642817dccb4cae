package fs

import (
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/machine"
)

// Release is the version of Linux that programs are told they run on; System and Version say what
// they really run on.
const (
	System  = "Linux"
	Release = "6.12.0-ringo"
)

// Version is uname's version.
func Version() string { return "#1 Ringo " + runtime.Version() }

// A Program is what /proc tells of the program and cannot find out by itself.
type Program struct {
	CommandLine   func() string // the kernel's
	Executable    func() string // the program's path
	File          func() *Entry // what lies there, nil for nothing
	Arguments     func() []string
	Environment   func() []string
	Hostname      func() string
	SetHostname   func(string)
	Domainname    func() string
	SetDomainname func(string)
	UUID          func() string // a new random one each time
	Umask         func() uint32
	NoPrivileges  func() bool // PR_SET_NO_NEW_PRIVS was called
	// Credentials are the real, effective and saved IDs, and the supplementary groups.
	Credentials func() (user, group [3]uint32, groups []uint32)
	// Descriptors are those that are open, Descriptor is what one leads to (nil: nothing).
	Descriptors func() []int
	Descriptor  func(fd int) *Entry
	Directory   func() *Entry
	// DescriptorInfo is what /proc/self/fdinfo says of a descriptor.
	DescriptorInfo func(fd int) []byte
	// Texts are more of /proc/self, by name.
	Texts map[string]func() []byte
	// Name is what a thread is called; SetName changes that.
	Name    func(thread int) string
	SetName func(thread int, name string)
	// Settings are more of /proc/sys.
	Settings []Setting
}

// A Setting is a file in /proc/sys: a number that programs may change.
type Setting struct {
	Name string // the path in /proc/sys
	Get  func() int64
	Set  func(int64) syscall.Errno
}

// MountProc makes /proc.
func (t *FS) MountProc(p *Program) {
	t.Mount("/proc", "proc", procMagic, func() { t.fillProc(p) })
}

func (t *FS) fillProc(p *Program) {
	t.mountSelf(p)
	t.mountSettings(p)
	t.mountKernel(p)
	t.Generate("/proc/cpuinfo", cpuinfo)
	t.Generate("/proc/meminfo", t.meminfo)
	t.Generate("/proc/uptime", uptime)
	t.Generate("/proc/stat", statistics)
	t.Generate("/proc/iomem", iomem)
	t.Generate("/proc/interrupts", interrupts)
	t.Generate("/proc/version", func() []byte {
		return lines(System + " version " + Release + " (" + runtime.Version() + ") " + Version())
	})
	t.Generate("/proc/loadavg", func() []byte {
		return lines("0.00 0.00 0.00 1/" + strconv.Itoa(statsNow().Threads) + " 1")
	})
	t.Generate("/proc/filesystems", func() []byte {
		return lines("nodev\tsysfs", "nodev\ttmpfs", "nodev\tproc", "nodev\tdevtmpfs")
	})
	t.Generate("/proc/cmdline", func() []byte { return lines(p.CommandLine()) })
	t.Point("/proc/mounts", func() string { return "self/mounts" })
	t.Point("/proc/net", func() string { return "self/net" })
	t.Point("/proc/self", func() string { return "1" })
	t.Point("/proc/thread-self", func() string { return "1/task/" + strconv.Itoa(machine.ThreadID()) })
}

// statsNow returns what the machine has counted.
func statsNow() (s machine.Stats) {
	machine.Statistics(&s)
	return s
}

// ticks is the unit of CPU times in /proc: USER_HZ.
const ticks = 100

// cpuTicks returns how long all cores together have been busy and idle.
func cpuTicks(s *machine.Stats) (busy, idle int64) {
	const perTick = 1e9 / ticks
	idle = s.IdleNanos / perTick
	return max(machine.Uptime()*int64(s.Cores)/perTick-idle, 0), idle
}

func uptime() []byte {
	s := statsNow()
	return lines(seconds(machine.Uptime()) + " " + seconds(s.IdleNanos))
}

// seconds writes nanoseconds as seconds with two decimals.
func seconds(nanos int64) string {
	hundredths := nanos / 1e7
	rest := strconv.FormatInt(hundredths%100, 10)
	return strconv.FormatInt(hundredths/100, 10) + "." + "0"[len(rest)-1:] + rest
}

func statistics() []byte {
	s := statsNow()
	busy, idle := cpuTicks(&s)
	cpu := func(name string, cores int64) string {
		return name + " " + decimal(busy/cores) + " 0 0 " + decimal(idle/cores) + " 0 0 0 0 0 0"
	}
	list := []string{cpu("cpu ", 1)}
	for i := range s.Cores {
		list = append(list, cpu("cpu"+strconv.Itoa(i), int64(s.Cores)))
	}
	boot := now().Sec - machine.Uptime()/1e9
	return lines(append(list, "intr "+strconv.FormatUint(s.Interrupts, 10),
		"ctxt "+strconv.FormatUint(s.ContextSwitch, 10), "btime "+decimal(boot),
		"processes 1", "procs_running 1", "procs_blocked 0")...)
}

func interrupts() []byte {
	s := statsNow()
	return lines("           TOTAL", " ALL: "+strconv.FormatUint(s.Interrupts, 10)+"   All interrupts, of all cores")
}

// iomem is the machine's memory map.
func iomem() []byte {
	names := map[boot.Kind]string{
		boot.Usable: "System RAM", boot.ACPIReclaimable: "ACPI Tables",
		boot.ACPINonVolatile: "ACPI Non-volatile Storage", boot.Unusable: "Unusable memory",
	}
	info := machine.Boot()
	var list []string
	for _, r := range info.Regions[:info.RegionCount] {
		name := names[r.Kind]
		if name == "" {
			name = "Reserved"
		}
		list = append(list, hexadecimal(r.Start, 8)+"-"+hexadecimal(r.End-1, 8)+" : "+name)
	}
	return lines(list...)
}

func (t *FS) meminfo() []byte {
	s := statsNow()
	files := uint64(t.root.node.volume.used.Load())
	var b strings.Builder
	for _, line := range []struct {
		name  string
		pages uint64
	}{
		{"MemTotal", s.TotalPages}, {"MemFree", s.FreePages}, {"MemAvailable", s.FreePages},
		{"Buffers", 0}, {"Cached", files}, {"SwapCached", 0}, {"SwapTotal", 0}, {"SwapFree", 0},
		{"AnonPages", anonymous(&s, files)},
		{"Shmem", files}, {"PageTables", s.PageTablePages},
	} {
		number := strconv.FormatUint(line.pages*(pageSize/1024), 10)
		b.WriteString(line.name + ":" + strings.Repeat(" ", max(24-len(line.name)-len(number), 1)) + number + " kB\n")
	}
	return []byte(b.String())
}

// anonymous is how many pages are neither free nor page tables nor in files.
func anonymous(s *machine.Stats, files uint64) uint64 {
	return s.TotalPages - min(s.TotalPages, s.FreePages+s.PageTablePages+files)
}

func cpuinfo() []byte {
	s := statsNow()
	megahertz := strconv.FormatUint(s.TSCHertz/1e6, 10) + "." + fraction(s.TSCHertz/1e3%1000)
	name, flags := processor()
	var list []string
	for i := range s.Cores {
		core := strconv.Itoa(i)
		list = append(list, "processor\t: "+core, "model name\t: "+name, "cpu MHz\t\t: "+megahertz,
			"physical id\t: 0", "siblings\t: "+strconv.Itoa(s.Cores), "core id\t\t: "+core,
			"cpu cores\t: "+strconv.Itoa(s.Cores), "apicid\t\t: "+core, "flags\t\t: "+flags, "")
	}
	return lines(list...)
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// fraction writes n, below 1000, with three digits.
func fraction(n uint64) string {
	s := strconv.FormatUint(n, 10)
	return "000"[len(s):] + s
}

// hexadecimal writes n with at least width digits.
func hexadecimal(n uint64, width int) string {
	s := strconv.FormatUint(n, 16)
	return strings.Repeat("0", max(width-len(s), 0)) + s
}
