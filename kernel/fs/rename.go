package fs

import (
	"strings"
	"syscall"
)

// The flags of renameat2.
const (
	RenameNoReplace = 1
	RenameExchange  = 2
)

// ValidRename reports whether flags make sense together.
func ValidRename(flags uint) bool {
	return flags&^(RenameNoReplace|RenameExchange) == 0 && flags != RenameNoReplace|RenameExchange
}

// Rename is renameat2. The flags are valid.
func (t *FS) Rename(fromAt *Entry, fromPath string, toAt *Entry, toPath string, flags uint) syscall.Errno {
	t.tree.Lock()
	defer t.tree.Unlock()
	from, errno := t.walk(fromAt, fromPath, asIs)
	if errno != 0 {
		return errno
	}
	to, errno := t.walk(toAt, toPath, asIs)
	if errno != 0 {
		return errno
	}
	if errno := renamable(&from, &to, flags); errno != 0 {
		return errno
	}
	switch {
	case to.entry != nil && from.entry.node == to.entry.node:
		return 0
	case flags == RenameExchange:
		t.exchange(from.entry, to.entry)
		t.tellMoved(from.entry, from.directory, from.name, nil)
		t.tellMoved(to.entry, to.directory, to.name, nil)
	case to.entry != nil:
		t.detach(to.entry)
		t.move(from.entry, to.directory, to.name)
		t.tellMoved(from.entry, from.directory, from.name, to.entry.node)
		to.entry.unused()
	default:
		t.move(from.entry, to.directory, to.name)
		t.tellMoved(from.entry, from.directory, from.name, nil)
	}
	return 0
}

// renamable checks what Linux checks, in its order (do_renameat2 and vfs_rename in fs/namei.c). Nothing is looked up in
// a directory that was removed: the target is not there to be compared with anything, not even with the directories
// that the removed one lay in.
func renamable(from, to *target, flags uint) syscall.Errno {
	exchange := flags == RenameExchange
	switch {
	case from.directory.volume != to.directory.volume:
		return syscall.EXDEV
	case from.dots != ordinary:
		return syscall.EBUSY
	case to.dots != ordinary && flags == RenameNoReplace:
		return syscall.EEXIST
	case to.dots != ordinary:
		return syscall.EBUSY
	case from.entry == nil, to.directory.entry.removed:
		return syscall.ENOENT
	case flags == RenameNoReplace && to.entry != nil:
		return syscall.EEXIST
	case exchange && to.entry == nil:
		return syscall.ENOENT
	}
	source := from.entry.node
	if exchange && to.slash && !to.entry.node.isDirectory() {
		return syscall.ENOTDIR
	}
	if !source.isDirectory() && (from.slash || !exchange && to.slash) {
		return syscall.ENOTDIR
	}
	if source.isDirectory() && to.directory.within(source) {
		return syscall.EINVAL
	}
	if to.entry != nil && to.entry.node.isDirectory() && from.directory.within(to.entry.node) {
		if exchange {
			return syscall.EINVAL
		}
		return syscall.ENOTEMPTY
	}
	if to.entry != nil && source == to.entry.node {
		return 0
	}
	if from.directory.volume.fixed {
		return syscall.EPERM
	}
	if to.entry != nil && !exchange {
		switch replaced := to.entry.node; {
		case source.isDirectory() && !replaced.isDirectory():
			return syscall.ENOTDIR
		case !source.isDirectory() && replaced.isDirectory():
			return syscall.EISDIR
		}
	}
	if source.isDirectory() && source.begins() {
		return syscall.EBUSY
	}
	if to.entry != nil && to.entry.node.isDirectory() {
		switch {
		case to.entry.node.begins():
			return syscall.EBUSY
		case !exchange && !to.entry.node.empty():
			return syscall.ENOTEMPTY
		}
	}
	return 0
}

// within reports whether directory n is ancestor or lies below it.
func (n *Node) within(ancestor *Node) bool {
	for ; n != ancestor; n = n.entry.parent {
		if n.entry.parent == nil {
			return false
		}
	}
	return true
}

// move gives e another name in a directory. The entry itself stays, so that those who hold it see
// the file's new path.
func (t *FS) move(e *Entry, directory *Node, name string) {
	e.parent.children.remove(e)
	e.parent.resized(-1, e.node)
	e.parent, e.name = directory, strings.Clone(name)
	directory.children.add(e)
	directory.resized(1, e.node)
	e.node.renamed()
}

// exchange swaps what two names lead to.
func (t *FS) exchange(a, b *Entry) {
	for _, e := range []*Entry{a, b} {
		e.parent.children.remove(e)
		e.parent.resized(-1, e.node)
	}
	a.parent, b.parent = b.parent, a.parent
	a.name, b.name = b.name, a.name
	for _, e := range []*Entry{a, b} {
		e.parent.children.add(e)
		e.parent.resized(1, e.node)
		e.node.renamed()
	}
}

// renamed notes that a name of n changed.
func (n *Node) renamed() {
	n.mu.Lock()
	n.changed = now()
	n.mu.Unlock()
}
