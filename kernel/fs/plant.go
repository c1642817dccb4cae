package fs

import (
	"strings"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
)

// What this file makes is there from the start, or from when somebody first looks (Mount). None of it
// fails: the paths are the kernel's own. Plant and Write do nothing where the archive has put something
// else in the way.
//
// But for Later no lock is taken: either there is nobody else yet, or what was left for later (Later, Mount)
// runs, and nobody else has a way to what it makes.

// Later calls make when somebody first looks for a file, after what was left for then before: a program that
// looks for none starts without. If somebody has looked, it calls make at once. It may be called at any time.
func (t *FS) Later(make func()) {
	t.tree.Lock()
	defer t.tree.Unlock()
	root := t.root.node
	all := make
	if before := root.later.Load(); before != nil {
		all = func() { (*before)(); make() }
	} else if root.children.names != nil {
		make()
		return
	}
	root.later.Store(&all)
}

// Mount makes path, a new directory, the beginning of a volume of its own, in which programs cannot
// create files. If later is not nil, it makes what is in it when somebody first looks: it may make
// nothing else.
func (t *FS) Mount(path, name string, magic int64, later func()) *Volume {
	n := t.mount(path, name, magic)
	if later != nil {
		n.later.Store(&later)
	}
	return n.volume
}

// mount makes path the root of a volume, and returns its directory.
func (t *FS) mount(path, name string, magic int64) *Node {
	directory, last := t.reach(path)
	v := t.newVolume(name, magic, path)
	v.fixed = true
	n := t.newDirectory(v, nil, 0o555)
	t.attach(directory, last, n)
	return n
}

// look returns the names in directory n. FS.tree is held, if only for reading: those who look at the
// same time wait for the first.
func (n *Node) look() *children {
	if n.later.Load() != nil {
		t := n.volume.fs
		t.looking.Lock()
		if later := n.later.Load(); later != nil {
			(*later)()
			n.later.Store(nil)
		}
		t.looking.Unlock()
	}
	return n.children
}

// Plant makes path a directory, and those above it that are missing.
func (t *FS) Plant(path string, mode uint32) {
	if directory, last := t.reach(path); directory != nil && directory.children.names[last] == nil {
		t.attach(directory, last, t.newDirectory(directory.volume, nil, mode))
	}
}

// Generate makes path a file whose content is made up by content when it is opened.
func (t *FS) Generate(path string, content func() []byte) {
	t.plant(path, syscall.S_IFREG|0o444, func(n *Node) { n.content = content })
}

// Provide is Generate unless something has that name.
func (t *FS) Provide(path string, content func() []byte) {
	if directory, last := t.reach(path); directory != nil && directory.children.names[last] == nil {
		t.Generate(path, content)
	}
}

// Control is Generate for a file that programs may write to: accept gets what they write.
func (t *FS) Control(path string, content func() []byte, accept func([]byte) syscall.Errno) {
	t.plant(path, syscall.S_IFREG|0o644, func(n *Node) { n.content, n.accept = content, accept })
}

// Device makes path a character device, which open opens.
func (t *FS) Device(path string, mode uint32, major, minor uint32, open func(e *Entry, flags int) (file.File, syscall.Errno)) *Entry {
	e := t.plant(path, syscall.S_IFCHR|mode, func(n *Node) {
		n.device = uint64(minor&0xff | major<<8)
	})
	e.node.open = func(flags int) (file.File, syscall.Errno) { return open(e, flags) }
	return e
}

// Point makes path a symbolic link whose target is made up when it is asked for.
func (t *FS) Point(path string, target func() string) {
	t.plant(path, syscall.S_IFLNK|0o777, func(n *Node) { n.target = target })
}

// Jump makes path a symbolic link that leads straight to a file, wherever that is.
func (t *FS) Jump(path string, to func() *Entry) {
	t.plant(path, syscall.S_IFLNK|0o777, func(n *Node) {
		n.jump = to
		n.target = func() string { return pathTo(to()) }
	})
}

// pathTo returns what a link that leads straight to e shows.
func pathTo(e *Entry) string {
	if e == nil {
		return ""
	}
	path := e.path()
	if e.removed && e.parent != nil {
		path += " (deleted)"
	}
	return path
}

// Write makes path a regular file, unless something has that name.
func (t *FS) Write(path string, mode uint32, content string) {
	directory, last := t.reach(path)
	if directory == nil || directory.children.names[last] != nil {
		return
	}
	n := t.newRegular(directory.volume, mode)
	n.data.writeAt(n.volume, []byte(content), 0)
	t.attach(directory, last, n)
}

// A Part is bytes of a file.
type Part struct {
	Offset  int64
	Content []byte
}

// Show makes path a regular file of size bytes that begins with content, which must not change, unless something has
// that name. When it is first opened, the parts are written over that. The file stays when the name is removed, as one
// that runs does. Show returns what has the name.
func (t *FS) Show(path string, mode uint32, content []byte, size int64, parts func() []Part) *Entry {
	directory, last := t.reach(path)
	if directory == nil {
		return nil
	}
	if e := directory.children.names[last]; e != nil {
		return e
	}
	n := t.newRegular(directory.volume, mode)
	n.data.base, n.data.size = content, size
	n.attached = completion(func() {
		for _, p := range parts() {
			n.data.writeAt(n.volume, p.Content, p.Offset)
		}
	})
	e := t.attach(directory, last, n)
	e.users.Add(1)
	n.opens++
	return e
}

// A completion is what is left to do before a file is opened. The node's lock is held.
type completion func()

// Nameless returns an entry for a file that is not in the tree, for /proc/self/fd to show. It can be
// looked at, but not opened.
func (t *FS) Nameless(name string, st *syscall.Stat_t) *Entry {
	n := &Node{volume: t.root.node.volume, number: st.Ino, kind: st.Mode & syscall.S_IFMT, mode: st.Mode & 0o7777}
	n.links = 1
	return &Entry{name: name, node: n, removed: true}
}

// plant makes a node that fill completes, called path.
func (t *FS) plant(path string, mode uint32, fill func(*Node)) *Entry {
	directory, last := t.reach(path)
	n := t.newNode(directory.volume, mode)
	fill(n)
	return t.attach(directory, last, n)
}

// reach returns the directory of path's last component, making what is missing. It follows no links;
// the archive may have put one in the way, or a file: then there is no directory.
func (t *FS) reach(path string) (directory *Node, last string) {
	directory = t.root.node
	for {
		name, rest, _ := component(path)
		if rest == "" {
			return directory, name
		}
		e := directory.children.names[name]
		if e == nil {
			e = t.attach(directory, name, t.newDirectory(directory.volume, nil, 0o755))
		}
		if !e.node.isDirectory() {
			return nil, ""
		}
		directory, path = e.node, rest
	}
}

// lines joins lines, each with its newline.
func lines(line ...string) []byte {
	return []byte(strings.Join(line, "\n") + "\n")
}
