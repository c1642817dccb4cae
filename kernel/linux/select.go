package linux

import (
	"math/bits"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
)

// The sets of select: what a descriptor in one waits for, and what makes it ready.
var selectSets = [3]struct{ wait, ready file.Events }{
	{file.Readable | file.ReadHalf, file.Readable | file.ReadHalf | file.HangUp | file.Error},
	{file.Writable, file.Writable | file.Error},
	{file.Urgent, file.Urgent},
}

// descriptorSet is struct fd_set.
type descriptorSet [selectMax / 64]uint64

const selectMax = 1024

func sysSelect(a *call.Arguments) (uintptr, syscall.Errno) {
	end := int64(Never)
	if p := Argument(a, 4); !p.IsNil() {
		var t syscall.Timeval
		if errno := CopyIn(p, &t); errno != 0 {
			return 0, errno
		}
		if t.Sec < 0 || t.Usec < 0 {
			return 0, syscall.EINVAL
		}
		end = after(time.Duration(min(t.Sec, 1<<32)*1e9 + min(t.Usec, 1<<32)*1e3))
	}
	return selectAny(a, end)
}

func sysPselect6(a *call.Arguments) (uintptr, syscall.Errno) {
	end, errno := deadline(Argument(a, 4))
	if errno != 0 {
		return 0, errno
	}
	return selectAny(a, end)
}

// selectAny waits for the descriptors below the first argument that are in the sets in the next
// three.
func selectAny(a *call.Arguments, end int64) (uintptr, syscall.Errno) {
	count := int(int32(a.Value[0]))
	if count < 0 {
		return 0, syscall.EINVAL
	}
	words := uintptr(min(count, selectMax)+63) / 64
	var sets [3]descriptorSet
	for i := range sets {
		if p := Argument(a, i+1); !p.IsNil() {
			if errno := copySet(p, &sets[i], words, In); errno != 0 {
				return 0, errno
			}
		}
	}
	var list []pollFD
	for fd := range min(count, selectMax) {
		var events file.Events
		for i := range sets {
			if sets[i][fd/64]>>(fd%64)&1 != 0 {
				events |= selectSets[i].wait
			}
		}
		if events != 0 {
			list = append(list, pollFD{fd: int32(fd), events: int16(events)})
		}
	}
	waitAny(list, end)
	var results [3]descriptorSet
	total := 0
	for _, p := range list {
		if file.Events(p.revents)&invalid != 0 {
			return 0, syscall.EBADF
		}
		for i := range sets {
			asked := sets[i][p.fd/64] & (1 << (p.fd % 64))
			if file.Events(uint16(p.revents))&selectSets[i].ready != 0 {
				results[i][p.fd/64] |= asked
				total += bits.OnesCount64(asked)
			}
		}
	}
	for i := range results {
		if p := Argument(a, i+1); !p.IsNil() {
			if errno := copySet(p, &results[i], words, Out); errno != 0 {
				return 0, errno
			}
		}
	}
	return uintptr(total), 0
}

// copySet moves the first words of a set from or to the program's memory.
func copySet(p Pointer, set *descriptorSet, words uintptr, way Access) syscall.Errno {
	for i := range words {
		at := p.Add(i * 8)
		var errno syscall.Errno
		if way == In {
			errno = CopyIn(at, &set[i])
		} else {
			errno = CopyOut(at, &set[i])
		}
		if errno != 0 {
			return errno
		}
	}
	return 0
}
