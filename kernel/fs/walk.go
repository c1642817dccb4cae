package fs

import "syscall"

// target is where a path leads: a name in a directory, and what has that name now.
type target struct {
	directory *Node
	name      string
	entry     *Entry // nil: nothing has the name
	dots      dots
	slash     bool // the path ends with a slash: it means a directory
}

// dots says which last component a path has that is no name of its own.
type dots int

const (
	ordinary dots = iota
	root          // the path has only slashes
	dot
	dotdot
)

// how says what walk does with the last component of a path.
type how uint8

const (
	// asIs leaves it as it is: the path is that of a name to create or remove.
	asIs how = 0
	// follow follows it if it is a symbolic link.
	follow how = 1 << iota
	// demand follows it if a slash comes after it, and then demands a directory.
	demand
	// refuse refuses a slash after it (EISDIR), as opening a file that may have to be created does.
	refuse
)

// Limits say where a path may not lead through: openat2's resolve.
type Limits uint8

// The limits (Linux, include/uapi/linux/openat2.h).
const (
	NoCrossing   Limits = 1 << iota // into another file system: EXDEV
	NoMagicLinks                    // a link of /proc's that leads to no path: ELOOP
	NoLinks                         // any symbolic link: ELOOP
	Beneath                         // out of the directory where it begins: EXDEV
	InRoot                          // nor out of it, as it is what / means
)

// walk follows path from the directory at, for FS.tree's holder.
func (t *FS) walk(at *Entry, path string, how how) (last target, errno syscall.Errno) {
	return t.walkWithin(at, path, how, 0)
}

// absolute returns what the / at the beginning of a path means, of a walk that began at start.
func (t *FS) absolute(start *Entry, limits Limits) (*Entry, syscall.Errno) {
	switch {
	case limits&Beneath != 0:
		return nil, syscall.EXDEV
	case limits&InRoot != 0 && !start.node.isDirectory():
		return nil, syscall.ENOTDIR
	case limits&InRoot != 0:
		return start, 0
	}
	return t.top, 0
}

func (t *FS) walkWithin(at *Entry, path string, how how, limits Limits) (last target, errno syscall.Errno) {
	if path == "" {
		return last, syscall.ENOENT
	}
	start, knowsRoot := at, path[0] == '/'
	if knowsRoot {
		if at, errno = t.absolute(start, limits); errno != 0 {
			return last, errno
		}
	}
	t.root.node.look()
	for links := 0; ; {
		name, rest, mark := component(path)
		if name == "" { // slashes only
			return target{directory: at.node, entry: at, dots: root, slash: last.slash}.checked()
		}
		final := rest == ""
		last = target{directory: at.node, name: name, slash: last.slash || final && mark}
		knowsRoot = knowsRoot || name == ".."
		if limits&(Beneath|InRoot) != 0 && name == ".." && at.node == start.node && at.node.isDirectory() {
			if limits&Beneath != 0 {
				return last, syscall.EXDEV
			}
			last.name = "."
		}
		if errno := last.find(at); errno != 0 {
			return last, errno
		}
		e := last.entry
		if limits&NoCrossing != 0 && e != nil && e.node.volume != at.node.volume {
			return last, syscall.EXDEV
		}
		switch {
		case final && mark && how&refuse != 0 && last.dots == ordinary:
			return last, syscall.EISDIR
		case e == nil && final:
			return last, 0
		case e == nil:
			return last, syscall.ENOENT
		case !e.node.isLink() || final && how&follow == 0 && (!last.slash || how&demand == 0):
			if !final {
				at, path = e, rest
				continue
			}
			if how&demand == 0 {
				return last, 0
			}
			return last.checked()
		}
		// It is a link to follow.
		if links++; links > linksMax || limits&NoLinks != 0 {
			return last, syscall.ELOOP
		}
		if e.node.jump == nil {
			if path = e.node.target(); path == "" {
				return last, syscall.ENOENT
			}
			if path[0] == '/' {
				// Linux has not found out yet where the root is if nothing before has asked for it.
				if limits&NoCrossing != 0 && (!knowsRoot || at.node.volume != t.top.node.volume) {
					return last, syscall.EXDEV
				}
				if at, errno = t.absolute(start, limits); errno != 0 {
					return last, errno
				}
			}
			if !final {
				path += "/" + rest
			}
			continue
		}
		switch {
		case limits&NoMagicLinks != 0:
			return last, syscall.ELOOP
		case limits&(Beneath|InRoot) != 0:
			return last, syscall.EXDEV
		}
		from := at
		if at = e.node.jump(); at == nil {
			return last, syscall.ENOENT
		}
		if limits&NoCrossing != 0 && at.node.volume != from.node.volume {
			return last, syscall.EXDEV
		}
		if path = rest; final {
			return target{entry: at, dots: root, slash: last.slash}.checked()
		}
	}
}

// find looks up the target's name in its directory, whose entry is at.
func (t *target) find(at *Entry) (errno syscall.Errno) {
	switch {
	case !t.directory.isDirectory():
		return syscall.ENOTDIR
	case t.name == ".":
		t.entry, t.dots = at, dot
	case t.name == "..":
		t.entry, t.dots = at, dotdot
		if parent := t.directory.entry.parent; parent != nil && t.directory.entry != t.directory.volume.fs.top {
			t.entry = parent.entry
		}
	default:
		t.entry, errno = t.directory.find(t.name)
	}
	return errno
}

// checked returns t, and ENOTDIR if it must be a directory's and is not.
func (t target) checked() (target, syscall.Errno) {
	if t.slash && !t.entry.node.isDirectory() {
		return t, syscall.ENOTDIR
	}
	return t, 0
}

// component splits off the first component of path; slash reports whether a slash came after it.
func component(path string) (name, rest string, slash bool) {
	begin := skip(path, 0)
	end := begin
	for end < len(path) && path[end] != '/' {
		end++
	}
	next := skip(path, end)
	return path[begin:end], path[next:], next > end
}

// skip returns the index of the first byte from i on that is not a slash.
func skip(path string, i int) int {
	for i < len(path) && path[i] == '/' {
		i++
	}
	return i
}

// howToFollow is how to walk to a file that must be there.
func howToFollow(followLast bool) how {
	if followLast {
		return follow | demand
	}
	return demand
}

// Lookup returns what path leads to, from the directory at if it is relative. A symbolic link at its
// end is followed if followLast is set.
func (t *FS) Lookup(at *Entry, path string, followLast bool) (*Entry, syscall.Errno) {
	return t.lookupWithin(at, path, followLast, 0)
}

func (t *FS) lookupWithin(at *Entry, path string, followLast bool, limits Limits) (*Entry, syscall.Errno) {
	t.tree.RLock()
	defer t.tree.RUnlock()
	return t.lookup(at, path, followLast, limits)
}

// lookup is Lookup with FS.tree held, of a path that may not lead everywhere.
func (t *FS) lookup(at *Entry, path string, followLast bool, limits Limits) (*Entry, syscall.Errno) {
	last, errno := t.walkWithin(at, path, howToFollow(followLast), limits)
	if errno == 0 && last.entry == nil {
		errno = syscall.ENOENT
	}
	return last.entry, errno
}

// ReadLink returns the target of the symbolic link e.
func (t *FS) ReadLink(e *Entry) (string, syscall.Errno) {
	if !e.node.isLink() {
		return "", syscall.EINVAL
	}
	t.tree.RLock()
	defer t.tree.RUnlock()
	return e.node.target(), 0
}
