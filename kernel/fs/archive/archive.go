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
	"strings"
	"syscall"

	"github.com/ringo-os/ringo/kernel/fs"
)

// Unpack adds the files in a newc cpio archive to t. Their contents stay where they are, in data,
// which must not change any more.
func Unpack(t *fs.FS, data []byte) error {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return errors.New("it is compressed; give it as plain cpio")
	}
	u := unpacker{t: t, links: make(map[inode]*fs.Entry)}
	r := reader{data: data}
	for {
		found, err := r.read()
		if err != nil && found.name == "" {
			return err
		}
		if err == nil {
			if found.name == trailer {
				return u.finish()
			}
			err = u.add(&found)
		}
		if err != nil {
			return about(found.name, err)
		}
	}
}

func about(name string, err error) error {
	return errors.New(strconv.Quote(name) + ": " + err.Error())
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

// An inode is what files with more than one name have in common.
type inode struct {
	device uint64
	number uint32
}

// add makes one file. Names are below the root whatever they say; the directories above them are
// made if they are missing. What the kernel has made already stays: devices, /proc.
func (u *unpacker) add(r *record) error {
	if strings.IndexByte(r.name, 0) >= 0 {
		return errors.New("a NUL in the name")
	}
	name := path.Clean("/" + r.name)
	attributes := fs.Attributes{Mode: r.mode, UID: r.uid, GID: r.gid, Modified: int64(r.modified)}
	var other *fs.Entry
	switch r.mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		u.folders = append(u.folders, folder{name, attributes})
	case syscall.S_IFLNK:
	case syscall.S_IFREG:
		other = u.links[r.inode]
	default:
		return nil
	}
	e, errno := u.t.Place(name, attributes, r.content, other)
	if errno != 0 {
		return errno
	}
	if r.mode&syscall.S_IFMT == syscall.S_IFREG && r.nlinks > 1 && e != nil {
		u.links[r.inode] = e
	}
	return nil
}
