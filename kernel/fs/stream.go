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
