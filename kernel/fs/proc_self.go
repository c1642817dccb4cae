package fs

import (
	"encoding/binary"
	"path"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/kernel/machine"
)

// mountSelf makes /proc/1, the program's own folder.
func (t *FS) mountSelf(p *Program) {
	const self = "/proc/1/"
	if p.File() != nil {
		t.Jump(self+"exe", p.File)
	} else {
		t.Point(self+"exe", func() string { return p.Executable() })
	}
	t.Jump(self+"cwd", p.Directory)
	t.Jump(self+"root", t.Top)
	t.Generate(self+"cmdline", func() []byte { return terminated(p.Arguments()) })
	t.Generate(self+"environ", func() []byte { return terminated(p.Environment()) })
	t.Generate(self+"auxv", auxiliary)
	t.Generate(self+"comm", func() []byte { return lines(p.name()) })
	t.Generate(self+"maps", func() []byte { return p.Maps() })
	t.Generate(self+"numa_maps", func() []byte { return p.NumaMaps() })
	t.Generate(self+"stat", p.stat)
	t.Generate(self+"statm", statm)
	t.Generate(self+"status", p.status)
	t.Generate(self+"limits", limits)
	t.Generate(self+"mounts", t.mounts)
	t.Generate(self+"mountinfo", t.mountinfo)
	t.Generate(self+"cgroup", func() []byte { return lines("0::/") })
	t.Control(self+"oom_score_adj", func() []byte { return lines("0") }, ignore)
	t.Plant(self+"net", 0o555)
	t.Plant(self+"task/1", 0o555)
	t.Generate(self+"task/1/stat", p.stat)
	t.Generate(self+"task/1/status", p.status)
	t.plant(self+"fd", syscall.S_IFDIR|0o500, func(n *Node) { n.listing = descriptors{t, p} })
}

// name is what ps shows.
func (p *Program) name() string {
	name := path.Base(p.Executable())
	return name[:min(len(name), 15)]
}

// auxiliary is the vector that Linux hands to a program when it starts: numbers and values, with an AT_NULL at the end.
func auxiliary() []byte {
	pairs, _ := unix.Auxv()
	var b []byte
	for _, pair := range append(pairs, [2]uintptr{}) {
		b = binary.NativeEndian.AppendUint64(b, uint64(pair[0]))
		b = binary.NativeEndian.AppendUint64(b, uint64(pair[1]))
	}
	return b
}

// terminated joins list, with a NUL after each.
func terminated(list []string) []byte {
	var b []byte
	for _, s := range list {
		b = append(append(b, s...), 0)
	}
	return b
}

func ignore([]byte) syscall.Errno { return 0 }

// memoryUse returns the pages that are in use.
func memoryUse(s *machine.Stats) int64 { return int64(s.TotalPages - min(s.TotalPages, s.FreePages)) }

func (p *Program) stat() []byte {
	s := statsNow()
	busy, _ := cpuTicks(&s)
	used := memoryUse(&s)
	// See proc_pid_stat(5); the fields that are not named are 0.
	fields := make([]string, 52)
	for i := range fields {
		fields[i] = "0"
	}
	for i, value := range map[int]string{
		1: "1", 2: "(" + p.name() + ")", 3: "R", 5: "1", 6: "1", 8: "-1",
		14: decimal(busy), 18: "20", 20: strconv.Itoa(s.Threads),
		23: decimal(used * pageSize), 24: decimal(used), 25: "18446744073709551615", 38: "17",
	} {
		fields[i-1] = value
	}
	return lines(strings.Join(fields, " "))
}

func statm() []byte {
	s := statsNow()
	used := decimal(memoryUse(&s))
	return lines(used + " " + used + " 0 0 0 " + used + " 0")
}

