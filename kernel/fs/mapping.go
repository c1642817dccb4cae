package fs

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/machine"
)

// A regular file that was ever mapped (mmap) has its pages in an object of package space, and no
// longer in the heap: there the handler of page faults finds them, and makes those that a program
// touches first. They stay there until the file goes.

// Map returns the object that has the pages of n, and holds n until Unmapped is called. While it is
// held, more calls change nothing.
func (n *Node) Map() (*space.Object, syscall.Errno) {
	if n.data == nil {
		return nil, syscall.ENODEV
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.data.object == nil && !n.data.move() {
		return nil, syscall.ENOMEM
	}
	if !n.data.mapped {
		n.data.mapped = true
		n.opens++
	}
	return n.data.object, 0
}

// Unmapped says that no region shows n any more.
func (n *Node) Unmapped() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.data.settle(n.volume)
	n.data.mapped = false
	n.opens--
	n.reap()
}

// move takes the pages to an object; false, and nothing is changed, if there is no memory for that.
func (d *data) move() bool {
	o := machine.NewObject(uint64(d.size), d.base)
	if o == nil {
		return false
	}
	copyTo := func(i int64, held *page) bool {
		p := (*page)(machine.ObjectPage(o, uint64(i)*pageSize, true))
		if p != nil {
			*p = *held
		}
		return p != nil
	}
	ok := true
	for i, held := range d.dense {
		ok = ok && (held == nil || copyTo(int64(i), held))
	}
	for i, held := range d.far {
		ok = ok && copyTo(i, held)
	}
	if !ok {
		machine.FreeObject(o)
		return false
	}
	d.object, d.dense, d.far = o, nil, nil
	return true
}

// pages returns how many pages there are.
func (d *data) pages() int64 {
	if d.object != nil {
		return int64(machine.ObjectPages(d.object))
	}
	return d.taken
}

// settle counts the pages that the program made by touching them, which are never refused.
func (d *data) settle(v *Volume) {
	pages := d.pages()
	v.used.Add(pages - d.taken)
	d.taken = pages
}

// makeShown is make for a file with an object.
func (d *data) makeShown(v *Volume, i int64) *page {
	if held := d.page(i); held != nil {
		return held
	}
	d.settle(v)
	if !v.take() {
		return nil
	}
	held := (*page)(machine.ObjectPage(d.object, uint64(i)*pageSize, true))
	if held == nil {
		v.used.Add(-1)
		return nil
	}
	d.taken++
	return held
}

// resize says that the file is size bytes long now.
func (d *data) resize(size int64) {
	d.size = size
	if d.object != nil {
		machine.ResizeObject(d.object, uint64(size), uint64(len(d.base)))
	}
}

// shownPage returns page number i of the object, nil if there is none.
func (d *data) shownPage(i int64) *page {
	return (*page)(machine.ObjectPage(d.object, uint64(i)*pageSize, false))
}

// free gives the object back.
func (d *data) free() {
	if d.object != nil {
		machine.FreeObject(d.object)
		d.object = nil
	}
}
