package main

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

const (
	largePage = 2 * mib

	hugePage    = 14
	noHugePage  = 15
	madCollapse = 25
)

// aligned maps memory that begins with a large page, between pages that cannot be accessed.
func aligned(size, flags int) []byte {
	b := mapped(size+2*largePage, none, flags, -1, 0)
	b = b[-at(b)&(largePage-1):][:size]
	check(protect(b, readWrite) == 0, "mprotect")
	return b
}

// small makes memory of b there in small pages, and lets it become large ones.
func small(b []byte) {
	check(advise(b, noHugePage) == 0, "MADV_NOHUGEPAGE")
	for i := 0; i < len(b); i += page {
		b[i] = byte(i/page) | 1
	}
	check(advise(b, hugePage) == 0, "MADV_HUGEPAGE")
}

// canCollapse reports whether there is MADV_COLLAPSE, which Linux has had since 6.1.
func canCollapse() bool {
	release := must(os.ReadFile("/proc/sys/kernel/osrelease"))
	b := aligned(largePage, anyone)
	small(b)
	return strings.Contains(string(release), "ringo") || advise(b, madCollapse) != syscall.EINVAL
}

// pagesAt is the size of the pages of b, in KiB, where the system tells.
func pagesAt(b []byte) string {
	text, err := os.ReadFile("/sys/kernel/debug/page_tables")
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if strings.HasPrefix(strings.TrimLeft(f[0], "0"), strings.TrimLeft(hex(at(b)), "0")+"-") {
			return f[1]
		}
	}
	if err != nil {
		return "2048K" // not told
	}
	return "none"
}

func hex(v uintptr) string {
	const digits = "0123456789abcdef"
	var b [16]byte
	for i := range b {
		b[15-i] = digits[v>>(4*i)&15]
	}
	return string(b[:])
}

// collapse: MADV_COLLAPSE makes large pages where it can.
func collapse() {
	if !canCollapse() {
		return
	}
	fresh := func() []byte {
		b := aligned(3*largePage, anyone)
		small(b)
		return b
	}
	intact := func(b []byte) {
		for i := 0; i < len(b); i += page {
			check(b[i] == byte(i/page)|1 && filled(b[i+1:i+page], 0), "page %d is not what it was", i/page)
		}
	}
	is := func(what string, b []byte, want syscall.Errno) {
		errno := advise(b, madCollapse)
		check(errno == want, "%s: %v, not %v", what, errno, want)
	}
	b := fresh()
	is("small pages", b, 0)
	intact(b)
	check(pagesAt(b) == "2048K", "pages of %s", pagesAt(b))
	is("large pages", b, 0)

	b = aligned(2*largePage, anyone)
	is("nothing", b, syscall.EINVAL)
	check(advise(b, noHugePage) == 0, "MADV_NOHUGEPAGE")
	b[5*page+5], b[largePage+7] = 5, 7
	is("MADV_NOHUGEPAGE", b, syscall.EINVAL)
	check(advise(b, hugePage) == 0, "MADV_HUGEPAGE")
	is("a few pages", b, 0)
	check(b[5*page+5] == 5 && filled(b[:5*page+5], 0) && filled(b[5*page+6:largePage+7], 0) && b[largePage+7] == 7, "what was there is not")

	b = fresh()
	is("no whole large page", b[page:largePage], 0)
	unmap(b[largePage : largePage+page])
	is("a hole", b, syscall.ENOMEM)
	intact(b[:largePage])
	b = fresh()
	check(protect(b[largePage:largePage+page], read) == 0, "mprotect")
	is("rights that differ", b[:largePage+page], syscall.EINVAL)
	intact(b)
	unmap(b)
	is("nothing mapped", b, syscall.ENOMEM)
	b = mapped(page, readWrite, anyone, -1, 0)
	_, errno := call(syscall.SYS_MADVISE, at(b)+1, page, madCollapse)
	check(errno == syscall.EINVAL, "no page: %v", errno)

	f := must(os.CreateTemp("", "collapse"))
	defer os.Remove(f.Name())
	done(f.Truncate(2 * largePage))
	b = mapped(2*largePage, readWrite, syscall.MAP_PRIVATE, int(f.Fd()), 0)
	for i := 0; i < len(b); i += page {
		b[i] = 1
	}
	is("copies of a file's pages", b, syscall.EINVAL)
}

// collapsing: while small pages become large ones, others write to them, and no write gets lost.
func collapsing() {
	if !canCollapse() {
		return
	}
	b := aligned(largePage, anyone)
	small(b)
	f := must(os.CreateTemp("", "collapsing"))
	defer os.Remove(f.Name())
	const pages = largePage/page - 1 // the last one is for taking the large page apart
	var stop atomic.Bool
	var group sync.WaitGroup
	var total atomic.Uint64
	word := func(p, who int) *uint64 { return (*uint64)(unsafe.Pointer(&b[p*page+8+who*8])) }
	writers := runtime.GOMAXPROCS(0) + 1
	for who := range writers {
		group.Go(func() {
			var mine [pages]uint64
			for n := 0; !stop.Load(); n++ {
				p := (n*(2*who+1) + who) % pages
				check(atomic.LoadUint64(word(p, who)) == mine[p], "page %d: writer %d has lost a write: %d, not %d", p, who, *word(p, who), mine[p])
				mine[p]++
				atomic.StoreUint64(word(p, who), mine[p])
				if n%1000 == 0 {
					total.Add(1000)
					runtime.Gosched()
				}
			}
			for p := range pages {
				check(*word(p, who) == mine[p], "page %d: writer %d has lost its last write: %d, not %d", p, who, *word(p, who), mine[p])
			}
		})
	}
	// A reader never sees less than before.
	group.Go(func() {
		var seen [pages]uint64
		for n := 0; !stop.Load(); n++ {
			p, who := n%pages, n/pages%writers
			if n%pages == 0 {
				clear(seen[:])
				for p := range pages {
					seen[p] = atomic.LoadUint64(word(p, who))
				}
			}
			now := atomic.LoadUint64(word(p, who))
			check(now >= seen[p], "page %d: %d of writer %d is older than %d", p, now, who, seen[p])
			if n%1000 == 0 {
				runtime.Gosched()
			}
		}
	})
	// The kernel writes there too.
	group.Go(func() {
		var last [page / 2]byte
		place := b[100*page+page/2 : 101*page]
		for n := byte(1); !stop.Load(); n++ {
			check(filled(place, last[0]), "what the kernel has written is lost")
			fill(last[:], n)
			must(f.WriteAt(last[:], 0))
			done, errno := call(syscall.SYS_PREAD64, f.Fd(), at(place), uintptr(len(place)), 0)
			check(done == uintptr(len(place)) && errno == 0, "pread: %d, %v", done, errno)
			runtime.Gosched()
		}
	})
	for round := 0; round < 15 || total.Load() < 20_000; round++ {
		errno := advise(b, madCollapse)
		// Linux can be disturbed by itself.
		check(errno == 0 || errno == syscall.EAGAIN, "round %d: %v", round, errno)
		runtime.Gosched()
		last := b[pages*page:]
		check(protect(last, none) == 0 && protect(last, readWrite) == 0, "mprotect")
		runtime.Gosched()
	}
	stop.Store(true)
	group.Wait()
}
