package linux

import (
	"encoding/binary"
	"math"
	"sync/atomic"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
)

// A counter is what eventfd makes: a number that writing adds to and reading takes.
type counter struct {
	anonymous
	semaphore bool

	value atomic.Uint64 // counterMax at most
}

const counterMax = math.MaxUint64 - 1

// Immediate: see file.Immediate.
func (c *counter) Immediate() {}

func (c *counter) Read(p []byte) (int, syscall.Errno) {
	if len(p) < 8 {
		return 0, syscall.EINVAL
	}
	for {
		value := c.value.Load()
		if value == 0 {
			return 0, syscall.EAGAIN
		}
		taken := value
		if c.semaphore {
			taken = 1
		}
		if c.value.CompareAndSwap(value, value-taken) {
			c.Notify(file.Writable)
			binary.NativeEndian.PutUint64(p, taken)
			return 8, 0
		}
	}
}

func (c *counter) Write(p []byte) (int, syscall.Errno) {
	if len(p) < 8 {
		return 0, syscall.EINVAL
	}
	added := binary.NativeEndian.Uint64(p)
	if added > counterMax {
		return 0, syscall.EINVAL
	}
	for {
		value := c.value.Load()
		if added > counterMax-value {
			return 0, syscall.EAGAIN
		}
		if c.value.CompareAndSwap(value, value+added) {
			c.Notify(file.Readable)
			return 8, 0
		}
	}
}

func (c *counter) Ready() file.Events {
	value := c.value.Load()
	var events file.Events
	if value > 0 {
		events |= file.Readable
	}
	if value < counterMax {
		events |= file.Writable
	}
	return events
}

func (c *counter) Close() syscall.Errno {
	c.Notify(file.HangUp)
	return 0
}

func sysEventfd(a *call.Arguments) (uintptr, syscall.Errno) { return eventfd(uint32(a.Value[0]), 0) }

func sysEventfd2(a *call.Arguments) (uintptr, syscall.Errno) {
	return eventfd(uint32(a.Value[0]), int(a.Value[1]))
}

func eventfd(value uint32, flags int) (uintptr, syscall.Errno) {
	const semaphore = 1
	if flags&^(semaphore|syscall.O_NONBLOCK|syscall.O_CLOEXEC) != 0 {
		return 0, syscall.EINVAL
	}
	c := &counter{semaphore: flags&semaphore != 0}
	c.value.Store(uint64(value))
	fd, errno := Install(c, syscall.O_RDWR|flags&syscall.O_NONBLOCK, flags&syscall.O_CLOEXEC != 0)
	return uintptr(fd), errno
}
