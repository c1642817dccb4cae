package fs

import (
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
)

// A Node is a file of any type, whatever its names.
type Node struct {
	volume *Volume
	number uint64
	kind   uint32 // S_IF...
	device uint64 // st_rdev

	// One of these, by type, and never changed. target and jump are called with FS.tree held.
	data     *data                                      // a regular file
	children *children                                  // a directory; see look
	listing  listing                                    // a directory made up on the fly
	target   func() string                              // a symbolic link
	jump     func() *Entry                              // a symbolic link that leads to a file without a path
	open     func(flags int) (file.File, syscall.Errno) // a device
	content  func() []byte                              // a generated file, read
	accept   func(content []byte) syscall.Errno         // a generated file, written

	later    atomic.Pointer[func()] // makes what is in a directory; see Mount
	entry    *Entry                 // a directory's one name; guarded by FS.tree
	attached any                    // see Attach; guarded by mu

	mu       sync.RWMutex
	mode     uint32 // permissions
	uid, gid uint32
	links    uint32
	opens    int32
	size     int64 // of what has no data: directories, links, generated files

	accessed, modified, changed, born syscall.Timespec

	locks   atomic.Pointer[Locks]    // made when first asked for
	watches atomic.Pointer[[]*Watch] // nil for none; a list is replaced, with mu held, and never changed
}

// newNode returns a node without content or names.
func (t *FS) newNode(v *Volume, mode uint32) *Node {
	n := &Node{volume: v, number: t.lastNode.Add(1), kind: mode & syscall.S_IFMT, mode: mode & 0o7777}
	n.born = now()
	n.accessed, n.modified, n.changed = n.born, n.born, n.born
	return n
}

// What tmpfs says about sizes: that of directories, and the links that take a page.
const (
	emptyDirectorySize = 40
	entrySize          = 20
	shortLink          = 128
)

// newDirectory returns an empty directory whose one name is e.
func (t *FS) newDirectory(v *Volume, e *Entry, mode uint32) *Node {
	n := t.newNode(v, syscall.S_IFDIR|mode)
	n.children = new(children)
	n.entry = e
	n.links = 2
	n.size = emptyDirectorySize
	return n
}

// newRegular returns an empty regular file.
func (t *FS) newRegular(v *Volume, mode uint32) *Node {
	n := t.newNode(v, syscall.S_IFREG|mode)
	n.data = new(data)
	return n
}

// newLink returns a symbolic link.
func (t *FS) newLink(v *Volume, target string) *Node {
	n := t.newNode(v, syscall.S_IFLNK|0o777)
	n.target = func() string { return target }
	n.size = int64(len(target))
	return n
}

func (n *Node) isDirectory() bool { return n.kind == syscall.S_IFDIR }
func (n *Node) isLink() bool      { return n.kind == syscall.S_IFLNK }

// Volume returns the volume that n is in.
func (n *Node) Volume() *Volume { return n.volume }

// Mode returns the type and permissions.
func (n *Node) Mode() uint32 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.kind | n.mode
}

// Attach returns what belongs to n for those who open it: a pipe. It is made when it is first asked
// for.
func (n *Node) Attach(make func() any) any {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.attached == nil {
		n.attached = make()
	}
	return n.attached
}

// Locks returns the file locks on n.
func (n *Node) Locks() *Locks {
	if l := n.locks.Load(); l != nil {
		return l
	}
	n.locks.CompareAndSwap(nil, new(Locks))
	return n.locks.Load()
}

// ReleaseLocks gives up all locks of owner.
func (n *Node) ReleaseLocks(owner any) {
	if l := n.locks.Load(); l != nil {
		l.Release(owner)
	}
}

// Status fills st as fstat does.
func (n *Node) Status(st *syscall.Stat_t) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	*st = syscall.Stat_t{
		Dev: n.volume.device, Ino: n.number, Nlink: uint64(n.links), Mode: n.kind | n.mode,
		Uid: n.uid, Gid: n.gid, Rdev: n.device, Blksize: pageSize, Size: n.size,
		Atim: n.accessed, Mtim: n.modified, Ctim: n.changed,
	}
	if n.data != nil {
		st.Size = n.data.size
		st.Blocks = n.data.pages() * (pageSize / 512)
	} else if n.isLink() && n.size >= shortLink {
		st.Blocks = pageSize / 512
	}
}

// Born returns when n was created.
func (n *Node) Born() syscall.Timespec { return n.born }

// SetMode is chmod.
func (n *Node) SetMode(mode uint32) syscall.Errno {
	if n.isLink() {
		return syscall.EOPNOTSUPP
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.data != nil && n.data.seals()&SealExecute != 0 && (n.mode^mode)&0o111 != 0 {
		return syscall.EPERM
	}
	n.mode = mode & 0o7777
	n.changed = now()
	return 0
}

// SetOwner is chown; -1 leaves one as it is. It reports whether that set anything but the time of the change.
func (n *Node) SetOwner(uid, gid int32) (changed bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	mode := n.mode
	if uid != -1 {
		n.uid = uint32(uid)
	}
	if gid != -1 {
		n.gid = uint32(gid)
	}
	if !n.isDirectory() { // a new owner does not get the old one's set-user-ID program
		n.mode &^= syscall.S_ISUID
		if n.mode&0o010 != 0 {
			n.mode &^= syscall.S_ISGID
		}
	}
	n.changed = now()
	return uid != -1 || gid != -1 || n.mode != mode
}

// SetTimes sets the times of access and modification; nil leaves one as it is.
func (n *Node) SetTimes(accessed, modified *syscall.Timespec) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if accessed != nil {
		n.accessed = *accessed
	}
	if modified != nil {
		n.modified = *modified
	}
	n.changed = now()
}

// touched marks the content as modified now. n.mu is held.
func (n *Node) touched() {
	n.modified = now()
	n.changed = n.modified
}

// seen marks the content as read now, when that says something new (mount option relatime).
func (n *Node) seen() {
	n.mu.RLock()
	fresh := before(n.modified, n.accessed) && before(n.changed, n.accessed)
	n.mu.RUnlock()
	if !fresh {
		n.mu.Lock()
		n.accessed = now()
		n.mu.Unlock()
	}
}

func before(a, b syscall.Timespec) bool {
	return a.Sec < b.Sec || a.Sec == b.Sec && a.Nsec < b.Nsec
}

// linked and unlinked count names.
func (n *Node) linked() {
	n.mu.Lock()
	n.links++
	n.changed = now()
	n.mu.Unlock()
}

func (n *Node) unlinked() {
	n.mu.Lock()
	n.links--
	n.changed = now()
	n.reap()
	n.mu.Unlock()
}

// hold and drop count open files, of regular files. A node is held with FS.tree held, so that its
// last name cannot go, and its content with it, between finding and holding it.
func (n *Node) hold() {
	if n.data == nil {
		return
	}
	n.mu.Lock()
	n.opens++
	if complete, ok := n.attached.(completion); ok {
		n.attached = nil
		complete()
	}
	n.mu.Unlock()
}

func (n *Node) drop() {
	if n.data == nil {
		return
	}
	n.mu.Lock()
	n.opens--
	n.reap()
	n.mu.Unlock()
}

// reap gives the memory back of a file that nobody can reach any more. n.mu is held.
func (n *Node) reap() {
	if n.links == 0 && n.opens == 0 && n.data != nil {
		n.data.truncate(n.volume, 0)
		n.data.free()
	}
}
