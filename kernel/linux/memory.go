package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
)

// A Mapper owns the address space, or what of it programs can map memory in.
type Mapper interface {
	// Map returns length bytes of zeroed memory, at address if fixed is set and else anywhere.
	Map(address, length uintptr, protection int, fixed bool) (uintptr, syscall.Errno)
	// MapFile is Map for a mapping of a file from offset on.
	MapFile(address, length uintptr, protection, flags int, d *Description, offset int64) (uintptr, syscall.Errno)
	Unmap(address, length uintptr) syscall.Errno
	Protect(address, length uintptr, protection int) syscall.Errno
	Advise(address, length uintptr, advice int) syscall.Errno
}

// AddressSpace is the machine's Mapper. Who has a better one sets it before the program runs.
var AddressSpace Mapper = new(heapMapper)

const mapFixed, mapAnonymous = 0x10, 0x20

func sysMmap(a call.Arguments) (uintptr, syscall.Errno) {
	address, length, protection, flags := a.Value[0], a.Value[1], int(a.Value[2]), int(a.Value[3])
	offset := int64(a.Value[5])
	switch {
	case length == 0 || offset%pageSize != 0 || flags&mapFixed != 0 && address%pageSize != 0:
		return 0, syscall.EINVAL
	case length+pageSize-1 < length:
		return 0, syscall.ENOMEM
	}
	length = (length + pageSize - 1) &^ (pageSize - 1)
	if flags&mapAnonymous != 0 {
		return AddressSpace.Map(address, length, protection, flags&mapFixed != 0)
	}
	d, errno := Lookup(a.Value[4])
	if errno != 0 {
		return 0, errno
	}
	if !d.readable() {
		return 0, syscall.EACCES
	}
	return AddressSpace.MapFile(address, length, protection, flags, d, offset)
}

// mapped returns the pages of a call whose first two arguments are an address and a length.
func mapped(a call.Arguments) (address, length uintptr, errno syscall.Errno) {
	address, length = a.Value[0], a.Value[1]
	if address%pageSize != 0 || length+pageSize-1 < length {
		return 0, 0, syscall.EINVAL
	}
	return address, (length + pageSize - 1) &^ (pageSize - 1), 0
}

func sysMunmap(a call.Arguments) (uintptr, syscall.Errno) {
	address, length, errno := mapped(a)
	if errno != 0 {
		return 0, errno
	}
	if length == 0 {
		return 0, syscall.EINVAL
	}
	return 0, AddressSpace.Unmap(address, length)
}

func sysMprotect(a call.Arguments) (uintptr, syscall.Errno) {
	address, length, errno := mapped(a)
	if errno != 0 || length == 0 {
		return 0, errno
	}
	return 0, AddressSpace.Protect(address, length, int(a.Value[2]))
}

func sysMadvise(a call.Arguments) (uintptr, syscall.Errno) {
	address, length, errno := mapped(a)
	if errno != 0 || length == 0 {
		return 0, errno
	}
	return 0, AddressSpace.Advise(address, length, int(a.Value[2]))
}

// sysMlock is also munlock, mlockall and munlockall: memory is never paged out.
func sysMlock(a call.Arguments) (uintptr, syscall.Errno) { return 0, 0 }

// sysMsync has nowhere to write to.
func sysMsync(a call.Arguments) (uintptr, syscall.Errno) { return 0, 0 }
