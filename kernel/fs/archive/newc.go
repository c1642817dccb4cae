package archive

import (
	"bytes"
	"errors"
)

// The newc format (Linux, Documentation/driver-api/early-userspace/buffer-format.rst): for each file a
// magic and 13 numbers of 8 hexadecimal digits, its name, which ends in a NUL, and its content; the name
// and the content are followed by NULs up to the next multiple of 4 bytes from the start of the archive.
//
// It is read here, and not by the package that ringo packs with, for the time it takes to start: that one
// comes with regular expressions and Unicode's tables, a twentieth of the time until a small program's
// main, in every image, with an archive or without.
const (
	magic      = "070701"
	numbers    = 13
	headerSize = len(magic) + numbers*8
	trailer    = "TRAILER!!!" // the name of the last record

	nameSizeMax = 4096 // Linux's PATH_MAX
)

var (
	errTruncated = errors.New("it ends in the middle of a file")
	errMagic     = errors.New("a file does not begin with newc's magic, " + magic)
	errNumber    = errors.New("a number in a file's header is not hexadecimal")
	errName      = errors.New("a file's name has a wrong length")
)

// A record is one file.
type record struct {
	name                   string
	inode                  inode
	mode, uid, gid, nlinks uint32
	modified               uint32 // seconds since 1970
	content                []byte // in the archive itself
}

// A reader takes records from an archive, one after the other.
type reader struct {
	data []byte
	next int
}

// take returns the next size bytes, and leaves the reader at the multiple of 4 behind them. The last
// record's may be missing.
func (r *reader) take(size int) ([]byte, error) {
	if size > len(r.data)-r.next {
		return nil, errTruncated
	}
	taken := r.data[r.next : r.next+size : r.next+size]
	r.next = min((r.next+size+3)&^3, len(r.data))
	return taken, nil
}

// read returns the next record. Where only its content is missing, the name is there beside the error.
func (r *reader) read() (record, error) {
	var n [numbers]uint32
	if len(r.data)-r.next < headerSize {
		return record{}, errTruncated
	}
	header := r.data[r.next:][:headerSize]
	if string(header[:len(magic)]) != magic {
		return record{}, errMagic
	}
	for i := range n {
		value, ok := hexadecimal(header[len(magic)+8*i:][:8])
		if !ok {
			return record{}, errNumber
		}
		n[i] = value
	}
	nameSize, contentSize := n[11], n[6]
	if nameSize == 0 || nameSize > nameSizeMax {
		return record{}, errName
	}
	withName, err := r.take(headerSize + int(nameSize))
	if err != nil {
		return record{}, err
	}
	name, terminated := bytes.CutSuffix(withName[headerSize:], []byte{0})
	if !terminated {
		return record{}, errName
	}
	found := record{
		name:     string(name),
		inode:    inode{device: uint64(n[7])<<32 | uint64(n[8]), number: n[0]},
		mode:     n[1],
		uid:      n[2],
		gid:      n[3],
		nlinks:   n[4],
		modified: n[5],
	}
	found.content, err = r.take(int(contentSize))
	return found, err
}

// hexadecimal reads 8 digits.
func hexadecimal(digits []byte) (value uint32, ok bool) {
	for _, d := range digits {
		switch {
		case '0' <= d && d <= '9':
			d -= '0'
		case 'a' <= d && d <= 'f':
			d -= 'a' - 10
		case 'A' <= d && d <= 'F':
			d -= 'A' - 10
		default:
			return 0, false
		}
		value = value<<4 | uint32(d)
	}
	return value, true
}
