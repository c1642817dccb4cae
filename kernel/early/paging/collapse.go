package paging

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
)

// To make a large page of small ones takes three steps, as no write may get lost: Suspend, after which the TLBs
// are invalidated; CopySuspended, while nobody can read or write there; and Collapse. The locks may be let go of
// between the steps: until the last, the caller sees to it that nothing is mapped, unmapped or changed in these
// 2 MiB, and that who touches them waits.

// Suspend takes the translations of the 4 KiB pages in the 2 MiB at virtual back, and returns their table and
// flags. Lookup finds nothing there from then on; Next does. It reports false, and changes nothing, if there are
// no such pages, or some that are not Owned, or that differ in their flags.
func (t *Tables) Suspend(virtual uint64, stale *Stale) (table uint64, flags Flags, ok bool) {
	at, _, ok := span(virtual, Page2M)
	if !ok || at%Page2M != 0 {
		return 0, 0, false
	}
	e := t.above(at)
	if e == nil || isLeaf(*e, 2) {
		return 0, 0, false
	}
	table = *e & addressMask
	bits, pages := uint64(0), uint64(0)
	for _, page := range (*[entries]uint64)(t.frames.Pointer(table)) {
		if page == 0 {
			continue
		}
		if pages > 0 && page&^addressMask != bits || Flags(page)&Owned == 0 {
			return 0, 0, false
		}
		bits = page &^ addressMask
		pages++
	}
	if pages == 0 {
		return 0, 0, false
	}
	// What else the entry says is kept: only the processors take it for nothing (SDM vol. 3, 4.5.4).
	*e &^= present
	stale.add(at, Page2M, bits)
	return table, t.decode(bits), true
}

// above is the entry at level 2 for an address, nil if there is nothing or a page of 1 GiB.
func (t *Tables) above(address uint64) *uint64 {
	table := t.root
	for level := 4; level > 2; level-- {
		e := *t.entry(table, level, address)
		if e == 0 || isLeaf(e, level) {
			return nil
		}
		table = e & addressMask
	}
	if e := t.entry(table, 2, address); *e != 0 {
		return e
	}
	return nil
}

// CopySuspended copies what a table that was suspended maps to the 2 MiB at physical: zero where it maps nothing.
// It needs no lock.
func (t *Tables) CopySuspended(table, physical uint64) {
	for _, page := range (*[entries]uint64)(t.frames.Pointer(table)) {
		to := t.frames.Pointer(physical)
		if page == 0 {
			cpu.ZeroPages(to, 1)
		} else {
			from := t.frames.Pointer(page & addressMask)
			copy(unsafe.Slice((*byte)(to), Page4K), unsafe.Slice((*byte)(from), Page4K))
		}
		physical += Page4K
	}
}

// Collapse maps the 2 MiB at virtual, which were suspended, to a large page, and puts the frames that were there
// and their table into stale. No processor has a translation to them: there is nothing to invalidate.
func (t *Tables) Collapse(virtual, physical uint64, flags Flags, stale *Stale) {
	at, _, _ := span(virtual, Page2M)
	e := t.above(at)
	table := *e & addressMask
	*e = physical | t.encode(flags|Owned) | largePage
	for _, page := range (*[entries]uint64)(t.frames.Pointer(table)) {
		if page != 0 {
			t.push(page&addressMask, 1, stale)
		}
	}
	t.push(table, 1, stale)
	t.tables--
}
