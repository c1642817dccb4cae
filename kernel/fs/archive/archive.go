// Package archive fills a tree of files from a cpio archive, the initramfs, and packs files of a tree into
// one.
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
	"github.com/ringo-os/ringo/kernel/fs/newc"
)

// Unpack adds the files in a newc cpio archive to t. Their contents stay where they are, in data,
// which must not change any more.
func Unpack(t *fs.FS, data []byte) error {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return errors.New("it is compressed; give it as plain cpio")
	}
	u := unpacker{t: t, links: make(map[newc.Inode]*fs.Entry)}
	r := newc.Reader{Data: data}
	for {
		found, err := r.Read()
		if err != nil && found.Name == "" {
			return err
		}
		if err == nil {
			if found.Name == newc.Trailer {
				return u.finish()
			}
			err = u.add(&found)
		}
		if err != nil {
			return about(found.Name, err)
		}
	}
}

func about(name string, err error) error {
	return errors.New(strconv.Quote(name) + ": " + err.Error())
}

// An unpacker knows the files that came with more than one name, and the folders.
type unpacker struct {
	t       *fs.FS
	links   map[newc.Inode]*fs.Entry
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

// add makes one file. Names are below the root whatever they say; the directories above them are
// made if they are missing. What the kernel has made already stays: devices, /proc.
func (u *unpacker) add(r *newc.Record) error {
	if strings.IndexByte(r.Name, 0) >= 0 {
		return errors.New("a NUL in the name")
	}
	name := path.Clean("/" + r.Name)
	attributes := fs.Attributes{Mode: r.Mode, UID: r.UID, GID: r.GID, Modified: int64(r.Modified)}
	var other *fs.Entry
	switch r.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		u.folders = append(u.folders, folder{name, attributes})
	case syscall.S_IFLNK:
	case syscall.S_IFREG:
		other = u.links[r.Inode]
	default:
		return nil
	}
	e, errno := u.t.Place(name, attributes, r.Content, other)
	if errno != 0 {
		return errno
	}
	if r.Mode&syscall.S_IFMT == syscall.S_IFREG && r.Links > 1 && e != nil {
		u.links[r.Inode] = e
	}
	return nil
}
