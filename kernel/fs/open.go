package fs

import (
	"strconv"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
)

// Flags of open(2) that package syscall does not have.
const (
	flagPath    = 0x200000
	flagTmpfile = 0x400000
)

// An Opened is a file that was opened by a path.
type Opened interface {
	file.File
	// Entry is the name that the file was opened by.
	Entry() *Entry
}

// ValidOpen reports whether flags make sense together.
func ValidOpen(flags int) bool {
	switch {
	case flags&flagPath != 0:
		return true
	case flags&flagTmpfile != 0:
		return flags&syscall.O_DIRECTORY != 0 && flags&syscall.O_CREAT == 0 && writes(flags)
	}
	return flags&syscall.O_CREAT == 0 || flags&syscall.O_DIRECTORY == 0
}

// Open is openat. The flags are valid, and the umask has been applied to mode.
func (t *FS) Open(at *Entry, path string, flags int, mode uint32) (file.File, syscall.Errno) {
	return t.OpenWithin(at, path, flags, mode, 0)
}

// OpenWithin is Open for a path that may not lead everywhere.
func (t *FS) OpenWithin(at *Entry, path string, flags int, mode uint32, limits Limits) (file.File, syscall.Errno) {
	if flags&flagPath != 0 {
		flags &= flagPath | syscall.O_DIRECTORY | syscall.O_NOFOLLOW | syscall.O_CLOEXEC
	}
	if flags&flagTmpfile != 0 {
		return t.openNameless(at, path, flags, mode, limits)
	}
	e, created, errno := t.find(at, path, flags, mode, limits)
	if errno != 0 {
		return nil, errno
	}
	f, errno := e.open(flags, created)
	if errno != 0 {
		e.Release()
		return nil, errno
	}
	if flags&flagPath == 0 {
		t.Tell(e, OpenedFile, true)
		if flags&syscall.O_TRUNC != 0 && !created && e.node.data != nil {
			t.Tell(e, Modified, false)
		}
	}
	return f, 0
}

// find resolves the path of an open, and creates the file if that is asked for. It holds the file's
// node for the open file.
func (t *FS) find(at *Entry, path string, flags int, mode uint32, limits Limits) (e *Entry, created bool, errno syscall.Errno) {
	create := flags&syscall.O_CREAT != 0
	how := howToFollow(flags&syscall.O_NOFOLLOW == 0)
	switch {
	case create && flags&syscall.O_EXCL != 0:
		how = refuse
	case create:
		how = how&follow | refuse
	}
	t.tree.RLock()
	last, errno := t.walkWithin(at, path, how, limits)
	if !create || errno != 0 || last.entry != nil {
		defer t.tree.RUnlock()
		return last.existing(flags, errno)
	}
	// Nobody has the name, but somebody may have it by the time that this may write.
	t.tree.RUnlock()
	t.tree.Lock()
	defer t.tree.Unlock()
	last, errno = t.walkWithin(at, path, how, limits)
	if errno != 0 || last.entry != nil {
		return last.existing(flags, errno)
	}
	if e, errno = t.create(&last, mode); errno == 0 {
		e.Hold()
	}
	return e, true, errno
}

// existing returns what a path leads to, held, if it may be opened so.
func (last *target) existing(flags int, errno syscall.Errno) (*Entry, bool, syscall.Errno) {
	create := flags&syscall.O_CREAT != 0
	switch {
	case errno != 0:
		return nil, false, errno
	case last.entry == nil:
		return nil, false, syscall.ENOENT
	case create && flags&syscall.O_EXCL != 0:
		return nil, false, syscall.EEXIST
	case create && last.entry.node.isDirectory():
		return nil, false, syscall.EISDIR
	case flags&syscall.O_DIRECTORY != 0 && !last.entry.node.isDirectory():
		return nil, false, syscall.ENOTDIR
	}
	last.entry.Hold()
	return last.entry, false, 0
}

