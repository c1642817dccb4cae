package linux

import (
	"encoding/binary"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/fs"
)

// sysGetdents64 fills argument 1 with struct linux_dirent64: the type comes before the name.
func sysGetdents64(a *call.Arguments) (uintptr, syscall.Errno) {
	const header = 8 + 8 + 2 + 1 // before the name
	return getdents(a, header+1, func(p []byte, name *fs.Name) {
		p[18] = name.Type
		clear(p[header+copy(p[header:], name.Name):])
	})
}

// sysGetdents fills argument 1 with struct linux_dirent: the type comes after the name, as the last byte of all.
func sysGetdents(a *call.Arguments) (uintptr, syscall.Errno) {
	const header = 8 + 8 + 2
	return getdents(a, header+2, func(p []byte, name *fs.Name) {
		clear(p[header+copy(p[header:], name.Name):])
		p[len(p)-1] = name.Type
	})
}

// getdents fills argument 1 with a structure for each name of a directory: number, position, and size are in front in
// all of them; put puts the rest. Fixed is what there is in one besides the name.
func getdents(a *call.Arguments, fixed int, put func(p []byte, name *fs.Name)) (uintptr, syscall.Errno) {
	d, errno := Lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	directory, ok := d.File.(fs.Directory)
	if !ok {
		return 0, syscall.ENOTDIR
	}
	m, errno := Borrow(Argument(a, 1), a.Value[2]&0xffffffff, Out)
	if errno != 0 {
		return 0, errno
	}
	n, tight := 0, false
	errno = directory.Names(func(name fs.Name) bool {
		size := (fixed + len(name.Name) + 7) &^ 7
		if tight = len(m.Bytes)-n < size; tight {
			return false
		}
		p := m.Bytes[n : n+size]
		binary.LittleEndian.PutUint64(p, name.Inode)
		binary.LittleEndian.PutUint64(p[8:], uint64(name.Cookie))
		binary.LittleEndian.PutUint16(p[16:], uint16(size))
		put(p, &name)
		n += size
		return true
	})
	if errno == 0 {
		d.accessed(1)
	}
	if e := m.Return(Argument(a, 1), n); e != 0 {
		return 0, e
	}
	if errno == 0 && n == 0 && tight {
		errno = syscall.EINVAL
	}
	return uintptr(n), errno
}
