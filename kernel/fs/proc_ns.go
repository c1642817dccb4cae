package fs

import (
	"strconv"
	"syscall"
)

// namespaces are those that the program is in, by the names and numbers that the first ones have on Linux
// (include/linux/proc_ns.h). There are no others.
var namespaces = []struct {
	name   string
	kind   string
	number uint64
}{
	{"cgroup", "cgroup", 0xEFFFFFFB}, {"ipc", "ipc", 0xEFFFFFFF}, {"mnt", "mnt", 0xEFFFFFF8}, {"net", "net", 0xEFFFFFF7},
	{"pid", "pid", 0xEFFFFFFC}, {"pid_for_children", "pid", 0xEFFFFFFC}, {"time", "time", 0xEFFFFFFA},
	{"time_for_children", "time", 0xEFFFFFFA}, {"user", "user", 0xEFFFFFFD}, {"uts", "uts", 0xEFFFFFFE},
}

// mountNamespaces makes a link for each, which can be compared with another and leads to nothing that can be opened.
func (t *FS) mountNamespaces(path string) {
	for _, n := range namespaces {
		st := syscall.Stat_t{Ino: n.number, Mode: syscall.S_IFREG | 0o444}
		e := t.Nameless(n.kind+":["+strconv.FormatUint(n.number, 10)+"]", &st)
		t.Jump(path+n.name, func() *Entry { return e })
	}
}
