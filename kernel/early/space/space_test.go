package space

import (
	"testing"

	"github.com/ringo-os/ringo/kernel/early/paging"
)

func TestRuntimeRegions(t *testing.T) {
	m := simulate(t, 4*mib)
	heap := uint64(0xc0_0000_0000)
	if !m.Reserve(heap, heap+64*mib, Heap, Read|Write) || m.Reserve(heap+32*mib, heap+128*mib, Heap, Read|Write) || !m.Reserve(heap+64*mib, heap+96*mib, Heap, Read|Write) {
		t.Fatal("Reserve")
	}
	if r, ok := m.Next(heap); !ok || r.Start != heap || r.End != heap+96*mib || r.Owner != Heap || m.count != 1 {
		t.Errorf("neighbours are not one region: %+v", r)
	}
	private := Region{Start: heap + mib, Rights: Read | Write, May: 7, Kind: Private}
	for where, want := range map[Where]Errno{Replace: ENOMEM, NotReplace: EEXIST, Hint: 0} {
		at, e := m.Map(private, 2*Page, where)
		if e != want || e == 0 && at >= heap && at < heap+96*mib {
			t.Errorf("Map %d over the heap: %#x, %d", where, at, e)
		}
	}
	for name, e := range map[string]Errno{
		"Unmap":   m.Unmap(heap+mib, heap+2*mib),
		"Protect": m.Protect(heap+mib, heap+2*mib, Read),
		"Drop":    m.Drop(heap+mib, heap+2*mib),
	} {
		if e != ENOMEM {
			t.Errorf("%s of the heap: %d", name, e)
		}
	}
	if _, e := m.Move(heap, Page, 2*Page, true, 0); e != EFAULT {
		t.Errorf("Move of the heap: %d", e)
	}
	if v := m.Fault(heap, Read); v != NotProgram {
		t.Errorf("a fault in the heap: %d", v)
	}
	if m.Has(heap) || m.Mapped() != 2*Page {
		t.Error("the heap is the program's")
	}
	if !m.Return(heap+16*mib, heap+32*mib) {
		t.Fatal("Return")
	}
	if at, e := m.Map(Region{Start: heap + 16*mib, Rights: Read, May: 7, Kind: Private}, 16*mib, NotReplace); e != 0 || !m.Has(at) {
		t.Errorf("Map where the heap was: %#x, %d", at, e)
	}
	for _, r := range []struct {
		start, end uint64
		want       bool
	}{
		{heap, heap + 16*mib, false}, {heap, heap + 16*mib + 1, true}, {heap + 31*mib, heap + 40*mib, true},
		{heap + 32*mib, heap + 40*mib, false}, {heap + 16*mib, heap + 16*mib, false}, {0, high, true},
	} {
		m.locked = true
		if got := m.Overlaps(r.start, r.end); got != r.want {
			t.Errorf("Overlaps(%#x, %#x): %v", r.start, r.end, got)
		}
		m.locked = false
	}
	if r, _ := m.Next(heap + 32*mib); r.Start != heap+32*mib || r.End != heap+96*mib {
		t.Errorf("what is left of the heap: %+v", r)
	}
}

func TestResident(t *testing.T) {
	m := simulate(t, 4*mib)
	o := m.NewObject(4*Page, nil, 0)
	private, _ := m.Map(Region{Rights: Read | Write, May: 7, Kind: Private, Small: true}, 64*Page, Hint)
	shared, _ := m.Map(Region{Rights: Read | Write, May: 7, Kind: Shared, Object: o}, 4*Page, Hint)
	resident := func(at uint64) bool {
		r, e := m.Resident(at)
		if e != 0 {
			t.Errorf("Resident(%#x): %d", at, e)
		}
		return r
	}
	m.ObjectPage(o, Page, true)
	if resident(private) || resident(shared) || !resident(shared+Page) || m.ObjectPages(o) != 1 {
		t.Error("memory before the first touch")
	}
	m.use2(private, Write)
	m.use2(shared, Read)
	if !resident(private) || !resident(shared) || m.ObjectPages(o) != 2 {
		t.Error("no memory after the first touch")
	}
	if _, e := m.Resident(1 << 40); e != ENOMEM {
		t.Errorf("Resident of nothing: %d", e)
	}
}

// use2 accesses memory that no model knows.
func (m *simulation) use2(address uint64, access Rights) {
	if _, v := m.access(address, access); v != Resolved {
		m.Errorf("access to %#x: %d", address, v)
	}
}

