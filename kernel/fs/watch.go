package fs

import (
	"slices"
	"syscall"
)

// Event says what happened to a file, with the bits of inotify(7).
type Event uint32

// What can happen to a file. The first six are told to who watches the file and to who watches the
// directory that has it; the next four to who watches a directory; the others to who watches the file.
const (
	Accessed     Event = 0x1
	Modified     Event = 0x2
	Changed      Event = 0x4 // its attributes
	ClosedWriter Event = 0x8
	ClosedReader Event = 0x10
	OpenedFile   Event = 0x20

	MovedFrom Event = 0x40
	MovedTo   Event = 0x80
	Created   Event = 0x100
	Deleted   Event = 0x200

	DeletedSelf Event = 0x400
	MovedSelf   Event = 0x800
	// Gone comes last: the file is no more, and neither is the watch.
	Gone Event = 0x8000

	// OfDirectory is set with the others where the file is a directory.
	OfDirectory Event = 1 << 30
)

// A Happening is what a Watch is told.
type Happening struct {
	Event Event
	// Name is the file's in the directory that is watched, "" where the file itself is.
	Name string
	// Cookie joins the two halves of a rename; else it is 0.
	Cookie uint32
	// Unlinked says that this was done through an open file that has lost its name.
	Unlinked bool
}

// A Watch is somebody's interest in a file.
type Watch struct {
	// Tell is told what happens, from any goroutine and with FS.tree held or not: it must not wait, and of this
	// package it may call Unwatch only. It may still be running, or be called once more, when Unwatch returns.
	Tell func(Happening)

	node *Node
}

// Watched reports whether there is a watch anywhere in the tree: if not, nobody needs to be told of anything.
func (t *FS) Watched() bool { return t != nil && t.watches.Load() != 0 }

// Watch makes w a watch of n. It is not one yet.
func (n *Node) Watch(w *Watch) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []*Watch
	if old := n.watches.Load(); old != nil {
		list = *old
	}
	list = append(slices.Clip(list), w) // who tells goes through the old one
	w.node = n
	n.watches.Store(&list)
	n.volume.fs.watches.Add(1)
}

// Unwatch ends what Node.Watch began. It is called once.
func (w *Watch) Unwatch() {
	n := w.node
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []*Watch
	for _, other := range *n.watches.Load() {
		if other != w {
			list = append(list, other)
		}
	}
	if list == nil {
		n.watches.Store(nil)
	} else {
		n.watches.Store(&list)
	}
	n.volume.fs.watches.Add(-1)
}

// tell tells all who watch n. n.mu is not held.
func (n *Node) tell(h Happening) {
	if list := n.watches.Load(); list != nil {
		for _, w := range *list {
			w.Tell(h)
		}
	}
}

// marked returns event, with OfDirectory if n is one.
func (n *Node) marked(event Event) Event {
	if n.isDirectory() {
		event |= OfDirectory
	}
	return event
}

// Tell tells of an event of the file e: those who watch its directory, and those who watch itself. open says
// that it was done through an open file.
func (t *FS) Tell(e *Entry, event Event, open bool) {
	if !t.Watched() {
		return
	}
	t.tree.RLock()
	defer t.tree.RUnlock()
	e.tell(event, open)
}

// tell is Tell with FS.tree held.
func (e *Entry) tell(event Event, open bool) {
	h := Happening{Event: e.node.marked(event), Unlinked: open && e.removed}
	// Where a volume begins nobody hears of it above.
	if e.parent != nil && e.parent.volume == e.node.volume {
		named := h
		named.Name = e.name
		e.parent.tell(named)
	}
	e.node.tell(h)
}

// tellDirectory tells those who watch the directory of e what happened to that name. FS.tree is held.
func (e *Entry) tellDirectory(event Event) {
	e.parent.tell(Happening{Event: e.node.marked(event), Name: e.name})
}

// tellMoved tells of a rename, from the name and the directory that e had. replaced is what had the new name, nil
// for nothing. FS.tree is held.
func (t *FS) tellMoved(e *Entry, directory *Node, name string, replaced *Node) {
	if !t.Watched() {
		return
	}
	t.cookie++
	directory.tell(Happening{Event: e.node.marked(MovedFrom), Name: name, Cookie: t.cookie})
	e.parent.tell(Happening{Event: e.node.marked(MovedTo), Name: e.name, Cookie: t.cookie})
	if replaced != nil {
		replaced.tell(Happening{Event: replaced.marked(Changed)})
	}
	e.node.tell(Happening{Event: MovedSelf})
}

// Hold keeps the name e in use until Release, as an open file does: the file is not gone before.
func (e *Entry) Hold() {
	e.users.Add(1)
	e.node.hold()
}

// Release gives up what Hold held.
func (e *Entry) Release() {
	e.node.drop()
	e.unused()
}

// unused says that e has a user less. The last is its directory, or else who still has the file open: with that
// one, a file that has no other name is gone. (Linux goes by the name, too: fsnotify_inoderemove is called when
// the last dentry goes that was in use, whoever has the file open by another one.)
func (e *Entry) unused() {
	if e.users.Add(-1) > 0 || e.forgotten.Swap(true) {
		return
	}
	n := e.node
	n.mu.RLock()
	gone := n.links == 0
	n.mu.RUnlock()
	if gone {
		n.tell(Happening{Event: DeletedSelf})
		n.tell(Happening{Event: Gone})
	}
	if e.keeps {
		e.parent.entry.unused()
	}
}

// LookupHeld is Lookup, and Hold of the result.
func (t *FS) LookupHeld(at *Entry, path string, followLast bool) (*Entry, syscall.Errno) {
	t.tree.RLock()
	defer t.tree.RUnlock()
	e, errno := t.lookup(at, path, followLast, 0)
	if errno == 0 {
		e.Hold()
	}
	return e, errno
}
