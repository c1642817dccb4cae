package file

import "syscall"

// A Seeker is a File with positions: regular files, directories and some devices. Files without
// them answer lseek, pread and pwrite with ESPIPE.
type Seeker interface {
	File
	// Move is lseek.
	Move(offset int64, whence int) (int64, syscall.Errno)
	// ReadAt and WriteAt are pread and pwrite: the file's own position does not move.
	ReadAt(p []byte, offset int64) (int, syscall.Errno)
	WriteAt(p []byte, offset int64) (int, syscall.Errno)
}

// Immediate is a File that has finished with the bytes it is given when it returns: Read, Write, ReadAt
// and WriteAt leave no pointer to them in the heap or with another goroutine, not even while they run.
// So they may be in the caller's stack, which moves.
type Immediate interface {
	File
	// Immediate does nothing.
	Immediate()
}

// FlagSetter is for a File that must know when fcntl(F_SETFL) changes its status flags (O_APPEND,
// say). O_NONBLOCK is the descriptor layer's business alone.
type FlagSetter interface {
	SetFlags(flags int)
}

// Controller is for a File that knows requests of ioctl. It returns ENOTTY for the others; FIONBIO
// and FIOCLEX never arrive. argument is the caller's memory, of the size that ControlSize gave: the
// file reads it and leaves its answer in it.
type Controller interface {
	// ControlSize returns how many bytes of the caller's memory request reads and writes, false
	// when the file does not know it.
	ControlSize(request uint32) (size int, known bool)
	Control(request uint32, argument []byte) (result uintptr, errno syscall.Errno)
}

// Commander is for a File that knows requests of ioctl whose argument is a number, or nothing, instead of an address.
type Commander interface {
	Command(request uint32, value uintptr) (errno syscall.Errno, known bool)
}

// Peered is for a File that is one end of something whose other end can be opened through it (ioctl TIOCGPTPEER).
type Peered interface {
	// OpenPeer opens the other end with flags of open(2).
	OpenPeer(flags int) (File, syscall.Errno)
}
