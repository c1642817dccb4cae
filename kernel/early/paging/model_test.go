package paging

import (
	"fmt"
	"slices"
	"testing"
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/frame"
)

const mib = 1 << 20

// newFrames is an allocator over fake memory of the given size.
func newFrames(t testing.TB, size, emergency uint64) *frame.Allocator {
	memory := make([]uint64, size/8)
	for i := range memory {
		memory[i] = 0x5A5A5A5A5A5A5A5A // nothing may rely on frames being clear
	}
	info := new(boot.Info)
	info.AddRegion(boot.Range{Start: 0, End: size}, boot.Usable)
	a := new(frame.Allocator)
	if p := a.Init(info, unsafe.Pointer(unsafe.SliceData(memory)), boot.Range{}, 0, emergency); p != "" {
		t.Fatal(p)
	}
	return a
}

// A segment is a stretch of address space, of the 48 bits translated, that is mapped to one of
// physical memory with the same flags.
type segment struct {
	virtual, physical, size uint64
	flags                   Flags
}

func (s segment) end() uint64 { return s.virtual + s.size }

// cut is the part of s in [from, to).
func (s segment) cut(from, to uint64) segment {
	start, end := max(s.virtual, from), min(s.end(), to)
	if start >= end {
		return segment{}
	}
	return segment{start, s.physical + start - s.virtual, end - start, s.flags}
}

// joined sorts segments and joins those that continue each other.
func joined(segments []segment) []segment {
	slices.SortFunc(segments, func(a, b segment) int {
		if a.virtual < b.virtual {
			return -1
		}
		return 1
	})
	out := []segment{}
	for _, s := range segments {
		if s.size == 0 {
			continue
		}
		if n := len(out); n > 0 && out[n-1].end() == s.virtual && out[n-1].flags == s.flags &&
			out[n-1].physical+out[n-1].size == s.physical {
			out[n-1].size += s.size
			continue
		}
		out = append(out, s)
	}
	return out
}

// outside is what of segments is not in [from, to); inside the rest.
func outside(segments []segment, from, to uint64) (rest []segment) {
	for _, s := range segments {
		rest = append(rest, s.cut(0, from), s.cut(to, 1<<48))
	}
	return joined(rest)
}

func inside(segments []segment, from, to uint64) (rest []segment) {
	for _, s := range segments {
		rest = append(rest, s.cut(from, to))
	}
	return joined(rest)
}

// A world is page tables, and what should be in them.
type world struct {
	testing.TB
	tables   Tables
	frames   *frame.Allocator
	total    uint64 // frames free before there were tables
	segments []segment
	step     string
	lent     uint64 // frames allocated for a Map to come
	lenient  bool   // a Fill has failed: there may be empty tables
}

func newWorld(t testing.TB, size uint64, features Features) *world {
	w := &world{TB: t, frames: newFrames(t, size, 1)}
	w.total = w.frames.FreeFrames()
	if p := w.tables.Init(w.frames, features); p != "" {
		t.Fatal(p)
	}
	return w
}

// walk is everything that is mapped, by Next.
func (w *world) walk() (segments []segment) {
	for at := uint64(0); ; {
		m, ok := w.tables.Next(at)
		if !ok {
			break
		}
		if m.Virtual%m.Size != 0 || m.Physical%m.Size != 0 || canonical(m.Virtual) != m.Virtual {
			w.Fatalf("%s: mapping %x", w.step, m)
		}
		segments = append(segments, segment{m.Virtual & (1<<48 - 1), m.Physical, m.Size, m.Flags})
		if at = m.Virtual + m.Size; at == 0 {
			break
		}
	}
	return joined(segments)
}

// check compares the tables with the segments, and accounts for every frame.
func (w *world) check() {
	w.Helper()
	if got := w.walk(); !slices.Equal(got, w.segments) {
		w.Fatalf("%s:\nis  %x\nnot %x", w.step, got, w.segments)
	}
	owned := uint64(0)
	for _, s := range w.segments {
		if s.flags&Owned != 0 {
			owned += s.size / Page4K
		}
	}
	tables := w.countTables(w.tables.root, 4)
	if tables != w.tables.TableFrames() {
		w.Fatalf("%s: %d tables, said to be %d", w.step, tables, w.tables.TableFrames())
	}
	if used := w.total - w.frames.FreeFrames(); used != tables+owned+w.lent {
		w.Fatalf("%s: %d frames in use, for %d tables and %d frames owned", w.step, used, tables, owned+w.lent)
	}
}

// countTables counts tables and checks every entry for bits that must not be set.
func (w *world) countTables(table uint64, level int) uint64 {
	n := uint64(1)
	if level != 4 && !w.lenient && w.tables.isEmpty(table) {
		w.Fatalf("%s: an empty table at level %d", w.step, level)
	}
	for i := range uint64(entries) {
		e := *w.tables.entry(table, level, i<<(12+9*(level-1)))
		if e == 0 {
			continue
		}
		bad := uint64(1<<2 | 0x7FF<<52) // user mode, reserved
		if !w.tables.features.NX {
			bad |= noExecute
		}
		if e&present == 0 || e&accessed == 0 || e&bad != 0 {
			w.Fatalf("%s: entry %#x at level %d", w.step, e, level)
		}
		if isLeaf(e, level) {
			if level == 4 || level == 3 && !w.tables.features.Page1G || e&dirty == 0 {
				w.Fatalf("%s: leaf %#x at level %d", w.step, e, level)
			}
			continue
		}
		if e&noExecute != 0 || e&uint64(Write) == 0 || e&uint64(Global) != 0 {
			w.Fatalf("%s: table entry %#x at level %d", w.step, e, level)
		}
		n += w.countTables(e&addressMask, level-1)
	}
	return n
}

