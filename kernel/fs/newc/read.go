// Package newc reads and writes newc cpio archives (Linux,
// Documentation/driver-api/early-userspace/buffer-format.rst): for each file a magic and 13 numbers of 8
// hexadecimal digits, its name, which ends in a NUL, and its content; the name and the content are followed
// by NULs up to the next multiple of 4 bytes from the start of the archive.
//
// The kernel has a reader of its own, not the package that ringo packs with, for the time it takes to
// start: that one comes with regular expressions and Unicode's tables, a twentieth of the time until a small
// program's main, in every image, with an archive or without.
package newc

import (
	"bytes"
	"errors"
)

const (
	magic      = "070701"
	numbers    = 13
	headerSize = len(magic) + numbers*8

	nameSizeMax = 4096 // Linux's PATH_MAX
)

// Trailer is the name of an archive's last record.
const Trailer = "TRAILER!!!"

var (
	errTruncated = errors.New("it ends in the middle of a file")
	errMagic     = errors.New("a file does not begin with newc's magic, " + magic)
	errNumber    = errors.New("a number in a file's header is not hexadecimal")
	errName      = errors.New("a file's name has a wrong length")
)

// A Record is one file.
type Record struct {
	Name                  string
	Inode                 Inode
	Mode, UID, GID, Links uint32
	Modified              uint32 // seconds since 1970
	Content               []byte // in the archive itself
}

// An Inode is what files with more than one name have in common.
type Inode struct {
	Device uint64
	Number uint32
}

// A Reader takes records from an archive, one after the other. It trusts nothing in it.
type Reader struct {
	// Data is the archive.
	Data []byte

	next int
}

// take returns the next size bytes, and leaves the reader at the multiple of 4 behind them. The last
// record's may be missing.
func (r *Reader) take(size int) ([]byte, error) {
	if size > len(r.Data)-r.next {
		return nil, errTruncated
	}
	taken := r.Data[r.next : r.next+size : r.next+size]
	r.next = min((r.next+size+3)&^3, len(r.Data))
	return taken, nil
}

// Read returns the next record. Where only its content is missing, the name is there beside the error.
func (r *Reader) Read() (Record, error) {
	var n [numbers]uint32
	if len(r.Data)-r.next < headerSize {
		return Record{}, errTruncated
	}
	header := r.Data[r.next:][:headerSize]
	if string(header[:len(magic)]) != magic {
		return Record{}, errMagic
	}
	for i := range n {
		value, ok := hexadecimal(header[len(magic)+8*i:][:8])
		if !ok {
			return Record{}, errNumber
		}
		n[i] = value
	}
	nameSize, contentSize := n[11], n[6]
	if nameSize == 0 || nameSize > nameSizeMax {
		return Record{}, errName
	}
	withName, err := r.take(headerSize + int(nameSize))
	if err != nil {
		return Record{}, err
	}
	name, terminated := bytes.CutSuffix(withName[headerSize:], []byte{0})
	if !terminated {
		return Record{}, errName
	}
	found := Record{
		Name:     string(name),
		Inode:    Inode{Device: uint64(n[7])<<32 | uint64(n[8]), Number: n[0]},
		Mode:     n[1],
		UID:      n[2],
		GID:      n[3],
		Links:    n[4],
		Modified: n[5],
	}
	found.Content, err = r.take(int(contentSize))
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
