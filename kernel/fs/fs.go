// Package fs is the tree of files in memory: what tmpfs is on Linux, with the devices, /proc and
// /sys in it.
//
// Names and nodes are apart, as on any Unix: an Entry is a name in a directory, a Node is the file
// behind it. One lock, FS.tree, guards the names; each node's lock guards what is in it. The first
// is taken before the second. Nothing here waits, and nothing here knows of descriptors.
package fs

import (
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/kernel/file"
)

// An FS is one tree of files.
type FS struct {
	tree sync.RWMutex
	root *Entry
	top  *Entry // what / is to the program: root, but for chroot; guarded by tree
	// console is /dev/console, where it has been made.
	console *Entry
	// looking is held by who makes what is in a directory, for the first time that somebody looks. It is
	// taken with tree held, for reading at least, and guards the changes that this makes below.
	looking sync.Mutex

	// OpenPipe opens a named pipe. It may wait for the other end.
	OpenPipe func(e *Entry, flags int) (file.File, syscall.Errno)

	memory   *Volume   // of files that never had a name
	volumes  []*Volume // all of them, from the start
	lastNode atomic.Uint64

	watches atomic.Int64 // of all nodes
	cookie  uint32       // of the last rename that was told of; guarded by tree
}

// A Volume is a part of the tree that looks like a file system of its own: links and renames do not
// cross its border.
type Volume struct {
	// Type is the magic number that statfs gives, Name the word in /proc/filesystems, Place where
	// the volume begins.
	Type        int64
	Name, Place string

	fs     *FS
	device uint64
	fixed  bool // programs cannot create or remove files here
	*quota
}

// A quota limits what regular files take: pages, of which some are used. Volumes can share one.
type quota struct {
	limit int64 // 0: none
	used  atomic.Int64
}

// Magic numbers of statfs(2).
const (
	tmpfsMagic = 0x01021994
	procMagic  = 0x9fa0
	sysfsMagic = 0x62656572
)

const (
	pageSize = 4096
	nameMax  = 255
	linksMax = 40 // symbolic links in one path
)

// New returns a tree whose regular files may take up to limit bytes of memory. It has an empty root
// directory.
func New(limit int64) *FS {
	t := new(FS)
	v := t.newVolume("tmpfs", tmpfsMagic, "/")
	v.quota = &quota{limit: limit / pageSize}
	t.memory = t.newVolume("tmpfs", tmpfsMagic, "")
	t.memory.quota = v.quota
	t.root = &Entry{name: "/"}
	t.root.users.Store(2) // as the top, too
	t.root.node = t.newDirectory(v, t.root, 0o755)
	t.top = t.root
	return t
}

// newVolume returns a volume that begins at place.
func (t *FS) newVolume(name string, magic int64, place string) *Volume {
	v := &Volume{Type: magic, Name: name, Place: place, fs: t, device: uint64(len(t.volumes)) + 1, quota: new(quota)}
	t.volumes = append(t.volumes, v)
	return v
}

// Root returns the root directory, whatever the program takes for it.
func (t *FS) Root() *Entry { return t.root }

// Top returns what / is to the program.
func (t *FS) Top() *Entry {
	t.tree.RLock()
	defer t.tree.RUnlock()
	return t.top
}

// SetTop makes e, a directory that is held, what / is to the program, and returns what it was. From below e no path leads
// out; a directory outside that is open, or the current one, stays a way out, as on Linux.
func (t *FS) SetTop(e *Entry) (old *Entry) {
	t.tree.Lock()
	defer t.tree.Unlock()
	old, t.top = t.top, e
	return old
}

// FromRoot returns a path, absolute and clean, as one relative to Root: what the kernel itself wants to find lies there.
func FromRoot(path string) string {
	if path == "/" {
		return "."
	}
	return strings.TrimPrefix(path, "/")
}

// take reserves a page for a regular file.
func (q *quota) take() bool {
	if q.used.Add(1) > q.limit && q.limit > 0 {
		q.used.Add(-1)
		return false
	}
	return true
}

// Statistics fills s as statfs does.
func (v *Volume) Statistics(s *syscall.Statfs_t) {
	used := v.used.Load()
	*s = syscall.Statfs_t{
		Type: v.Type, Bsize: pageSize, Frsize: pageSize, Namelen: nameMax,
		Blocks: uint64(v.limit), Bfree: uint64(max(v.limit-used, 0)),
		Flags: 0x20, // ST_VALID
	}
	s.Bavail = s.Bfree
	s.Fsid.X__val[0] = int32(v.device)
}

// now returns the wall clock for a node's times.
func now() syscall.Timespec {
	return syscall.NsecToTimespec(time.Now().UnixNano())
}
