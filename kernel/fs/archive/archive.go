// Package archive fills a tree of files from a cpio archive: the initramfs.
//
// Archives come from outside. Whatever is in one, what it makes stays in the tree, and what cannot be
// made is an error that says which name it was about.
package archive

import (
	"bytes"
	"errors"
	"path"
	"strconv"
	"syscall"

	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/u-root/u-root/pkg/cpio"
)

// The layout of a newc header: hexadecimal fields of 8 characters after the magic.
const (
	magic          = "070701"
	headerSize     = 6 + 13*8
	nameSizeOffset = 6 + 11*8
	nameSizeMax    = 4096
)

var errTruncated = errors.New("it ends in the middle of a file")

// Unpack adds the files in a newc cpio archive to t. Their contents stay where they are, in data,
// which must not change any more.
func Unpack(t *fs.FS, data []byte) error {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return errors.New("it is compressed; give it as plain cpio")
	}
	u := unpacker{t: t, links: make(map[inode]*fs.Entry)}
	g := &guard{data: bytes.NewReader(data)}
	records := cpio.Newc.Reader(g)
	if r, ok := records.(cpio.EOFReader); ok {
		records = r.RecordReader // which tells the last record from a missing one
	}
	for {
		record, err := records.ReadRecord()
		switch {
		case g.err != nil:
			return g.err
		case err != nil:
			return err
		case record.Name == cpio.Trailer:
			return u.finish()
		case uint64(record.FilePos)+record.FileSize > uint64(len(data)):
			return about(record.Name, errTruncated)
		}
		content := data[record.FilePos:][:record.FileSize:record.FileSize]
		if err := u.add(record.Info, content); err != nil {
			return about(record.Name, err)
		}
	}
}

func about(name string, err error) error {
	return errors.New(strconv.Quote(name) + ": " + err.Error())
}

// guard is what the reader of records reads from. It stops names of absurd lengths, which the reader
// would allocate first, and makes the end of the data an error.
type guard struct {
	data *bytes.Reader
	err  error // why it stopped
}

func (g *guard) ReadAt(p []byte, offset int64) (int, error) {
	n, _ := g.data.ReadAt(p, offset)
	if n < len(p) {
		g.err = errTruncated
		return n, g.err
	}
	if len(p) == headerSize && string(p[:len(magic)]) == magic {
		size, err := strconv.ParseUint(string(p[nameSizeOffset:][:8]), 16, 32)
		if err != nil || size > nameSizeMax {
			g.err = errors.New("a file's name has a wrong length")
			return n, g.err
		}
	}
	return n, nil
}

// An unpacker knows the files that came with more than one name, and the folders.
type unpacker struct {
	t       *fs.FS
	links   map[inode]*fs.Entry
	folders []folder
}

type folder struct {
	name       string
	attributes fs.Attributes
}

// finish gives folders their times, which what was put into them afterwards has changed.
func (u *unpacker) finish() error {
	for _, f := range u.folders {
		if _, errno := u.t.Place(f.name, f.attributes, nil, nil); errno != 0 {
			return about(f.name, errno)
		}
	}
	return nil
}

type inode struct{ major, minor, number uint64 }

// add makes one file. Names are below the root whatever they say; the directories above them are
// made if they are missing. What the kernel has made already stays: devices, /proc.
func (u *unpacker) add(info cpio.Info, content []byte) error {
	if bytes.IndexByte([]byte(info.Name), 0) >= 0 {
		return errors.New("a NUL in the name")
	}
	name := path.Clean("/" + info.Name)
	mode := uint32(info.Mode)
	attributes := fs.Attributes{Mode: mode, UID: uint32(info.UID), GID: uint32(info.GID), Modified: int64(info.MTime)}
	var other *fs.Entry
	key := inode{info.Major, info.Minor, info.Ino}
	switch mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		u.folders = append(u.folders, folder{name, attributes})
	case syscall.S_IFLNK:
	case syscall.S_IFREG:
		other = u.links[key]
	default:
		return nil
	}
	e, errno := u.t.Place(name, attributes, content, other)
	if errno != 0 {
		return errno
	}
	if mode&syscall.S_IFMT == syscall.S_IFREG && info.NLink > 1 && e != nil {
		u.links[key] = e
	}
	return nil
}