// A reservation takes no memory, whatever its size, and large pages where there are enough.
func TestLargePages(t *testing.T) {
	m := simulate(t, 32*mib)
	at, e := m.Map(Region{May: 7, Kind: Private}, 1<<46, Hint)
	before := m.frames.FreeFrames()
	if e != 0 || m.Protect(at+mib, at+9*mib, Read|Write) != 0 || m.frames.FreeFrames() != before {
		t.Fatal("reservation", e, before, m.frames.FreeFrames())
	}
	m.use2(at+5*mib, Write)
	if _, size, _, _ := m.tables.Lookup(at + 4*mib); size != paging.Page2M {
		t.Errorf("the page has %d bytes", size)
	}
	m.use2(at+mib, Write) // the large page around it is not the region's as a whole
	if _, size, _, _ := m.tables.Lookup(at + mib); size != Page {
		t.Errorf("the page at the beginning has %d bytes", size)
	}
	if e := m.SetSmall(at+6*mib, at+8*mib, true); e != 0 {
		t.Fatal(e)
	}
	m.use2(at+6*mib, Write)
	if _, size, _, _ := m.tables.Lookup(at + 6*mib); size != Page {
		t.Errorf("the page of MADV_NOHUGEPAGE has %d bytes", size)
	}
	// A large page moves as such.
	to, e := m.Move(at+4*mib, 2*mib, 4*mib, true, 0)
	if e != 0 {
		t.Fatal(e)
	}
	if _, size, _, _ := m.tables.Lookup(to); size != paging.Page2M {
		t.Errorf("the moved page has %d bytes", size)
	}
	if e := m.Unmap(to+Page, to+2*Page); e != 0 {
		t.Fatal(e)
	}
	m.Unmap(at, at+1<<46)
	m.Unmap(to, to+4*mib)
	m.drop()
	if free := m.frames.FreeFrames() + 1; free != m.start {
		t.Errorf("%d frames of %d are left", free, m.start)
	}
}

func TestMapErrors(t *testing.T) {
	m := simulate(t, 4*mib)
	o := m.NewObject(4*Page, nil, 0)
	for i, test := range []struct {
		r     Region
		size  uint64
		where Where
		want  Errno
	}{
		{Region{Kind: Private}, 0, Hint, EINVAL},
		{Region{Kind: Private}, Page - 1, Hint, EINVAL},
		{Region{Kind: Private, Start: Page + 1}, Page, Replace, EINVAL},
		{Region{Kind: Private, Start: Page + 1}, Page, NotReplace, EINVAL},
		{Region{Kind: Private, Start: low - Page}, Page, Replace, ENOMEM},
		{Region{Kind: Private, Start: high}, Page, Replace, ENOMEM},
		{Region{Kind: Private}, 1 << 47, Hint, ENOMEM},
		{Region{Kind: Private}, 1 << 31, Below2G, ENOMEM},
		{Region{Kind: Private, Rights: Read | Write | Execute, May: 7}, Page, Hint, EACCES},
		{Region{Kind: Shared, Object: o, Rights: Read | Write, May: Read}, Page, Hint, EACCES},
		{Region{Kind: Shared, Object: o, Offset: maxObject}, Page, Hint, ENOMEM},
		{Region{Kind: Shared, Object: o, Offset: 1<<64 - Page}, Page, Hint, ENOMEM},
		{Region{Kind: Runtime}, Page, Hint, EINVAL},
	} {
		if at, e := m.Map(test.r, test.size, test.where); e != test.want {
			t.Errorf("%d: %#x, %d, not %d", i, at, e, test.want)
		}
	}
	at, _ := m.Map(Region{Kind: Shared, Object: o, Rights: Read, May: Read | Execute}, Page, Hint)
	if e := m.Protect(at, at+Page, Read|Write); e != EACCES {
		t.Errorf("Protect beyond what is allowed: %d", e)
	}
	for at := uint64(1 << 40); ; at += 2 * Page {
		if _, e := m.Map(Region{Start: at, Kind: Private}, Page, NotReplace); e == ENOMEM {
			break
		} else if e != 0 {
			t.Fatal(e)
		}
		if m.count > maxRegions {
			t.Fatal("there is no limit")
		}
	}
}

// What a private region was only allowed to read, and has, it copies before it writes to it.
func TestProtectPrivate(t *testing.T) {
	m := simulate(t, 4*mib)
	o := m.NewObject(Page, nil, 0)
	at, _ := m.Map(Region{Rights: Read, May: 7, Kind: Private, Object: o}, Page, Hint)
	m.use2(at, Read)
	if _, v := m.access(at, Write); v != Forbidden {
		t.Errorf("write without the right: %d", v)
	}
	if e := m.Protect(at, at+Page, Read|Write); e != 0 {
		t.Fatal(e)
	}
	for _, rights := range []Rights{Read | Write, 0, Read, Read | Write} { // the copy stays
		if e := m.Protect(at, at+Page, rights); e != 0 {
			t.Fatal(e)
		}
		if rights&Write != 0 {
			p, _ := m.access(at, Write)
			p[5]++
		}
	}
	shown := (*[Page]byte)(m.ObjectPage(o, 0, false))
	if p, _ := m.access(at, Read); p[5] != 2 || shown[5] != 0 {
		t.Errorf("%d, and %d in the object", p[5], shown[5])
	}
}
