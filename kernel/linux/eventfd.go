package linux

import (
	"encoding/binary"
	"math"
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
)

// A counter is what eventfd makes: a number that writing adds to and reading takes.
type counter struct {
	anonymous
	semaphore bool

	mu    sync.Mutex
	value uint64
}

const counterMax = math.MaxUint64 - 1

// Immediate: see file.Immediate.
func (c *counter) Immediate() {}

func (c *counter) Read(p []byte) (int, syscall.Errno) {
	if len(p) < 8 {
		return 0, syscall.EINVAL
	}
	c.mu.Lock()
	taken := c.value
	if c.semaphore {
		taken = min(taken, 1)
	}
	if taken != 0 {
		c.value -= taken
		c.Notify(file.Writable)
	}
	c.mu.Unlock()
	if taken == 0 {
		return 0, syscall.EAGAIN
	}
	binary.NativeEndian.PutUint64(p, taken)
	return 8, 0
}

func (c *counter) Write(p []byte) (int, syscall.Errno) {
	if len(p) < 8 {
		return 0, syscall.EINVAL
	}
	added := binary.NativeEndian.Uint64(p)
	if added > counterMax {
		return 0, syscall.EINVAL
	}
	c.mu.Lock()
	fits := added <= counterMax-c.value
	if fits {
		c.value += added
		c.Notify(file.Readable)
	}
	c.mu.Unlock()
	if !fits {
		return 0, syscall.EAGAIN
	}
	return 8, 0
}

func (c *counter) Ready() file.Events {
	c.mu.Lock()
	value := c.value
	c.mu.Unlock()
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
	c := &counter{value: uint64(value), semaphore: flags&semaphore != 0}
	fd, errno := Install(c, syscall.O_RDWR|flags&syscall.O_NONBLOCK, flags&syscall.O_CLOEXEC != 0)
	return uintptr(fd), errno
}
