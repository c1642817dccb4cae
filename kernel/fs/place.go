package fs

import (
	"path"
	"syscall"
)

// Attributes are what an archive says of a file.
type Attributes struct {
	Mode     uint32 // type and permissions: S_IFREG, S_IFDIR or S_IFLNK
	UID, GID uint32
	Modified int64 // seconds since 1970
}

// Place makes path, absolute and clean, a file as an archive has it, in place of another one that an
// earlier record of the archive made. A regular file's content, which must not change any more,
// stays where it is until the file is written to; a link's content is where it leads. Directories
// above path that are missing are made. What the kernel itself has put at path stays.
//
// If other is not nil, path becomes another name for it. The result is the file's entry, nil if
// nothing was made.
func (t *FS) Place(path string, a Attributes, content []byte, other *Entry) (*Entry, syscall.Errno) {
	t.tree.Lock()
	defer t.tree.Unlock()
	last, errno := t.clear(path, a.Mode&syscall.S_IFMT == syscall.S_IFDIR)
	if errno != 0 || last.directory == nil {
		return nil, errno
	}
	v := last.directory.volume
	var n *Node
	switch {
	case last.entry != nil: // a directory, as it should be
		n = last.entry.node
	case other != nil:
		n = other.node
		if len(content) > 0 {
			n.data.base, n.data.size = content, int64(len(content))
		}
		return t.attach(last.directory, last.name, n), 0
	case a.Mode&syscall.S_IFMT == syscall.S_IFDIR:
		n = t.newDirectory(v, nil, 0)
	case a.Mode&syscall.S_IFMT == syscall.S_IFLNK:
		if len(content) == 0 || len(content) >= pathMax {
			return nil, syscall.ENAMETOOLONG
		}
		n = t.newLink(v, string(content))
	default:
		n = t.newRegular(v, 0)
		n.data.base, n.data.size = content, int64(len(content))
	}
	e := last.entry
	if e == nil {
		e = t.attach(last.directory, last.name, n)
	}
	n.mode, n.uid, n.gid = a.Mode&0o7777, a.UID, a.GID
	n.modified = syscall.Timespec{Sec: a.Modified}
	n.accessed = n.modified
	return e, 0
}

const pathMax = 4096

// clear makes way for a file at path: the directories above it are there afterwards, and nothing
// with its name, but a directory if that is what is to come. Without a directory in the result,
// path is not for archives to fill.
func (t *FS) clear(name string, directory bool) (last target, errno syscall.Errno) {
	if errno := t.makeAbove(path.Dir(name)); errno != 0 {
		return last, errno
	}
	last, errno = t.walk(t.root, FromRoot(name), asIs)
	switch {
	case errno != 0:
		return last, errno
	case last.dots != ordinary:
		return target{}, 0
	case last.directory.volume != t.root.node.volume:
		return target{}, 0
	case last.entry == nil:
		return last, 0
	}
	switch n := last.entry.node; {
	case n.isDirectory() && directory:
		if n.begins() {
			return target{}, 0
		}
		return last, 0
	case n.isDirectory() && !n.empty():
		return last, syscall.EISDIR
	}
	t.detach(last.entry)
	last.entry.unused()
	last.entry = nil
	return last, 0
}

// makeAbove makes the directory at path, and those above it.
func (t *FS) makeAbove(name string) syscall.Errno {
	if name == "/" {
		return 0
	}
	last, errno := t.walk(t.root, FromRoot(name), follow)
	if errno == syscall.ENOENT {
		if errno := t.makeAbove(path.Dir(name)); errno != 0 {
			return errno
		}
		last, errno = t.walk(t.root, FromRoot(name), follow)
	}
	if errno != 0 || last.entry != nil {
		return errno
	}
	if last.directory.volume.fixed {
		return syscall.EPERM
	}
	t.attach(last.directory, last.name, t.newDirectory(last.directory.volume, nil, 0o755))
	return 0
}
