package fs

import (
	"math"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/machine"
)

// data is the content of a regular file: pages where something was written, and nothing where
// nothing was. What the archive held when the machine started stays where the boot loader put it,
// page by page until it is written to. The node's lock guards it.
type data struct {
	size  int64
	taken int64 // pages that count against the volume
	base  []byte
	dense []*page         // the pages from 0 on
	far   map[int64]*page // those far behind the others, in a file that is mostly holes

	sealable bool // memfd_create made it so
	sealed   Seals

	object *space.Object // has the pages of a file that was ever mapped
	mapped bool          // and is mapped now
}

type page [pageSize]byte

const (
	maxSize = math.MaxInt64
	// A page that lies farther behind the others than this many, and than their number, is far.
	near = 1024
)

// zeroes is what holes read as. A page that points to it is one that fallocate reserved: it counts
// against the volume already, and gets memory of its own when it is written to.
var zeroes page

// page returns page number i, nil for one that was never written.
func (d *data) page(i int64) *page {
	if d.object != nil {
		return d.shownPage(i)
	}
	if i < int64(len(d.dense)) {
		return d.dense[i]
	}
	return d.far[i]
}

// based returns what the archive has for page i.
func (d *data) based(i int64) []byte {
	if i >= pagesOf(int64(len(d.base))) {
		return nil
	}
	return d.base[i*pageSize : min((i+1)*pageSize, int64(len(d.base)))]
}

// readAt copies what is at offset to p.
func (d *data) readAt(p []byte, offset int64) int {
	if offset >= d.size {
		return 0
	}
	p = p[:min(int64(len(p)), d.size-offset)]
	for n := 0; n < len(p); {
		i, within := (offset+int64(n))/pageSize, (offset+int64(n))%pageSize
		var from []byte
		if held := d.page(i); held != nil {
			from = held[within:]
		} else if based := d.based(i); int64(len(based)) > within {
			from = based[within:]
		} else {
			from = zeroes[within:]
		}
		n += copy(p[n:], from)
	}
	return len(p)
}

// writeAt copies p to offset. It stops when the volume is full.
func (d *data) writeAt(v *Volume, p []byte, offset int64) (n int, errno syscall.Errno) {
	if offset == maxSize {
		return 0, syscall.EFBIG
	}
	p = p[:min(int64(len(p)), maxSize-offset)]
	if offset > d.size {
		d.clearTail()
	}
	for n < len(p) {
		i, within := (offset+int64(n))/pageSize, (offset+int64(n))%pageSize
		held := d.page(i)
		if held == nil || held == &zeroes {
			whole := within == 0 && len(p)-n >= pageSize
			if held = d.make(v, i, !whole); held == nil {
				break
			}
		}
		n += copy(held[within:], p[n:])
	}
	if end := offset + int64(n); end > d.size {
		d.resize(end)
	}
	if n == 0 && len(p) > 0 {
		return 0, syscall.ENOSPC
	}
	return n, 0
}

// make gives page i memory of its own, filled with what was there before if fill is set; nil if the
// volume is full.
func (d *data) make(v *Volume, i int64, fill bool) *page {
	if d.object != nil {
		return d.makeShown(v, i)
	}
	if d.page(i) == &zeroes {
		held := new(page)
		d.set(i, held)
		return held
	}
	if !v.take() {
		return nil
	}
	held := new(page)
	if fill {
		copy(held[:], d.based(i))
	}
	d.taken++
	d.set(i, held)
	return held
}

// clearTail zeroes what a program has written behind the end, in the last page of a file that grows.
func (d *data) clearTail() {
	if d.object != nil {
		d.zero(d.size, pagesOf(d.size)*pageSize)
	}
}

// set makes held page i.
func (d *data) set(i int64, held *page) {
	count := int64(len(d.dense))
	switch {
	case i < count:
		d.dense[i] = held
	case i > count+max(count, near):
		if d.far == nil {
			d.far = make(map[int64]*page)
		}
		d.far[i] = held
	default:
		for ; count < i; count++ {
			d.dense = append(d.dense, d.comeNear(count))
		}
		d.dense = append(d.dense, held)
	}
}

// comeNear takes page i out of the far ones.
func (d *data) comeNear(i int64) *page {
	held := d.far[i]
	delete(d.far, i)
	return held
}

