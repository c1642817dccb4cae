package fs

import (
	"syscall"
	"unsafe"
)

// A Mapping is a part of a regular file that lies in one run of memory, which a program sees (mmap):
// the pages of the file are there, and so are those that it gets while the mapping lasts. What is
// written to the memory is in the file, and the other way round.
type Mapping struct {
	// Memory is the run. The program may access it at any time.
	Memory []byte

	node  *Node
	first int64 // page
	users int
}

func (m *Mapping) pages() int64 { return int64(len(m.Memory)) / pageSize }

// page returns the memory of page i of the file, nil if it is not in the mapping.
func (m *Mapping) page(i int64) *page {
	if i < m.first || i >= m.first+m.pages() {
		return nil
	}
	return (*page)(unsafe.Pointer(&m.Memory[(i-m.first)*pageSize]))
}

// Map maps length bytes of n from offset on, both multiples of the page size. Parts of a file that
// overlap cannot be mapped unless one of them is in the other, which came first.
func (n *Node) Map(offset, length int64) (*Mapping, syscall.Errno) {
	if n.data == nil {
		return nil, syscall.ENODEV
	}
	first, count := offset/pageSize, length/pageSize
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, m := range n.data.mappings {
		switch {
		case m.first <= first && first+count <= m.first+m.pages():
			m.users++
			return m, 0
		case first < m.first+m.pages() && m.first < first+count:
			return nil, syscall.ENOMEM
		}
	}
	m := &Mapping{Memory: AlignedPages(count), node: n, first: first, users: 1}
	if !n.data.adopt(n.volume, m) {
		return nil, syscall.ENOMEM
	}
	n.data.mappings = append(n.data.mappings, m)
	n.opens++
	return m, 0
}

// At returns the memory of the mapping from offset of the file on.
func (m *Mapping) At(offset int64) []byte { return m.Memory[offset-m.first*pageSize:] }

// Unmap ends one use of m. The file keeps what is in the memory.
func (m *Mapping) Unmap() {
	m.node.mu.Lock()
	defer m.node.mu.Unlock()
	if m.users--; m.users > 0 {
		return
	}
	d := m.node.data
	for i, other := range d.mappings {
		if other == m {
			d.mappings = append(d.mappings[:i:i], d.mappings[i+1:]...)
			break
		}
	}
	m.node.opens--
	m.node.reap()
}

// adopt moves the pages of d to the memory of m; false when the volume is full. Pages that are moved
// before that stay there, which does no harm.
func (d *data) adopt(v *Volume, m *Mapping) bool {
	for i := m.first; i < min(m.first+m.pages(), pagesOf(d.size)); i++ {
		held, there := d.page(i), m.page(i)
		switch {
		case held != nil:
			*there = *held
		case !v.take():
			return false
		default:
			copy(there[:], d.based(i))
			d.taken++
		}
		d.set(i, there)
	}
	return true
}

// attach makes holes up to the end of the file that are mapped pages of the file, as the program may
// write to them at any time. They count, but are never refused.
func (d *data) attach(v *Volume) {
	for _, m := range d.mappings {
		for i := m.first; i < min(m.first+m.pages(), pagesOf(d.size)); i++ {
			held := d.page(i)
			if held == nil && d.based(i) == nil {
				d.taken++
				v.used.Add(1)
			} else if held != &zeroes {
				continue
			}
			d.set(i, d.fresh(i))
		}
	}
}

// mapped returns the memory of page i in a mapping, nil if there is none.
func (d *data) mapped(i int64) *page {
	for _, m := range d.mappings {
		if held := m.page(i); held != nil {
			return held
		}
	}
	return nil
}

// fresh returns zeroed memory for page i.
func (d *data) fresh(i int64) *page {
	if held := d.mapped(i); held != nil {
		clear(held[:])
		return held
	}
	return new(page)
}

// AlignedPages returns count pages of zeroed memory, aligned.
func AlignedPages(count int64) []byte {
	memory := make([]byte, (count+1)*pageSize)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(memory))) % pageSize
	return memory[skip:][: count*pageSize : count*pageSize]
}