func (p *Program) status() []byte {
	s := statsNow()
	kilobytes := decimal(memoryUse(&s)*(pageSize/1024)) + " kB"
	user, group, groups := p.Credentials()
	list := ""
	for _, id := range groups {
		list += strconv.FormatUint(uint64(id), 10) + " "
	}
	return lines("Name:\t"+p.name(), "Umask:\t0"+strconv.FormatUint(uint64(p.Umask()), 8),
		"State:\tR (running)", "Tgid:\t1", "Ngid:\t0", "Pid:\t1", "PPid:\t0", "TracerPid:\t0",
		"Uid:"+identities(user), "Gid:"+identities(group), "FDSize:\t"+strconv.Itoa(len(p.Descriptors())),
		"Groups:\t"+list, "VmPeak:\t"+kilobytes, "VmSize:\t"+kilobytes, "VmHWM:\t"+kilobytes,
		"VmRSS:\t"+kilobytes, "VmSwap:\t0 kB", "Threads:\t"+strconv.Itoa(s.Threads),
		"NoNewPrivs:\t0", "Seccomp:\t0",
		"Cpus_allowed_list:\t0-"+strconv.Itoa(s.Cores-1),
		"voluntary_ctxt_switches:\t"+strconv.FormatUint(s.ContextSwitch, 10),
		"nonvoluntary_ctxt_switches:\t"+strconv.FormatUint(s.Preemptions, 10))
}

// identities writes the real, effective, saved and file system IDs.
func identities(ids [3]uint32) (text string) {
	for _, id := range []uint32{ids[0], ids[1], ids[2], ids[1]} {
		text += "\t" + strconv.FormatUint(uint64(id), 10)
	}
	return text
}

func limits() []byte {
	row := func(name, limit, unit string) string {
		return pad(name, 26) + pad(limit, 21) + pad(limit, 21) + unit
	}
	return lines(pad("Limit", 26)+pad("Soft Limit", 21)+pad("Hard Limit", 21)+"Units",
		row("Max cpu time", "unlimited", "seconds"), row("Max file size", "unlimited", "bytes"),
		row("Max data size", "unlimited", "bytes"), row("Max core file size", "0", "bytes"),
		row("Max open files", "1048576", "files"), row("Max address space", "unlimited", "bytes"))
}

func pad(s string, width int) string { return s + strings.Repeat(" ", width-len(s)) }

// shown returns the volumes that begin somewhere in the tree.
func (t *FS) shown() (list []*Volume) {
	for _, v := range t.volumes {
		if v.Place != "" {
			list = append(list, v)
		}
	}
	return list
}

func (t *FS) mounts() []byte {
	var list []string
	for _, v := range t.shown() {
		list = append(list, v.Name+" "+v.Place+" "+v.Name+" rw,relatime 0 0")
	}
	return lines(list...)
}

func (t *FS) mountinfo() []byte {
	var list []string
	for i, v := range t.shown() {
		list = append(list, strconv.Itoa(i+1)+" "+strconv.Itoa(min(i, 1))+" 0:"+
			strconv.FormatUint(v.device, 10)+" / "+v.Place+" rw,relatime - "+v.Name+" "+v.Name+" rw")
	}
	return lines(list...)
}

// descriptors is /proc/self/fd: a link for each open descriptor, straight to its file.
type descriptors struct {
	t *FS
	p *Program
}

func (d descriptors) names() []string {
	var list []string
	for _, fd := range d.p.Descriptors() {
		list = append(list, strconv.Itoa(fd))
	}
	return list
}

func (d descriptors) lookup(directory *Node, name string) *Entry {
	fd, err := strconv.Atoi(name)
	if err != nil || strconv.Itoa(fd) != name || d.p.Descriptor(fd) == nil {
		return nil
	}
	n := d.t.newNode(directory.volume, syscall.S_IFLNK|0o700)
	n.number = 1<<32 + uint64(fd) // the same each time
	n.links = 1
	n.size = 64
	n.jump = func() *Entry { return d.p.Descriptor(fd) }
	n.target = func() string { return pathTo(n.jump()) }
	return &Entry{name: name, node: n, parent: directory}
}
