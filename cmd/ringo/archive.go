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
	return pack([]tree{{name: dir, at: at}}, archive, limit, without...)
}

// A tree is a folder, or a single file, and the path that it has in an archive.
type tree struct {
	name, at string
	depth    depth
}

// depth is how much of a folder's tree counts.
type depth int

const (
	whole   depth = iota
	shallow       // the folder with its files, but none of its folders
	bare          // the folder alone
)

// leavesOut reports whether something in the folder is not part of the tree.
func (d depth) leavesOut(e fs.DirEntry) bool { return d == bare || d == shallow && e.IsDir() }

// pack does what packFolder does, for several trees. Where two of them meet, the first has its way.
func pack(trees []tree, archive string, limit int64, without ...string) error {
	out, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer out.Close()
	buffered := bufio.NewWriter(out)
	p := packer{w: cpio.Newc.Writer(buffered), archive: filepath.Clean(archive), limit: limit, without: without, there: map[string]bool{}}
	for _, t := range trees {
		if err := p.add(t); err != nil {
			return err
		}
	}
	if err := cpio.WriteTrailer(p.w); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return out.Close()
}

// A packer writes an archive.
type packer struct {
	w       cpio.RecordWriter
	archive string // its own name
	without []string
	limit   int64
	total   int64
	there   map[string]bool // paths that have been written
}

// write adds an entry, unless there is one with its name.
func (p *packer) write(r cpio.Record) error {
	if p.there[r.Name] {
		return nil
	}
	p.there[r.Name] = true
	if p.total += int64(r.FileSize); p.limit > 0 && p.total > p.limit {
		return errTooMuch
	}
	return p.w.WriteRecord(r)
}

func (p *packer) add(t tree) error {
	root, err := filepath.EvalSymlinks(t.name) // WalkDir would not follow it
	if err != nil {
		return err
	}
	at := strings.Trim(filepath.ToSlash(t.at), "/")
	for i, c := range at {
		if c == '/' {
			if err := p.write(cpio.Directory(at[:i], 0o755)); err != nil {
				return err
			}
		}
	}
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Clean(name) == p.archive {
			return err
		}
		if name != root && t.depth.leavesOut(d) {
			return skip(d)
		}
		if d.IsDir() && slices.Contains(p.without, d.Name()) {
			return fs.SkipDir
		}
		below, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		record, err := record(name, path.Join(at, filepath.ToSlash(below)), d)
		if err != nil || record.Name == "" {
			return err
		}
		return p.write(record)
	})
}

// skip leaves an entry of a folder out, for WalkDir.
func skip(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// fit reports whether the files of trees, in an archive, take no more than limit bytes. It reads none of them.
func fit(trees []tree, limit int64, without ...string) bool {
	const header = 256
	for _, t := range trees {
		root, err := filepath.EvalSymlinks(t.name)
		if err != nil {
			continue // pack will say so
		}
		filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return nil
			case name != root && t.depth.leavesOut(d), d.IsDir() && slices.Contains(without, d.Name()):
				return skip(d)
			}
			limit -= header
			if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
				limit -= info.Size()
			}
			if limit < 0 {
				return fs.SkipAll
			}
			return nil
		})
	}
	return limit >= 0
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