// visible is what the flags come back as.
func (w *world) visible(flags Flags) Flags {
	if !w.tables.features.NX {
		flags |= Execute
	}
	return flags
}

func (w *world) doMap(virtual, physical, size uint64, flags Flags, large bool) boot.Problem {
	w.step = fmt.Sprintf("map %#x to %#x, %#x, flags %#x, large %v", virtual, physical, size, flags, large)
	f := w.tables.Map
	if large {
		f = w.tables.MapLarge
	}
	p := f(virtual, physical, size, flags)
	from, to, ok := span(virtual, size)
	ok = ok && physical%Page4K == 0 && physical+size <= maxPhysical && physical+size >= physical
	free := ok && len(inside(w.segments, from, to)) == 0
	switch {
	case !ok && p != badRange, ok && !free && p != overlapping, free && p != "" && p != outOfMemory:
		w.Fatalf("%s: %q", w.step, p)
	case p == "":
		w.segments = joined(append(w.segments, segment{from, physical, size, w.visible(flags)}))
		w.lent = 0
	}
	w.check()
	return p
}

// stale checks that the report of a change covers what changed.
func (w *world) stale(before, after []segment, s *Stale) {
	w.Helper()
	var first, last uint64
	globals, changed := false, false
	for _, b := range before {
		rest := []segment{b}
		for _, a := range after {
			if a.flags != b.flags {
				continue
			}
			if c := b.cut(a.virtual, a.end()); c.size != 0 && c.physical == a.physical+c.virtual-a.virtual {
				rest = outside(rest, c.virtual, c.end())
			}
		}
		for _, r := range rest {
			if r.size == 0 {
				continue
			}
			if !changed || r.virtual < first {
				first = r.virtual
			}
			last = max(last, r.end()-1)
			changed = true
			globals = globals || r.flags&Global != 0
		}
	}
	if changed != (s.Pages > 0) || s.Globals != globals {
		w.Fatalf("%s: changed %v, globals %v, stale %+v", w.step, changed, globals, s)
	}
	if changed && (s.Start != canonical(first) || s.End-1 != canonical(last)) {
		w.Fatalf("%s: %#x to %#x changed, stale %+v", w.step, first, last, s)
	}
	if s.Empty() != (s.Pages == 0 && s.head == 0) {
		w.Fatalf("%s: Empty", w.step)
	}
}

func (w *world) doUnmap(virtual, size uint64) boot.Problem {
	w.step = fmt.Sprintf("unmap %#x, %#x", virtual, size)
	before := w.segments
	var s Stale
	p := w.tables.Unmap(virtual, size, &s)
	from, to, ok := span(virtual, size)
	switch {
	case !ok && p != badRange, ok && p != "" && p != outOfMemory:
		w.Fatalf("%s: %q", w.step, p)
	case p == "":
		w.segments = outside(w.segments, from, to)
	}
	w.stale(before, w.segments, &s)
	if p := w.tables.Release(&s); p != "" || !s.Empty() {
		w.Fatalf("%s: %q, %+v", w.step, p, s)
	}
	w.check()
	return p
}

func (w *world) doProtect(virtual, size uint64, flags Flags) boot.Problem {
	w.step = fmt.Sprintf("protect %#x, %#x, flags %#x", virtual, size, flags)
	const changes = Write | Execute | Uncached
	before := w.segments
	var s Stale
	p := w.tables.Protect(virtual, size, flags, &s)
	from, to, ok := span(virtual, size)
	switch {
	case !ok && p != badRange, ok && p != "" && p != outOfMemory:
		w.Fatalf("%s: %q", w.step, p)
	case p == "":
		changed := inside(w.segments, from, to)
		for i := range changed {
			changed[i].flags = changed[i].flags&^changes | w.visible(flags)&changes
		}
		w.segments = joined(append(outside(w.segments, from, to), changed...))
	}
	w.stale(before, w.segments, &s)
	if s.head != 0 {
		w.Fatalf("%s: gives frames back", w.step)
	}
	w.check()
	return p
}

// doFill fills holes and takes over where the frames turn out to be.
func (w *world) doFill(virtual, size uint64, flags Flags) boot.Problem {
	w.step = fmt.Sprintf("fill %#x, %#x, flags %#x", virtual, size, flags)
	before := w.segments
	p := w.tables.Fill(virtual, size, flags)
	from, to, ok := span(virtual, size)
	after := w.walk()
	if !ok {
		if p != badRange {
			w.Fatalf("%s: %q", w.step, p)
		}
		return p
	}
	w.lenient = w.lenient || p != ""
	if !slices.Equal(outside(after, from, to), outside(before, from, to)) {
		w.Fatalf("%s: changed something else", w.step)
	}
	for _, b := range before {
		if got := inside(after, b.virtual, b.end()); len(got) != 1 || got[0] != b {
			w.Fatalf("%s: %x became %x", w.step, b, got)
		}
	}
	filled := uint64(0)
	fresh := after
	for _, b := range before {
		fresh = outside(fresh, b.virtual, b.end())
	}
	for _, s := range fresh {
		filled += s.size
		if s.flags != w.visible(flags|Owned) {
			w.Fatalf("%s: %x", w.step, s)
		}
		for _, word := range unsafe.Slice((*uint64)(w.frames.Pointer(s.physical)), s.size/8) {
			if word != 0 {
				w.Fatalf("%s: %x is not clear", w.step, s)
			}
		}
	}
	want := size
	for _, b := range inside(before, from, to) {
		want -= b.size
	}
	if p == "" && filled != want || p != "" && (p != outOfMemory || w.frames.Available() > 0) {
		w.Fatalf("%s: %q, %#x bytes of %#x", w.step, p, filled, want)
	}
	w.segments = after
	w.check()
	return p
}