// truncate makes the file size bytes long.
func (d *data) truncate(v *Volume, size int64) {
	if size < int64(len(d.base)) {
		d.base = d.base[:size]
	}
	if size <= d.size {
		d.zero(size, min(pagesOf(size)*pageSize, d.size)) // the rest of the last page
		d.release(v, pagesOf(size), math.MaxInt64)
		if pages := pagesOf(size); pages == 0 {
			d.dense = nil
		} else if pages < int64(len(d.dense)) {
			d.dense = d.dense[:pages]
		}
	} else {
		d.clearTail()
	}
	d.resize(size)
	d.settle(v)
}

// punch makes a hole of [from, to), which may reach past the end.
func (d *data) punch(v *Volume, from, to int64) syscall.Errno {
	if from < int64(len(d.base)) {
		if !d.own(v) {
			return syscall.ENOSPC
		}
	}
	first, last := pagesOf(from), to/pageSize // the whole pages
	if first > last {
		d.zero(from, to)
		return 0
	}
	d.zero(from, first*pageSize)
	d.zero(last*pageSize, to)
	d.release(v, first, last)
	return 0
}

// own copies what is still the archive's; false when the volume is full.
func (d *data) own(v *Volume) bool {
	for i := range pagesOf(int64(len(d.base))) {
		if d.page(i) == nil && d.make(v, i, true) == nil {
			return false
		}
	}
	d.base = nil
	d.resize(d.size)
	return true
}

// reserve makes sure that the volume has room for the pages of [from, to), as fallocate does.
func (d *data) reserve(v *Volume, from, to int64) syscall.Errno {
	for i := from / pageSize; i < pagesOf(to); i++ {
		switch {
		case d.page(i) != nil || d.based(i) != nil:
		case d.object != nil:
			if d.makeShown(v, i) == nil {
				return syscall.ENOSPC
			}
		case !v.take():
			return syscall.ENOSPC
		default:
			d.taken++
			d.set(i, &zeroes)
		}
	}
	return 0
}

// release gives up the pages [first, last).
func (d *data) release(v *Volume, first, last int64) {
	if d.object != nil {
		machine.RemoveFromObject(d.object, uint64(first)*pageSize, uint64(min(last, maxSize/pageSize))*pageSize)
		d.settle(v)
		return
	}
	for i := first; i < min(last, int64(len(d.dense))); i++ {
		d.drop(v, i, d.dense[i])
		d.dense[i] = nil
	}
	for i, held := range d.far {
		if first <= i && i < last {
			d.drop(v, i, held)
			delete(d.far, i)
		}
	}
}

// drop gives page i back to the volume.
func (d *data) drop(v *Volume, i int64, held *page) {
	if held == nil {
		return
	}
	d.taken--
	v.used.Add(-1)
}

// zero clears [from, to), which lies within a page, if the page has memory of its own.
func (d *data) zero(from, to int64) {
	if from >= to {
		return
	}
	if held := d.page(from / pageSize); held != nil && held != &zeroes {
		clear(held[from%pageSize : (to-1)%pageSize+1])
	}
}

// seek returns where the next data or hole begins, at offset or after it, as SEEK_DATA and SEEK_HOLE
// do.
func (d *data) seek(offset int64, wantData bool) (int64, syscall.Errno) {
	if offset >= d.size {
		return 0, syscall.ENXIO
	}
	for i := offset / pageSize; i < pagesOf(d.size); i++ {
		if held := d.page(i); (held != nil && held != &zeroes || d.based(i) != nil) == wantData {
			return max(offset, i*pageSize), 0
		}
		if wantData && i >= int64(len(d.dense)) && i >= pagesOf(int64(len(d.base))) {
			i = min(d.nextFar(i+1), pagesOf(d.size)) - 1
		}
	}
	if wantData {
		return 0, syscall.ENXIO
	}
	return d.size, 0
}

// nextFar returns the first far page from i on, or one that no file has.
func (d *data) nextFar(i int64) int64 {
	if d.object != nil {
		if offset, ok := machine.NextObjectPage(d.object, uint64(i)*pageSize); ok {
			return int64(offset / pageSize)
		}
		return math.MaxInt64
	}
	next := int64(math.MaxInt64)
	for j := range d.far {
		if j >= i {
			next = min(next, j)
		}
	}
	return next
}

// pagesOf returns how many pages size bytes take.
func pagesOf(size int64) int64 {
	pages := size / pageSize
	if size%pageSize != 0 {
		pages++
	}
	return pages
}
