package boot

// Limits of a Nodes, which is of fixed size because it is filled before there is an allocator.
const (
	MaxNodes      = 16
	MaxNodeRanges = 64
)

// The distances of nodes that the firmware tells nothing of (ACPI 6.5, 5.2.17): a node is LocalDistance from
// itself, and nothing but itself is as near.
const (
	LocalDistance  = 10
	RemoteDistance = 20
)

// A NodeRange is memory of one node.
type NodeRange struct {
	Range
	Node uint8
}

// Nodes says which memory is near to which core: a node is memory and cores that are near to each other. Count
// is 0 where the firmware tells of no nodes; then all there is, is node 0.
type Nodes struct {
	Count int
	// Ranges[:RangeCount] is memory that there is or can be, in no order. They may overlap: the first that
	// has an address counts.
	Ranges     [MaxNodeRanges]NodeRange
	RangeCount int
	// Distances[from][to] tells how far memory of node to is from a core of node from, where there are nodes.
	Distances [MaxNodes][MaxNodes]uint8
}

// At returns the node that has the memory at a physical address, node 0 where the firmware does not say, and
// the end of what is known to be in that node too.
func (n *Nodes) At(physical uint64) (node uint8, end uint64) {
	end = ^uint64(0)
	for i := range n.RangeCount {
		r := &n.Ranges[i]
		switch {
		case physical < r.Start:
			end = min(end, r.Start)
		case physical < r.End:
			return r.Node, min(end, r.End)
		}
	}
	return 0, end
}
