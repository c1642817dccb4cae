package fs

import (
	"slices"
	"strconv"
	"syscall"

	"github.com/ringo-os/ringo/kernel/machine"
)

// threads is /proc/self/task: a directory about each thread.
type threads struct {
	t *FS
	p *Program
}

func (l threads) names() (list []string) {
	for id := machine.NextThread(0); id != 0; id = machine.NextThread(id) {
		list = append(list, strconv.Itoa(id))
	}
	return list
}

func (l threads) lookup(directory *Node, name string) *Entry {
	id, ok := number(name)
	if !ok || !machine.HasThread(id) {
		return nil
	}
	e := l.t.listed(directory, name, syscall.S_IFDIR|0o555, threadNumber(id, 0))
	e.node.links, e.node.entry = 2, e
	e.node.listing = oneThread{l.t, l.p, id}
	return e
}

// threadNumber is the inode number of the directory of a thread, and of the files in it.
func threadNumber(id, file int) uint64 { return 3<<32 + uint64(id)<<8 + uint64(file) }

// oneThread is the directory of a thread. Most of what is in it is the same for all.
type oneThread struct {
	t  *FS
	p  *Program
	id int
}

// own are the files about the thread; the others are links to those of the program.
var (
	ownFiles    = []string{"comm", "stat", "status", "children"}
	sharedFiles = []string{"cgroup", "cmdline", "cwd", "environ", "exe", "fd", "fdinfo", "io", "limits", "maps", "mountinfo", "mounts", "net", "ns",
		"numa_maps", "oom_score", "oom_score_adj", "root", "schedstat", "smaps", "smaps_rollup", "statm", "syscall", "wchan"}
)

func (l oneThread) names() []string { return slices.Concat(ownFiles, sharedFiles) }

func (l oneThread) lookup(directory *Node, name string) *Entry {
	if i := slices.Index(sharedFiles, name); i >= 0 {
		self := directory.entry.parent.entry.parent
		shared, _ := self.find(name)
		return shared
	}
	i := slices.Index(ownFiles, name)
	if i < 0 {
		return nil
	}
	e := l.t.listed(directory, name, syscall.S_IFREG|0o444, threadNumber(l.id, i+1))
	n := e.node
	switch name {
	case "comm":
		n.mode = 0o644
		n.content, n.accept = func() []byte { return lines(l.p.Name(l.id)) }, l.p.setName(l.id)
	case "stat":
		n.content = func() []byte { return l.p.stat(l.id, false) }
	case "status":
		n.content = func() []byte { return l.t.status(l.p, l.id) }
	case "children":
		n.content = func() []byte { return nil }
	}
	return e
}
