package space

import (
	"testing"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/paging"
)

// smallPages maps size bytes at a multiple of 2 MiB, in small pages where touch says so.
func smallPages(t *testing.T, m *simulation, size uint64, touch func(page uint64) bool) uint64 {
	t.Helper()
	at, e := m.Map(Region{Rights: Read | Write, May: 7, Kind: Private}, size, Hint)
	if e != 0 || m.SetSmall(at, at+size, true) != 0 {
		t.Fatal(e)
	}
	for i := uint64(0); i < size/Page; i++ {
		if touch(i) {
			// Without what Fault fills around it.
			b := []byte{byte(i) | 1}
			if m.tables.Fill(at+i*Page, Page, paging.Write) != "" || m.Copy(unsafe.Pointer(&b[0]), at+i*Page+i%Page, 1, true) != 1 {
				t.Fatal("no memory")
			}
		}
	}
	if e := m.SetSmall(at, at+size, false); e != 0 {
		t.Fatal(e)
	}
	return at
}

func (m *simulation) isLarge(at uint64) bool {
	_, size, _, ok := m.tables.Lookup(at)
	return ok && size == large
}

func TestCollapse(t *testing.T) {
	m := simulate(t, 32*mib)
	some := func(page uint64) bool { return page%3 == 0 }
	at := smallPages(t, m, 4*mib, some)
	free := m.frames.FreeFrames()
	tables := m.tables.TableFrames()

	// Another core has translations from before, and uses them until it is made to drop them.
	forget := Invalidate
	calls := 0
	Invalidate = func(start, end, pages uint64) {
		if calls++; calls == 1 {
			p, v := m.access(at+3*Page, Write)
			if v != Resolved {
				t.Fatalf("a cached translation comes to %d", v)
			}
			p[77] = 99
		}
		forget(start, end, pages)
		// Now it has none, and gets none: not where a page was, and not where none was.
		free := m.frames.FreeFrames()
		for _, page := range []uint64{3, 4} {
			if v := m.Fault(at+page*Page, Write); v != Resolved {
				t.Errorf("a fault while the page is copied comes to %d", v)
			}
			if _, _, _, ok := m.tables.Lookup(at + page*Page); ok {
				t.Error("the page can be used while it is copied")
			}
			if r, e := m.Resident(at + page*Page); !r || e != 0 {
				t.Errorf("the page is not resident while it is copied: %v, %d", r, e)
			}
		}
		if m.frames.FreeFrames() != free {
			t.Error("who waits takes memory")
		}
	}
	m.use2(at+3*Page, Write)
	if e := m.Collapse(at+Page, at+4*mib-Page); e != 0 || calls != 0 {
		t.Errorf("no whole large page: %d", e)
	}
	if e := m.Collapse(at, at+2*mib); e != 0 || calls != 1 {
		t.Fatalf("Collapse: %d, after %d flushes", e, calls)
	}
	Invalidate = forget
	if !m.isLarge(at) || m.isLarge(at+2*mib) {
		t.Error("it is no large page")
	}
	if now := m.tables.TableFrames(); now != tables-1 {
		t.Errorf("%d tables, there were %d", now, tables)
	}
	if want := free + 171 + 1 - 512; m.frames.FreeFrames() != want {
		t.Errorf("%d frames are free, not %d", m.frames.FreeFrames(), want)
	}
	for page := range uint64(512) {
		p, _ := m.access(at+page*Page, Read)
		want := [Page]byte{}
		if some(page) {
			want[page%Page] = byte(page) | 1
		}
		if page == 3 {
			want[77] = 99
		}
		if *p != want {
			t.Fatalf("page %d is not what it was", page)
		}
	}
	m.use2(at+4*Page, Write)
	if e := m.Collapse(at, at+4*mib); e != 0 || !m.isLarge(at+2*mib) {
		t.Errorf("Collapse of what is large in part: %d", e)
	}
	if e := m.Unmap(at, at+4*mib); e != 0 {
		t.Error(e)
	}
	// It is over: memory there can be touched as any other.
	m.Map(Region{Start: at, Rights: Read | Write, May: 7, Kind: Private}, 4*mib, Replace)
	m.use2(at+Page, Write)
	m.use2(at+2*mib+Page, Write)
	m.Unmap(at, at+4*mib)
	m.finish()
}

