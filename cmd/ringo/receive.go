package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/ringo-os/ringo/kernel/fs/newc"
	"github.com/ringo-os/ringo/qemu"
)

// errIncomplete means that an archive from a machine does not have its last record.
var errIncomplete = errors.New("the files that were to come back from the machine are not all there: it ended before")

// receive writes what a machine has handed back to where it belongs. Ended is how the program has ended: one that
// has failed may not have handed back anything.
func receive(c *qemu.Config, ended error) error {
	err := unpack(c.ExportFile, c.Export, int64(c.Memory))
	switch {
	case err == nil:
		return ended
	case ended == nil:
		return err
	case !errors.Is(err, errIncomplete):
		fmt.Fprintf(os.Stderr, "ringo: %v\n", err)
	}
	return ended
}

// unpack unpacks an archive of at most limit bytes, in which there may be nothing but the files and folders of
// exports and what is below these. A machine has written it, which is not trusted.
func unpack(archive string, exports []string, limit int64) error {
	info, err := os.Stat(archive)
	if err != nil {
		return err
	}
	if info.Size() > limit {
		return fmt.Errorf("the machine has handed back %d bytes, more than it has memory: nothing of that is kept", info.Size())
	}
	data, err := os.ReadFile(archive)
	if err != nil {
		return err
	}
	for r := (newc.Reader{Data: data}); ; {
		found, err := r.Read()
		if err != nil {
			return errIncomplete
		}
		if found.Name == newc.Trailer {
			return nil
		}
		if err := place(&found, exports); err != nil {
			return err
		}
	}
}

// Types of files in a record's mode (cpio(5)).
const (
	typeMask  = 0o170000
	directory = 0o040000
)

// place puts one file or folder of a machine's where it belongs.
func place(r *newc.Record, exports []string) error {
	name := path.Clean("/" + r.Name)
	within, found := "", false
	for _, e := range exports {
		at := filepath.ToSlash(e)
		if (name == at || strings.HasPrefix(name, strings.TrimSuffix(at, "/")+"/")) && len(e) >= len(within) {
			within, found = e, true
		}
	}
	kind := r.Mode & typeMask
	if !found || strings.ContainsRune(r.Name, 0) || kind != directory && kind != regularFile {
		return fmt.Errorf("the machine has handed back %q, which nobody has asked for: it is not kept", r.Name)
	}
	permissions := fs.FileMode(r.Mode & 0o777)
	if name == filepath.ToSlash(within) {
		if kind == directory {
			return os.MkdirAll(within, permissions|0o700)
		}
		if old, err := os.ReadFile(within); err == nil && bytes.Equal(old, r.Content) {
			return nil
		}
		return os.WriteFile(within, r.Content, permissions|0o600)
	}
	// Below a folder, no link may lead out of it.
	root, err := os.OpenRoot(within)
	if err != nil {
		return err
	}
	defer root.Close()
	below, err := filepath.Rel(within, filepath.FromSlash(name))
	if err != nil {
		return err
	}
	if kind == directory {
		return root.MkdirAll(below, permissions|0o700)
	}
	if old, err := root.ReadFile(below); err == nil && bytes.Equal(old, r.Content) {
		return nil
	}
	return root.WriteFile(below, r.Content, permissions|0o600)
}
