package space

import "github.com/ringo-os/ringo/kernel/early/paging"

// An Owner says who has a Region.
type Owner uint8

// The owners.
const (
	Program  Owner = iota
	Heap           // the arenas of Go's heap
	Image          // what was loaded
	Metadata       // what the runtime knows about the heap, and the like
	Reserved       // the same, in one piece
)

func (o Owner) String() string { return ownerNames[min(int(o), len(ownerNames)-1)] }

var ownerNames = [...]string{"program", "heap", "image", "runtime", "runtime's tables"}

// OwnerOf names who has a page. r is the first region that ends above its address, if there is one.
func OwnerOf(m paging.Mapping, r Region, ok bool) string {
	switch {
	case m.Flags&paging.Uncached != 0:
		return "devices"
	case m.Virtual >= 1<<63:
		return "direct map"
	case !ok || r.Start > m.Virtual:
		return "nobody"
	case r.Kind != Runtime:
		return "program"
	}
	return r.Owner.String()
}
