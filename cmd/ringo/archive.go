package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/u-root/u-root/pkg/cpio"
)

// File types in a cpio archive's mode (cpio(5), those of stat).
const regularFile = 0o100000

// errTooMuch means that there are more bytes in a folder than its archive may have.
var errTooMuch = errors.New("there is too much in the folder")

// packFolder writes the files below dir as a cpio archive, in which they lie below the folder at
// ("" for the root). With a limit, more bytes than that are errTooMuch. Folders with one of the names
// in without are left out.
func packFolder(dir, at, archive string, limit int64, without ...string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("%s cannot be packed: %w", dir, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder: --root takes the folder that the machine shall have as /", dir)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil { // WalkDir would not follow it
		return err
	}
	out, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer out.Close()
	buffered := bufio.NewWriter(out)
	w := cpio.Newc.Writer(buffered)
	at = strings.Trim(filepath.ToSlash(at), "/")
	for i, c := range at {
		if c == '/' {
			if err := w.WriteRecord(cpio.Directory(at[:i], 0o755)); err != nil {
				return err
			}
		}
	}
	var total int64
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if filepath.Clean(name) == filepath.Clean(archive) {
			return nil // the archive itself
		}
		if d.IsDir() && slices.Contains(without, d.Name()) {
			return fs.SkipDir
		}
		below, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		record, err := record(name, path.Join(at, filepath.ToSlash(below)), d)
		if err != nil || record.Name == "" {
			return err
		}
		if total += int64(record.FileSize); limit > 0 && total > limit {
			return errTooMuch
		}
		return w.WriteRecord(record)
	})
	if err == nil {
		err = cpio.WriteTrailer(w)
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return err
	}
	return out.Close()
}

// record makes the archive's entry for a file; the zero Record for what cannot go into one, such as
// sockets.
func record(name, as string, d fs.DirEntry) (cpio.Record, error) {
	info, err := d.Info()
	if err != nil {
		return cpio.Record{}, err
	}
	permissions := uint64(info.Mode().Perm())
	var r cpio.Record
	switch info.Mode().Type() {
	case fs.ModeDir:
		if as == "" || as == "." {
			return r, nil
		}
		r = cpio.Directory(as, permissions)
	case fs.ModeSymlink:
		target, err := os.Readlink(name)
		if err != nil {
			return r, err
		}
		r = cpio.Symlink(as, filepath.ToSlash(target))
	case 0:
		data, err := os.ReadFile(name)
		if err != nil {
			return r, err
		}
		r = cpio.StaticRecord(data, cpio.Info{Name: as, Mode: regularFile | permissions, NLink: 1})
	default:
		return r, nil
	}
	r.MTime = uint64(max(info.ModTime().Unix(), 0))
	return r, nil
}
