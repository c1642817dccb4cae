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
	n := d.t.newNode(directory.volume, syscall.S_IFLNK|0o700)
	n.number = 1<<32 + uint64(fd) // the same each time
	n.links = 1
	n.size = 64
	n.jump = func() *Entry { return d.p.Descriptor(fd) }
	n.target = func() string { return pathTo(n.jump()) }
	return &Entry{name: name, node: n, parent: directory}
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
	n := d.t.newNode(directory.volume, syscall.S_IFREG|0o400)
	n.number = 2<<32 + uint64(fd)
	n.links = 1
	n.content = func() []byte { return d.p.DescriptorInfo(fd) }
	return &Entry{name: name, node: n, parent: directory}
}

// number returns the number that name is, as it is written.
func number(name string) (n int, ok bool) {
	n, err := strconv.Atoi(name)
	return n, err == nil && strconv.Itoa(n) == name
}