// TestCollapseRefused: what cannot become a large page stays what it is.
func TestCollapseRefused(t *testing.T) {
	m := simulate(t, 32*mib)
	every := func(uint64) bool { return true }
	at := smallPages(t, m, 8*mib, every)
	refused := func(what string, start, end uint64, want Errno) {
		t.Helper()
		if e := m.Collapse(start, end); e != want || m.isLarge(start&^(large-1)) {
			t.Errorf("%s: %d, want %d", what, e, want)
		}
	}
	refused("not a page", at+1, at+2*mib, EINVAL)
	refused("nothing", 1<<40, 1<<40+2*mib, ENOMEM)
	m.SetSmall(at, at+2*mib, true)
	refused("MADV_NOHUGEPAGE", at, at+2*mib, EINVAL)
	m.SetSmall(at, at+2*mib, false)
	for _, r := range []Rights{0, Read, Read | Execute} {
		m.Protect(at, at+2*mib, r)
		refused("rights", at, at+2*mib, EINVAL)
	}
	m.Protect(at, at+2*mib, Read|Write)
	m.Protect(at+mib, at+mib+Page, Read)
	refused("two regions", at, at+2*mib, EINVAL)
	m.Protect(at+mib, at+mib+Page, Read|Write)
	// The others become large all the same.
	m.Drop(at, at+2*mib)
	refused("a region without memory", at, at+4*mib, EINVAL)
	if !m.isLarge(at + 2*mib) {
		t.Error("one that cannot become large keeps another from it")
	}
	// A hole ends it as well, but only in the end.
	m.use2(at, Write)
	m.Unmap(at+4*mib, at+4*mib+Page)
	if e := m.Collapse(at, at+8*mib); e != ENOMEM || !m.isLarge(at) || m.isLarge(at+4*mib) || !m.isLarge(at+6*mib) {
		t.Errorf("over a hole: %d", e)
	}
	// Shared memory, and that of the runtime.
	o := m.NewObject(4*mib, nil, 0)
	shared, _ := m.Map(Region{Rights: Read | Write, May: 7, Kind: Shared, Object: o}, 4*mib, Hint)
	m.Touch(shared, shared+4*mib, Write)
	refused("shared memory", shared, shared+4*mib, EINVAL)
	private, _ := m.Map(Region{Rights: Read | Write, May: 7, Kind: Private, Object: o}, 4*mib, Hint)
	m.Touch(private, private+16*Page, Write)
	refused("a file's memory", private, private+4*mib, EINVAL)
	const heap = 0xc0_0000_0000
	m.Reserve(heap, heap+4*mib, Heap, Read|Write)
	m.tables.Fill(heap, 2*mib-Page, paging.Write)
	refused("the runtime's memory", heap, heap+2*mib, EINVAL)
	m.tables.Fill(heap+2*mib, 2*mib, paging.Write)
	if e := m.Collapse(heap+2*mib, heap+4*mib); e != 0 {
		t.Errorf("a large page of the runtime's: %d", e)
	}
}

// TestCollapseWithoutMemory: there is no frame for a large page.
func TestCollapseWithoutMemory(t *testing.T) {
	m := simulate(t, 8*mib)
	at := smallPages(t, m, 4*mib, func(page uint64) bool { return page < 512 })
	for {
		if _, ok := m.frames.AllocateRun(512, 512); !ok {
			break
		}
	}
	free := m.frames.FreeFrames()
	if e := m.Collapse(at, at+2*mib); e != ENOMEM || m.frames.FreeFrames() != free {
		t.Errorf("%d, %d frames are free, %d were", e, m.frames.FreeFrames(), free)
	}
	m.use2(at, Write)
}
