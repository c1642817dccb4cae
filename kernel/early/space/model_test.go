package space

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/frame"
	"github.com/ringo-os/ringo/kernel/early/paging"
)

const mib = 1 << 20

// A simulation is a Space over fake memory, the processor that uses it, and what it should be.
type simulation struct {
	testing.TB
	Space
	frames frame.Allocator
	tables paging.Tables
	start  uint64 // frames free when it was empty
	locked bool

	// tlb is what the processor remembers: a translation that it is not told to forget it uses.
	tlb map[uint64]translation

	pages   map[uint64]*page
	objects [3]*file
	last    string
}

type translation struct {
	physical uint64
	flags    paging.Flags
}

// A page is one page of the address space as it should be.
type page struct {
	shared      bool
	object      *file
	offset      uint64
	rights, may Rights
	own         *[Page]byte // of a private page that was written to, or of one without an object
}

// A file is an object as it should be.
type file struct {
	object *Object
	base   []byte
	based  uint64 // how much of base shows
	size   uint64
	pages  map[uint64]*[Page]byte
}

const (
	low      = 64 << 10
	anywhere = 1 << 32
	high     = 1<<47 - Page
)

func simulate(t testing.TB, memory uint64) *simulation {
	m := &simulation{TB: t, tlb: map[uint64]translation{}, pages: map[uint64]*page{}}
	words := make([]uint64, memory/8)
	for i := range words {
		words[i] = 0x5A5A5A5A5A5A5A5A // nothing may rely on frames being clear
	}
	info := new(boot.Info)
	info.AddRegion(boot.Range{Start: 0, End: memory}, boot.Usable)
	if p := m.frames.Init(info, unsafe.Pointer(unsafe.SliceData(words)), boot.Range{}, 0, 4); p != "" {
		t.Fatal(p)
	}
	m.start = m.frames.FreeFrames()
	if p := m.tables.Init(&m.frames, paging.Features{NX: true}); p != "" {
		t.Fatal(p)
	}
	m.Init(&m.tables, low, anywhere, high)
	Lock = func() uint64 {
		if m.locked {
			t.Fatal("locked twice")
		}
		m.locked = true
		return 0
	}
	Unlock = func(uint64) { m.locked = false }
	Disable, Enable = func() uint64 { return 0 }, func(uint64) {}
	Invalidate = func(start, end, pages uint64) {
		if m.locked {
			t.Fatal("other cores are waited for with the lock held")
		}
		for at := range m.tlb {
			if start <= at && at < end {
				delete(m.tlb, at)
			}
		}
	}
	return m
}

// access is what the processor does: it returns the memory of the page at address.
func (m *simulation) access(address uint64, access Rights) (*[Page]byte, Verdict) {
	at := address &^ (Page - 1)
	for range 4 {
		e, cached := m.tlb[at]
		if !cached {
			if physical, size, flags, ok := m.tables.Lookup(at); ok {
				e, cached = translation{physical &^ (Page - 1), flags}, true
				m.tlb[at] = e
				_ = size
			}
		}
		if cached && (access&Write == 0 || e.flags&paging.Write != 0) && (access&Execute == 0 || e.flags&paging.Execute != 0) {
			return (*[Page]byte)(m.frames.Pointer(e.physical)), Resolved
		}
		if v := m.Fault(address, access); v != Resolved {
			return nil, v
		}
	}
	m.Fatalf("%s: an access to %#x faults for ever", m.last, address)
	return nil, 0
}

// want is what an access should come to, and the memory it should find.
func (m *simulation) want(address uint64, access Rights) (*[Page]byte, Verdict) {
	p := m.pages[address&^(Page-1)]
	switch {
	case p == nil:
		return nil, Unmapped
	case p.rights == 0 || access&^(p.rights|Read) != 0:
		return nil, Forbidden
	case p.object == nil || p.own != nil:
		if p.own == nil {
			p.own = new([Page]byte)
		}
		return p.own, Resolved
	case p.offset >= p.object.size:
		return nil, BehindEnd
	}
	memory := p.object.page(p.offset)
	if !p.shared && access&Write != 0 {
		p.own = new([Page]byte)
		*p.own = *memory
		return p.own, Resolved
	}
	return memory, Resolved
}

func (f *file) page(offset uint64) *[Page]byte {
	if f.pages[offset] == nil {
		f.pages[offset] = new([Page]byte)
		if offset < f.based {
			copy(f.pages[offset][:], f.base[offset:f.based])
		}
	}
	return f.pages[offset]
}

