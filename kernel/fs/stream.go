package fs

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
)

// Stream returns an entry for a pipe of the kernel's own. It is in no directory; who has a descriptor
// of it can open it again through /proc/self/fd.
func (t *FS) Stream(name string, open func(e *Entry) file.File) *Entry {
	n := t.newNode(t.root.node.volume, syscall.S_IFIFO|0o600)
	n.links = 1
	e := &Entry{name: name, node: n, removed: true}
	n.open = func(int) (file.File, syscall.Errno) { return open(e), 0 }
	return e
}

// Provide makes path a file whose content is made up by content whenever it is opened, unless something
// has that name.
func (t *FS) Provide(path string, content func() []byte) {
	t.tree.Lock()
	defer t.tree.Unlock()
	directory, last := t.reach(path)
	if directory == nil || directory.children.names[last] != nil {
		return
	}
	n := t.newNode(directory.volume, syscall.S_IFREG|0o444)
	n.content = content
	t.attach(directory, last, n)
}
