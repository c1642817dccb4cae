package fs

import "syscall"

// vacant resolves a path whose last name is to be created. FS.tree is held for writing.
func (t *FS) vacant(at *Entry, path string, directory bool) (last target, errno syscall.Errno) {
	last, errno = t.walk(at, path, asIs)
	switch {
	case errno != 0:
		return last, errno
	case last.dots != ordinary || last.entry != nil:
		return last, syscall.EEXIST
	case last.slash && !directory:
		return last, syscall.ENOENT
	case last.directory.entry.removed:
		return last, syscall.ENOENT
	}
	return last, 0
}

// writable makes sure that names can be added in the directory of last.
func (last *target) writable() syscall.Errno {
	if last.directory.volume.fixed {
		return syscall.EPERM
	}
	return 0
}

// MakeDirectory is mkdir.
func (t *FS) MakeDirectory(at *Entry, path string, mode uint32) syscall.Errno {
	t.tree.Lock()
	defer t.tree.Unlock()
	last, errno := t.vacant(at, path, true)
	if errno != 0 {
		return errno
	}
	if errno := last.writable(); errno != 0 {
		return errno
	}
	n := t.newDirectory(last.directory.volume, nil, mode&0o1777)
	last.inherit(n)
	t.attach(last.directory, last.name, n).tellDirectory(Created)
	return 0
}

// inherit gives a new node the group of a directory that hands its own down.
func (last *target) inherit(n *Node) {
	d := last.directory
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.mode&syscall.S_ISGID != 0 {
		n.gid = d.gid
		if n.isDirectory() {
			n.mode |= syscall.S_ISGID
		}
	}
}

// MakeNode is mknod, for regular files, pipes and sockets.
func (t *FS) MakeNode(at *Entry, path string, mode uint32) (*Entry, syscall.Errno) {
	t.tree.Lock()
	defer t.tree.Unlock()
	last, errno := t.vacant(at, path, false)
	if errno != 0 {
		return nil, errno
	}
	if errno := last.writable(); errno != 0 {
		return nil, errno
	}
	var n *Node
	switch mode & syscall.S_IFMT {
	case syscall.S_IFREG, 0:
		n = t.newRegular(last.directory.volume, mode&0o7777)
	case syscall.S_IFIFO, syscall.S_IFSOCK:
		n = t.newNode(last.directory.volume, mode&(syscall.S_IFMT|0o7777))
	default:
		return nil, syscall.EPERM
	}
	last.inherit(n)
	e := t.attach(last.directory, last.name, n)
	e.tellDirectory(Created)
	return e, 0
}

// MakeLink is symlink.
func (t *FS) MakeLink(content string, at *Entry, path string) syscall.Errno {
	if content == "" {
		return syscall.ENOENT
	}
	t.tree.Lock()
	defer t.tree.Unlock()
	last, errno := t.vacant(at, path, false)
	if errno != 0 {
		return errno
	}
	if errno := last.writable(); errno != 0 {
		return errno
	}
	n := t.newLink(last.directory.volume, content)
	last.inherit(n)
	t.attach(last.directory, last.name, n).tellDirectory(Created)
	return 0
}

// Link gives the file e another name.
func (t *FS) Link(e *Entry, at *Entry, path string) syscall.Errno {
	t.tree.Lock()
	defer t.tree.Unlock()
	last, errno := t.vacant(at, path, false)
	if errno != 0 {
		return errno
	}
	n := e.node
	n.mu.RLock()
	orphan := n.links == 0 && !e.linkable
	n.mu.RUnlock()
	switch {
	case n.volume != last.directory.volume:
		return syscall.EXDEV
	case n.isDirectory() || n.volume.fixed:
		return syscall.EPERM
	case orphan:
		return syscall.ENOENT
	}
	made := t.attach(last.directory, last.name, n)
	n.tell(Happening{Event: Changed})
	made.tellDirectory(Created)
	return 0
}

// Remove is unlink.
func (t *FS) Remove(at *Entry, path string) syscall.Errno {
	t.tree.Lock()
	defer t.tree.Unlock()
	last, errno := t.walk(at, path, asIs)
	switch {
	case errno != 0:
		return errno
	case last.dots != ordinary:
		return syscall.EISDIR
	case last.entry == nil:
		return syscall.ENOENT
	case last.slash && !last.entry.node.isDirectory():
		return syscall.ENOTDIR
	case last.directory.volume.fixed:
		return syscall.EPERM
	case last.entry.node.isDirectory():
		return syscall.EISDIR
	}
	t.detach(last.entry)
	last.entry.node.tell(Happening{Event: Changed})
	last.entry.unused()
	last.entry.tellDirectory(Deleted)
	return 0
}

// RemoveDirectory is rmdir.
func (t *FS) RemoveDirectory(at *Entry, path string) syscall.Errno {
	t.tree.Lock()
	defer t.tree.Unlock()
	last, errno := t.walk(at, path, asIs)
	switch {
	case errno != 0:
		return errno
	case last.dots == dot:
		return syscall.EINVAL
	case last.dots == dotdot:
		return syscall.ENOTEMPTY
	case last.dots == root:
		return syscall.EBUSY
	case last.entry == nil:
		return syscall.ENOENT
	case last.directory.volume.fixed:
		return syscall.EPERM
	case !last.entry.node.isDirectory():
		return syscall.ENOTDIR
	case last.entry.node.begins():
		return syscall.EBUSY
	case !last.entry.node.empty():
		return syscall.ENOTEMPTY
	}
	t.detach(last.entry)
	last.entry.unused()
	last.entry.tellDirectory(Deleted)
	return 0
}

// empty reports whether directory n has no names.
func (n *Node) empty() bool { return n.listing == nil && len(n.look().names) == 0 }

// begins reports whether directory n is where a volume begins.
func (n *Node) begins() bool {
	parent := n.entry.parent
	return parent == nil || parent.volume != n.volume
}