// use accesses a byte in both worlds.
func (m *simulation) use(address uint64, access Rights, value byte) {
	m.Helper()
	got, verdict := m.access(address, access)
	if verdict == NoMemory {
		return
	}
	want, wanted := m.want(address, access)
	if verdict != wanted {
		m.Fatalf("%s: access %d to %#x comes to %d, not %d", m.last, access, address, verdict, wanted)
	}
	if verdict != Resolved {
		return
	}
	if access&Write != 0 {
		want[address%Page], got[address%Page] = value, value
	}
	if *want != *got {
		m.Fatalf("%s: the page at %#x is not what it was", m.last, address)
	}
}

// all is [start, end) as pages; ok is false if one is missing.
func (m *simulation) all(start, end uint64) (pages []*page, ok bool) {
	ok = true
	for at := start; at < end; at += Page {
		p := m.pages[at]
		ok = ok && p != nil
		pages = append(pages, p)
	}
	return pages, ok
}

func (m *simulation) unmap(start, end uint64) {
	for at := start; at < end; at += Page {
		delete(m.pages, at)
	}
}

func (m *simulation) enter(r Region, start, size uint64, f *file) {
	for n := uint64(0); n < size; n += Page {
		m.pages[start+n] = &page{shared: r.Kind == Shared, object: f, offset: r.Offset + n, rights: r.Rights, may: r.May}
	}
}

// check compares the list of regions with the pages, and what is counted.
func (m *simulation) check() {
	m.Helper()
	seen := 0
	var previous *Region
	counts := map[*Object]uint64{}
	for i := range m.count {
		r := m.at(i)
		if r.Start >= r.End || r.leaving || previous != nil && previous.End > r.Start {
			m.Fatalf("%s: region %+v", m.last, r)
		}
		if previous != nil && previous.End == r.Start && previous.Object == r.Object && r.Object == nil &&
			previous.Rights == r.Rights && previous.May == r.May && previous.Kind == r.Kind && previous.Small == r.Small {
			m.Fatalf("%s: regions %+v and %+v are one", m.last, previous, r)
		}
		previous = r
		if r.Object != nil {
			counts[r.Object]++
		}
		for at := r.Start; at < r.End; at += Page {
			p := m.pages[at]
			if p == nil || p.rights != r.Rights || p.shared != (r.Kind == Shared) || p.may != r.May ||
				p.object != nil && (p.object.object != r.Object || p.offset != at-r.Start+r.Offset) {
				m.Fatalf("%s: %#x is in %+v; it should be %+v", m.last, at, r, p)
			}
			seen++
		}
	}
	if seen != len(m.pages) || m.Mapped() != uint64(seen)*Page {
		m.Fatalf("%s: %d pages (%d said) are mapped, not %d", m.last, seen, m.Mapped()/Page, len(m.pages))
	}
	for _, f := range m.objects {
		if f != nil && f.object.regions != counts[f.object] {
			m.Fatalf("%s: %d regions, not %d", m.last, f.object.regions, counts[f.object])
		}
		if f != nil {
			m.checkObject(f)
		}
	}
	for at := uint64(0); ; {
		p, ok := m.tables.Next(at)
		if !ok {
			break
		}
		if p.Flags&(paging.Write|paging.Execute) == paging.Write|paging.Execute {
			m.Fatalf("%s: %#x can be written and executed", m.last, p.Virtual)
		}
		at = p.Virtual + p.Size
	}
}

// checkObject compares what an object has with what it should have.
func (m *simulation) checkObject(f *file) {
	m.Helper()
	count := uint64(0)
	for at := uint64(0); ; count++ {
		p, ok := f.object.tables.Next(at)
		if !ok {
			break
		}
		if at = p.Virtual + p.Size; p.Virtual >= f.size {
			m.Fatalf("%s: page %#x is behind the end", m.last, p.Virtual)
		}
		if *f.page(p.Virtual) != *(*[Page]byte)(m.frames.Pointer(p.Physical)) {
			m.Fatalf("%s: page %#x of the object is not what it was", m.last, p.Virtual)
		}
	}
	if count != m.ObjectPages(f.object) {
		m.Fatalf("%s: %d pages, said to be %d", m.last, count, f.object.pages)
	}
}

// finish unmaps everything and accounts for every frame.
func (m *simulation) finish() {
	m.Helper()
	if e := m.Unmap(low, high); e != 0 {
		m.Fatal(e)
	}
	m.pages = map[uint64]*page{}
	m.check()
	for range m.objects {
		m.Idle()
	}
	for _, f := range m.objects {
		if f != nil {
			m.FreeObject(f.object)
		}
	}
	m.drop()
	if tables := m.tables.TableFrames(); tables != 1 {
		m.Fatalf("%d tables are left", tables)
	}
	if free := m.frames.FreeFrames() + 1; free != m.start {
		m.Fatalf("%d frames of %d are left", free, m.start)
	}
}

