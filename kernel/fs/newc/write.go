package newc

import (
	"errors"
	"io"
	"math"
)

var (
	errLongName = errors.New("the name is too long for a newc archive")
	errLarge    = errors.New("the file is too large for a newc archive, which takes less than 4 GiB")
	errSize     = errors.New("the content is not as long as was said")
)

// A Writer writes an archive: Begin and the content, for each file, and End.
type Writer struct {
	w       io.Writer
	written int64
	left    int64 // of the content
	files   uint32
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Begin begins a file whose content, of size bytes, comes by Write. Of r, Content and Inode do not count.
func (w *Writer) Begin(r *Record, size int64) error {
	switch {
	case w.left > 0:
		return errSize
	case len(r.Name)+1 > nameSizeMax:
		return errLongName
	case size > math.MaxUint32:
		return errLarge
	}
	if err := w.pad(); err != nil {
		return err
	}
	w.files++
	header := append(make([]byte, 0, headerSize+len(r.Name)+1), magic...)
	for _, n := range [numbers]uint32{w.files, r.Mode, r.UID, r.GID, 1, r.Modified, uint32(size), 0, 0, 0, 0, uint32(len(r.Name) + 1), 0} {
		for shift := 28; shift >= 0; shift -= 4 {
			header = append(header, "0123456789abcdef"[n>>shift&0xf])
		}
	}
	header = append(append(header, r.Name...), 0)
	if err := w.put(header); err != nil {
		return err
	}
	w.left = size
	return w.pad()
}

// Write implements io.Writer for the content of a file.
func (w *Writer) Write(p []byte) (int, error) {
	if int64(len(p)) > w.left {
		return 0, errSize
	}
	w.left -= int64(len(p))
	return len(p), w.put(p)
}

// End ends the archive.
func (w *Writer) End() error {
	if err := w.Begin(&Record{Name: Trailer}, 0); err != nil {
		return err
	}
	return w.pad()
}

func (w *Writer) put(p []byte) error {
	n, err := w.w.Write(p)
	w.written += int64(n)
	return err
}

// pad writes NULs up to the next multiple of 4.
func (w *Writer) pad() error { return w.put(make([]byte, -w.written&3)) }