// create makes an empty regular file. FS.tree is held for writing.
func (t *FS) create(last *target, mode uint32) (*Entry, syscall.Errno) {
	switch {
	case last.directory.entry.removed:
		return nil, syscall.ENOENT
	case last.directory.volume.fixed:
		return nil, syscall.EACCES
	}
	n := t.newRegular(last.directory.volume, mode&0o7777)
	last.inherit(n)
	e := t.attach(last.directory, last.name, n)
	e.tellDirectory(Created)
	return e, 0
}

// openNameless is O_TMPFILE: path is that of a directory.
func (t *FS) openNameless(at *Entry, path string, flags int, mode uint32, limits Limits) (file.File, syscall.Errno) {
	e, errno := t.lookupWithin(at, path, flags&syscall.O_NOFOLLOW == 0, limits)
	switch {
	case errno != 0:
		return nil, errno
	case !e.node.isDirectory():
		return nil, syscall.ENOTDIR
	case e.node.volume.fixed:
		return nil, syscall.EOPNOTSUPP
	}
	f := t.nameless(e.node.volume, flags, mode)
	// It is in the directory, but for the name.
	made := f.entry
	made.name, made.parent = "#"+strconv.FormatUint(made.node.number, 10), e.node
	made.linkable = flags&syscall.O_EXCL == 0
	made.keep()
	t.Tell(made, OpenedFile, true)
	return f, 0
}

// OpenMemory is memfd_create. The file takes seals if sealable is set; if not executable, it never is.
func (t *FS) OpenMemory(name string, sealable, executable bool) file.File {
	f := t.nameless(t.memory, syscall.O_RDWR, 0o777)
	f.entry.name = "/memfd:" + name
	n := f.entry.node
	if n.data.sealable = sealable || !executable; !executable {
		n.mode, n.data.sealed = 0o666, SealExecute
	}
	return f
}

// nameless opens a new regular file that has no name.
func (t *FS) nameless(v *Volume, flags int, mode uint32) *regularFile {
	n := t.newRegular(v, mode&0o7777)
	e := &Entry{node: n, removed: true}
	e.Hold()
	return newRegularFile(e, flags)
}

// open opens what e names; its node is held.
func (e *Entry) open(flags int, created bool) (file.File, syscall.Errno) {
	n := e.node
	if flags&flagPath != 0 {
		return &handle{e}, 0
	}
	write := writes(flags) || flags&syscall.O_TRUNC != 0 && !created
	switch {
	case n.isLink():
		return nil, syscall.ELOOP
	case n.isDirectory() && write:
		return nil, syscall.EISDIR
	case n.isDirectory():
		return &directoryFile{handle: handle{e}}, 0
	case n.kind == syscall.S_IFSOCK:
		return nil, syscall.ENXIO
	case n.open != nil:
		return n.open(flags)
	case n.content != nil:
		return openGenerated(e, flags)
	case n.kind == syscall.S_IFIFO && n.volume.fs.OpenPipe != nil:
		return n.volume.fs.OpenPipe(e, flags)
	case n.data == nil:
		return nil, syscall.ENXIO
	}
	if flags&syscall.O_TRUNC != 0 && !created {
		if errno := n.truncate(0); errno != 0 {
			return nil, errno
		}
	}
	return newRegularFile(e, flags), 0
}

// writes reports whether flags ask to write, or like 3 for the permission to.
func writes(flags int) bool { return (flags&syscall.O_ACCMODE)&3 != 0 }

// A handle is a file opened with O_PATH: it says where the file is, and does nothing with it.
type handle struct{ entry *Entry }

func (h *handle) Entry() *Entry                           { return h.entry }
func (h *handle) Read(p []byte) (int, syscall.Errno)      { return 0, syscall.EBADF }
func (h *handle) Write(p []byte) (int, syscall.Errno)     { return 0, syscall.EBADF }
func (h *handle) Status(st *syscall.Stat_t) syscall.Errno { h.entry.node.Status(st); return 0 }
func (h *handle) Ready() file.Events                      { return file.Readable | file.Writable }
func (h *handle) Watch(w *file.Watch) bool                { return false }
func (h *handle) Unwatch(w *file.Watch)                   {}
func (h *handle) Close() syscall.Errno                    { h.entry.Release(); return 0 }
