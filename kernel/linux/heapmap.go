package linux

import (
	"sync"
	"syscall"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/fs"
)

// A heapMapper is a Mapper that takes memory from Go's heap. All of it can be read and written
// whatever the protection is, and addresses cannot be chosen.
type heapMapper struct {
	mu      sync.Mutex
	regions []region
}

// A region is memory that is mapped. Several can be parts of one block of memory.
type region struct {
	begin, end uintptr
	block      *block
}

// A block is what a region was cut from. Being here, it stays allocated.
type block struct {
	memory  []byte
	parts   int
	mapping *fs.Mapping // of a shared file
}

func (b *block) address() uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b.memory))) }

// Flags of mmap(2).
const (
	mapShared         = 0x1
	mapPrivate        = 0x2
	mapSharedValidate = 0x3
	mapType           = 0xf

	protWrite = 0x2
)

func (h *heapMapper) Map(address, length uintptr, protection int, fixed bool) (uintptr, syscall.Errno) {
	if fixed { // only in place of what is there
		return address, h.within(address, length, func(r region, begin, end uintptr) { r.clear(begin, end) })
	}
	if !affordable(length) {
		return 0, syscall.ENOMEM
	}
	return h.add(&block{memory: fs.AlignedPages(int64(length / pageSize))}, length), 0
}

// affordable reports whether the machine has that much memory left, with some to spare. The heap would
// not fail, but end the program.
func affordable(length uintptr) bool {
	const unknown = 1 << 30 // in a host unit test
	s := statistics()
	if s.TotalPages == 0 {
		return length <= unknown
	}
	return uint64(length/pageSize) < s.FreePages-s.FreePages/8
}

// add maps the first length bytes of b.
func (h *heapMapper) add(b *block, length uintptr) uintptr {
	h.mu.Lock()
	defer h.mu.Unlock()
	begin := b.address()
	b.parts++
	h.regions = append(h.regions, region{begin, begin + length, b})
	return begin
}

func (h *heapMapper) MapFile(address, length uintptr, protection, flags int, d *Description, offset int64) (uintptr, syscall.Errno) {
	e, ok := d.entry()
	switch {
	case !ok || d.seeker == nil:
		return 0, syscall.ENODEV
	case flags&mapFixed != 0 || !affordable(length):
		return 0, syscall.ENOMEM
	}
	switch flags & mapType {
	case mapPrivate:
		b := &block{memory: fs.AlignedPages(int64(length / pageSize))}
		for n := 0; n < len(b.memory); {
			k, errno := d.seeker.ReadAt(b.memory[n:], offset+int64(n))
			if errno != 0 {
				return 0, errno
			}
			if k == 0 {
				break
			}
			n += k
		}
		return h.add(b, length), 0
	case mapShared, mapSharedValidate:
		if protection&protWrite != 0 && !d.writable() {
			return 0, syscall.EACCES
		}
		m, errno := e.Node().Map(offset, int64(length))
		if errno != 0 {
			return 0, errno
		}
		return h.add(&block{memory: m.At(offset), mapping: m}, length), 0
	}
	return 0, syscall.EINVAL
}

func (h *heapMapper) Unmap(address, length uintptr) syscall.Errno {
	h.mu.Lock()
	defer h.mu.Unlock()
	end := address + length
	var kept []region
	for _, r := range h.regions {
		if r.end <= address || end <= r.begin {
			kept = append(kept, r)
			continue
		}
		if r.begin < address {
			kept = append(kept, region{r.begin, address, r.block})
			r.block.parts++
		}
		if end < r.end {
			kept = append(kept, region{end, r.end, r.block})
			r.block.parts++
		}
		if r.block.parts--; r.block.parts == 0 && r.block.mapping != nil {
			r.block.mapping.Unmap()
		}
	}
	h.regions = kept
	return 0
}

func (h *heapMapper) Protect(address, length uintptr, protection int) syscall.Errno {
	return h.within(address, length, func(region, uintptr, uintptr) {})
}

func (h *heapMapper) Advise(address, length uintptr, advice int) syscall.Errno {
	const dontNeed = 4
	return h.within(address, length, func(r region, begin, end uintptr) {
		if advice == dontNeed && r.block.mapping == nil {
			r.clear(begin, end)
		}
	})
}

// clear zeroes a part of r.
func (r region) clear(begin, end uintptr) {
	base := r.block.address()
	clear(r.block.memory[begin-base : end-base])
}

// within calls do for each part of a range of addresses, all of which must be mapped.
func (h *heapMapper) within(address, length uintptr, do func(r region, begin, end uintptr)) syscall.Errno {
	h.mu.Lock()
	defer h.mu.Unlock()
	end := address + length
	var found uintptr
	for _, r := range h.regions {
		if from, to := max(r.begin, address), min(r.end, end); from < to {
			found += to - from
		}
	}
	if found != length {
		return syscall.ENOMEM
	}
	for _, r := range h.regions {
		if from, to := max(r.begin, address), min(r.end, end); from < to {
			do(r, from, to)
		}
	}
	return 0
}
