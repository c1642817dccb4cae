package fs

import (
	"sort"
	"strings"
	"sync/atomic"
	"syscall"
)

// An Entry is a name of a node in a directory. Its fields are guarded by FS.tree. Open files keep
// the entry that they were opened by, and so know their path when it changes.
type Entry struct {
	name    string
	node    *Node
	parent  *Node // the directory; kept when the name is removed, for ".."
	cookie  int64 // its place in the directory
	removed bool
	// linkable is set for a file that was opened without a name and may get one (O_TMPFILE).
	linkable bool

	// users are the directory that has the name, the open files, and the names that were in this one, a directory,
	// and are still in use though it has lost them (keeps is set in those); see unused.
	users     atomic.Int32
	keeps     bool
	forgotten atomic.Bool // it had no users already
}

// Node returns the file that e names.
func (e *Entry) Node() *Node { return e.node }

// children are a directory's entries: by name, and in the order in which they were added, which is
// what readdir gives. A name keeps its place while others come and go.
type children struct {
	names  map[string]*Entry
	order  []place
	gaps   int // places without an entry
	cookie int64
}

// A place is one position in a directory, found by its cookie. It is empty when the name is gone.
type place struct {
	cookie int64
	entry  *Entry
}

// firstCookie is the position of the first name: those before are for "." and "..".
const firstCookie = 3

func (c *children) add(e *Entry) {
	if c.names == nil {
		c.names = make(map[string]*Entry)
		c.cookie = firstCookie
	}
	e.cookie = c.cookie
	c.cookie++
	c.names[e.name] = e
	c.order = append(c.order, place{e.cookie, e})
}

func (c *children) remove(e *Entry) {
	delete(c.names, e.name)
	c.order[c.search(e.cookie)].entry = nil
	if c.gaps++; c.gaps > 16 && c.gaps > len(c.order)/2 {
		c.close()
	}
}

// search returns the index of the first place whose cookie is at least cookie.
func (c *children) search(cookie int64) int {
	return sort.Search(len(c.order), func(i int) bool { return c.order[i].cookie >= cookie })
}

// close removes the gaps.
func (c *children) close() {
	kept := make([]place, 0, len(c.order)-c.gaps)
	for _, p := range c.order {
		if p.entry != nil {
			kept = append(kept, p)
		}
	}
	c.order, c.gaps = kept, 0
}

// A listing makes up a directory's names when asked.
type listing interface {
	lookup(directory *Node, name string) *Entry
	names() []string
}

// find returns the entry called name in directory n, nil if there is none. FS.tree is held.
func (n *Node) find(name string) (*Entry, syscall.Errno) {
	if n.entry.removed {
		return nil, 0
	}
	if len(name) > nameMax {
		return nil, syscall.ENAMETOOLONG
	}
	if n.listing != nil {
		return n.listing.lookup(n, name), 0
	}
	return n.look().names[name], 0
}

// attach gives node the name in directory. FS.tree is held for writing; node may be a directory,
// whose one name it then is.
func (t *FS) attach(directory *Node, name string, node *Node) *Entry {
	e := &Entry{name: strings.Clone(name), node: node, parent: directory}
	e.users.Store(1)
	directory.children.add(e)
	if node.isDirectory() {
		node.entry = e
	} else {
		node.linked()
	}
	directory.resized(1, node)
	return e
}

// detach removes e from its directory, which stays a user of e until unused is called. FS.tree is held for
// writing.
func (t *FS) detach(e *Entry) {
	e.keep()
	e.parent.children.remove(e)
	e.removed = true
	e.parent.resized(-1, e.node)
	if e.node.isDirectory() {
		e.node.mu.Lock()
		e.node.links = 0
		e.node.changed = now()
		e.node.mu.Unlock()
	} else {
		e.node.unlinked()
	}
}

// keep makes e, which has no place in its directory, a user of that.
func (e *Entry) keep() {
	e.keeps = true
	e.parent.entry.users.Add(1)
}

// resized notes that directory n has got (1) or lost (-1) a name of node.
func (n *Node) resized(by int64, node *Node) {
	n.mu.Lock()
	n.size += by * entrySize
	if node.isDirectory() {
		n.links += uint32(by)
	}
	n.touched()
	n.mu.Unlock()
}

// Path returns the absolute path of e, and whether it still has one.
func (t *FS) Path(e *Entry) (path string, ok bool) {
	t.tree.RLock()
	defer t.tree.RUnlock()
	return e.path(), !e.removed
}

// Reached reports whether a path from what is / to the program leads to e.
func (t *FS) Reached(e *Entry) bool {
	t.tree.RLock()
	defer t.tree.RUnlock()
	for e != t.top && e.parent != nil {
		e = e.parent.entry
	}
	return e == t.top
}

// path builds the path of e: from what is / to the program, or from the root if e does not lie below that. FS.tree is held.
func (e *Entry) path() string {
	top := e.node.volume.fs.top
	switch {
	case e == top:
		return "/"
	case e.parent == nil:
		return e.name
	}
	var names []string
	for ; e.parent != nil && e != top; e = e.parent.entry {
		names = append(names, e.name)
	}
	var b strings.Builder
	for i := len(names) - 1; i >= 0; i-- {
		b.WriteByte('/')
		b.WriteString(names[i])
	}
	return b.String()
}