// operations plays what the bytes say.
func operations(t testing.TB, program []byte) {
	m := simulate(t, []uint64{mib / 4, 24 * mib}[len(program)&1])
	next := func(n uint64) (b uint64) {
		if len(program) > 0 {
			b = uint64(program[0])
			program = program[1:]
		}
		return b % n
	}
	base := make([]byte, 3*Page+100)
	for i := range base {
		base[i] = byte(i/7 + 1)
	}
	for i := range m.objects {
		f := &file{size: uint64(i) * 5 * Page, pages: map[uint64]*[Page]byte{}}
		if i == 1 {
			f.base, f.based = base, uint64(len(base))
		}
		f.object = m.NewObject(f.size, unsafe.Pointer(unsafe.SliceData(f.base)), f.based)
		if f.object == nil {
			t.Fatal("no memory for an object")
		}
		m.objects[i] = f
	}
	// Two small windows, so that operations meet.
	address := func() uint64 { return []uint64{1 << 33, 1<<34 - 8*Page}[next(2)] + next(24)*Page }
	size := func() uint64 { return (1 + next(12)) * Page }
	rights := func() Rights {
		return []Rights{0, Read, Read | Write, Write, Read | Execute, Read | Write | Execute}[next(6)]
	}
	for len(program) > 0 {
		switch op := next(16); op {
		case 0, 1, 2, 3:
			r := Region{Start: address(), Rights: rights(), May: Read | Write | Execute, Kind: Private}
			n := size()
			if op == 3 {
				n += paging.Page2M * next(3)
			}
			var f *file
			if k := next(4); k < 3 {
				f = m.objects[k]
				r.Object, r.Offset = f.object, next(8)*Page
				if op&1 == 0 {
					r.Kind = Shared
				}
			}
			where := Where(next(4))
			m.last = fmt.Sprintf("map %+v %#x %d", r, n, where)
			_, whole := m.all(r.Start, r.Start+n)
			at, e := m.Map(r, n, where)
			m.last += fmt.Sprintf(" = %#x, %d", at, e)
			if e != 0 {
				if where == Replace && e == ENOMEM {
					t.Skip() // it may have been emptied for nothing, and what is left is not known
				}
				break
			}
			if where == NotReplace && whole || where != Below2G && where != Hint && at != r.Start || where == Below2G && at >= 1<<31 && at != r.Start {
				t.Fatal(m.last)
			}
			if where != Replace {
				for a := at; a < at+n; a += Page {
					if m.pages[a] != nil {
						t.Fatalf("%s: %#x is taken", m.last, a)
					}
				}
			}
			m.unmap(at, at+n)
			m.enter(r, at, n, f)
		case 4:
			start, n := address(), size()
			m.last = fmt.Sprintf("unmap %#x %#x", start, n)
			if m.Unmap(start, start+n) == 0 {
				m.unmap(start, start+n)
			}
		case 5:
			start, n, r := address(), size(), rights()
			m.last = fmt.Sprintf("protect %#x %#x %d", start, n, r)
			pages, whole := m.all(start, start+n)
			e := m.Protect(start, start+n, r)
			if (e == 0) != (whole && r&(Write|Execute) != Write|Execute) && e != ENOMEM {
				t.Fatal(m.last, e)
			}
			for _, p := range pages {
				if e == 0 {
					p.rights = r
				}
			}
		case 6:
			start, n := address(), size()
			m.last = fmt.Sprintf("drop %#x %#x", start, n)
			pages, whole := m.all(start, start+n)
			if e := m.Drop(start, start+n); (e == 0) != whole && e != ENOMEM {
				t.Fatal(m.last, e)
			} else if e == 0 {
				for _, p := range pages {
					p.own = nil
				}
			}
		case 7:
			start, old, n, may := address(), size(), size(), next(2) == 1
			target := uint64(0)
			if next(3) == 0 {
				target = address()
			}
			m.last = fmt.Sprintf("move %#x %#x to %#x %#x %v", start, old, target, n, may)
			pages, whole := m.all(start, start+old)
			at, e := m.Move(start, old, n, may || target != 0, target)
			m.last += fmt.Sprintf(" = %#x, %d", at, e)
			if e != 0 {
				if target != 0 && e == ENOMEM {
					t.Skip() // the target may have been emptied for nothing
				}
				if n < old {
					m.resync(start, old)
				}
				break
			}
			if !whole || target != 0 && at != target || !may && target == 0 && at != start {
				t.Fatal(m.last)
			}
			if target != 0 {
				m.unmap(target, target+n)
			}
			m.unmap(start, start+old)
			for i := uint64(0); i < n; i += Page {
				p := *pages[min(i/Page, uint64(len(pages)-1))]
				if i >= old {
					p.own = nil
					p.offset = pages[0].offset + i
				}
				m.pages[at+i] = &p
			}
		case 8:
			f, n := m.objects[next(3)], next(12)*Page-next(2)*100
			if int64(n) < 0 {
				n = 0
			}
			m.last = fmt.Sprintf("resize %#x to %#x", f.size, n)
			m.Resize(f.object, n, n)
			f.size, f.based = n, min(f.based, n)
			for offset := range f.pages {
				if offset >= n {
					delete(f.pages, offset)
				}
			}
			for _, p := range m.pages {
				if p.object == f && p.offset >= n {
					p.own = nil
				}
			}
			if n%Page != 0 { // the file system does this
				if page := m.ObjectPage(f.object, n, false); page != nil {
					clear((*[Page]byte)(page)[n%Page:])
				}
				if page := f.pages[n&^(Page-1)]; page != nil {
					clear(page[n%Page:])
				}
			}
		case 9:
			f, from, n := m.objects[next(3)], next(8)*Page, size()
			m.last = fmt.Sprintf("remove %#x %#x", from, n)
			m.Remove(f.object, from, from+n)
			for offset := from; offset < from+n; offset += Page {
				delete(f.pages, offset)
			}
		case 10:
			start, n := address(), size()
			m.last = fmt.Sprintf("touch %#x %#x", start, n)
			m.Touch(start, start+n, Read)
			m.SetSmall(start, start+n, next(2) == 0)
		case 11:
			at, n, value := address()+next(256), 1+next(3)*3000, byte(next(256))
			m.last = fmt.Sprintf("copy to %#x %#x", at, n)
			b := make([]byte, n)
			for i := range b {
				b[i] = value
			}
			for i := range m.Copy(unsafe.Pointer(&b[0]), at, n, true) {
				if want, v := m.want(at+i, Write); v == Resolved {
					want[(at+i)%Page] = value
				} else {
					t.Fatalf("%s: byte %d was written", m.last, i)
				}
			}
			m.use(at, Read, 0)
		case 12:
			start, n := address()&^(paging.Page2M-1), paging.Page2M*(1+next(3))
			if next(2) == 0 && m.start > 1000 { // else hardly anything ever could; a Fill without memory leaves empty tables
				r := Region{Start: start, Rights: Read | Write, May: 7, Kind: Private, Small: true}
				m.last = fmt.Sprintf("map small pages %#x %#x", start, n)
				if _, e := m.Map(r, n, Replace); e != 0 {
					t.Skip()
				}
				m.unmap(start, start+n)
				m.enter(r, start, n, nil)
				for range next(8) {
					m.use(start+next(64)*9*Page+next(2)*2*mib, Write, byte(1+next(255)))
				}
				m.SetSmall(start, start+n, false)
			}
			m.last = fmt.Sprintf("collapse %#x %#x", start, n)
			_, whole := m.all(start, start+n)
			e := m.Collapse(start, start+n)
			if !whole && e == 0 {
				t.Fatal(m.last)
			}
			for at := start; at < start+n && e == 0; at += paging.Page2M {
				if _, size, _, ok := m.tables.Lookup(at); !ok || size != paging.Page2M {
					t.Fatalf("%s: %#x is in no large page", m.last, at)
				}
			}
		default:
			at, access, value := address()+next(256), Rights(1)<<next(3), byte(next(256))
			m.last += fmt.Sprintf("; use %#x %d %d", at, access, value)
			m.use(at, access, value)
		}
		m.check()
	}
	m.finish()
}

// resync forgets pages that a call that failed in the end has unmapped.
func (m *simulation) resync(start, size uint64) {
	for at := start; at < start+size; at += Page {
		if m.region(at) == nil {
			delete(m.pages, at)
		}
	}
}

func TestRandomOperations(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			program := make([]byte, 200+random.IntN(2000))
			for i := range program {
				program[i] = byte(random.Uint32())
			}
			operations(t, program)
		})
	}
}

func FuzzOperations(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	f.Fuzz(operationsOf)
}

func operationsOf(t *testing.T, program []byte) { operations(t, program) }
