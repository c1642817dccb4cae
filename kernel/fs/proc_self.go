package fs

import (
	"encoding/binary"
	"strconv"
	"strings"
	"sync/atomic"
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
	for name, text := range p.Texts {
		t.Generate(self+name, text)
	}
	for name, text := range map[string]string{
		"cgroup":    "0::/\n",
		"gid_map":   "         0          0 4294967295\n",
		"loginuid":  "4294967295", // nobody has logged in
		"oom_score": "0\n",        // the first process is never chosen
		"schedstat": "0 0 0\n",    // as where nobody counts
		"sessionid": "4294967295",
		"setgroups": "allow\n",
		"syscall":   "running\n",
		"uid_map":   "         0          0 4294967295\n",
		"wchan":     "0",
	} {
		t.Generate(self+name, func() []byte { return []byte(text) })
	}
	t.Control(self+"comm", func() []byte { return lines(p.Name(1)) }, p.setName(1))
	t.Generate(self+"stat", func() []byte { return p.stat(1, true) })
	t.Generate(self+"statm", t.statm)
	t.Generate(self+"status", func() []byte { return t.status(p, 1) })
	t.Generate(self+"mounts", t.mounts)
	t.Generate(self+"mountinfo", t.mountinfo)
	t.Generate(self+"mountstats", t.mountstats)
	var adjusted score
	t.Control(self+"oom_score_adj", adjusted.text, adjusted.set)
	t.Plant(self+"net", 0o555)
	t.plant(self+"fd", syscall.S_IFDIR|0o500, func(n *Node) { n.listing = descriptors{t, p} })
	t.plant(self+"fdinfo", syscall.S_IFDIR|0o500, func(n *Node) { n.listing = descriptorInfos{t, p} })
	t.plant(self+"task", syscall.S_IFDIR|0o555, func(n *Node) { n.listing = threads{t, p} })
	t.mountNamespaces(self + "ns/")
}

// A score is what the program would have the killer of processes think of it (proc_pid_oom_score_adj(5)), which has nothing
// else to choose from.
type score struct{ value atomic.Int32 }

func (s *score) text() []byte { return lines(decimal(int64(s.value.Load()))) }

func (s *score) set(content []byte) syscall.Errno {
	n, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 32)
	if err != nil || n < -1000 || n > 1000 {
		return syscall.EINVAL
	}
	s.value.Store(int32(n))
	return 0
}

// setName is what writing to a thread's comm does.
func (p *Program) setName(thread int) func(content []byte) syscall.Errno {
	return func(content []byte) syscall.Errno {
		p.SetName(thread, string(content))
		return 0
	}
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

// memoryUse returns the pages that are in use.
func memoryUse(s *machine.Stats) int64 { return int64(s.TotalPages - min(s.TotalPages, s.FreePages)) }

// stat is about a thread, or all of them together. How long one of them was busy is not known.
func (p *Program) stat(thread int, all bool) []byte {
	s := statsNow()
	busy := int64(0)
	if all {
		busy, _ = cpuTicks(&s)
	}
	used := memoryUse(&s)
	// See proc_pid_stat(5); the fields that are not named are 0.
	fields := make([]string, 52)
	for i := range fields {
		fields[i] = "0"
	}
	for i, value := range map[int]string{
		1: strconv.Itoa(thread), 2: "(" + p.Name(thread) + ")", 3: "R", 5: "1", 6: "1", 8: "-1",
		14: decimal(busy), 18: "20", 20: strconv.Itoa(s.Threads),
		23: decimal(used * pageSize), 24: decimal(used), 25: "18446744073709551615", 38: "17",
	} {
		fields[i-1] = value
	}
	return lines(strings.Join(fields, " "))
}

// statm is how many pages the program has: in all, in files, in its code, and the others.
func (t *FS) statm() []byte {
	s := statsNow()
	m := t.shareOf(&s)
	return lines(decimal(m.used) + " " + decimal(m.used) + " " + decimal(m.files+m.code) + " " + decimal(m.code) + " 0 " + decimal(m.others) + " 0")
}

// identities writes the real, effective, saved and file system IDs.
func identities(ids [3]uint32) (text string) {
	for _, id := range []uint32{ids[0], ids[1], ids[2], ids[1]} {
		text += "\t" + strconv.FormatUint(uint64(id), 10)
	}
	return text
}

// digit is 1 for true, else 0.
func digit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// octal writes n with width digits.
func octal(n uint32, width int) string {
	s := strconv.FormatUint(uint64(n), 8)
	return strings.Repeat("0", max(width-len(s), 0)) + s
}

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

func (t *FS) mountstats() []byte {
	var list []string
	for _, v := range t.shown() {
		list = append(list, "device "+v.Name+" mounted on "+v.Place+" with fstype "+v.Name)
	}
	return lines(list...)
}
