package archive

import (
	"io"
	"path"
	"strings"
	"syscall"

	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/fs/newc"
)

// Pack writes a newc archive of the regular files and directories at paths, which are absolute, and of
// those below them. A path with nothing there is left out. It waits for nothing but w.
//
// Files may change meanwhile: each has the size in the archive that it had when its turn came.
func Pack(t *fs.FS, paths []string, w io.Writer) error {
	p := packer{t: t, w: newc.NewWriter(w), buffer: make([]byte, 64<<10)}
	for _, name := range paths {
		if err := p.add(path.Clean(name)); err != nil {
			return about(name, err)
		}
	}
	return p.w.End()
}

type packer struct {
	t      *fs.FS
	w      *newc.Writer
	buffer []byte
}

// add packs what is at name.
func (p *packer) add(name string) error {
	e, errno := p.t.Lookup(p.t.Root(), fs.FromRoot(name), false)
	if errno != 0 {
		return nil
	}
	var st syscall.Stat_t
	e.Node().Status(&st)
	r := newc.Record{Name: strings.TrimPrefix(name, "/"), Mode: st.Mode, UID: st.Uid, GID: st.Gid, Modified: uint32(st.Mtim.Sec)}
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		if err := p.w.Begin(&r, 0); err != nil {
			return err
		}
		return p.directory(name)
	case syscall.S_IFREG:
		return p.regular(name, &r, st.Size)
	}
	return nil
}

func (p *packer) directory(name string) error {
	f, errno := p.t.Open(p.t.Root(), fs.FromRoot(name), syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	if errno != 0 {
		return nil
	}
	defer f.Close()
	var names []string
	f.(fs.Directory).Names(func(n fs.Name) bool {
		if n.Name != "." && n.Name != ".." {
			names = append(names, n.Name)
		}
		return true
	})
	for _, n := range names {
		if err := p.add(path.Join(name, n)); err != nil {
			return err
		}
	}
	return nil
}

func (p *packer) regular(name string, r *newc.Record, size int64) error {
	f, errno := p.t.Open(p.t.Root(), fs.FromRoot(name), syscall.O_RDONLY, 0)
	if errno != 0 {
		return nil
	}
	defer f.Close()
	if err := p.w.Begin(r, size); err != nil {
		return err
	}
	for size > 0 {
		piece := p.buffer[:min(size, int64(len(p.buffer)))]
		if n, _ := f.Read(piece); n > 0 {
			piece = piece[:n]
		} else {
			clear(piece) // it has become shorter
		}
		if _, err := p.w.Write(piece); err != nil {
			return err
		}
		size -= int64(len(piece))
	}
	return nil
}
