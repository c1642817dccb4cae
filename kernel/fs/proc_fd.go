package fs

import (
	"strconv"
	"syscall"
)

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
	fd, ok := number(name)
	if !ok || d.p.Descriptor(fd) == nil {
		return nil
	}
	e := d.t.listed(directory, name, syscall.S_IFLNK|0o700, 1<<32+uint64(fd))
	e.node.size = 64
	e.node.jump = func() *Entry { return d.p.Descriptor(fd) }
	e.node.target = func() string { return pathTo(e.node.jump()) }
	return e
}

// descriptorInfos is /proc/self/fdinfo: a file about each open descriptor.
type descriptorInfos struct {
	t *FS
	p *Program
}

func (d descriptorInfos) names() []string { return descriptors(d).names() }

func (d descriptorInfos) lookup(directory *Node, name string) *Entry {
	fd, ok := number(name)
	if !ok || d.p.Descriptor(fd) == nil {
		return nil
	}
	e := d.t.listed(directory, name, syscall.S_IFREG|0o400, 2<<32+uint64(fd))
	e.node.content = func() []byte { return d.p.DescriptorInfo(fd) }
	return e
}

// listed makes what a listing has by a name, with an inode number that is the same each time.
func (t *FS) listed(directory *Node, name string, mode uint32, number uint64) *Entry {
	n := t.newNode(directory.volume, mode)
	n.number, n.links = number, 1
	return &Entry{name: name, node: n, parent: directory}
}

// number returns the number that name is, as it is written.
func number(name string) (n int, ok bool) {
	n, err := strconv.Atoi(name)
	return n, err == nil && strconv.Itoa(n) == name
}
