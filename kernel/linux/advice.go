package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/machine"
)

// Advice of madvise(2) that means something here. The rest is for processes that fork, for memory that
// is paged out or merged, and for core files.
const (
	adviceDontNeed      = 4
	adviceFree          = 8
	adviceRemove        = 9
	adviceHugePage      = 14
	adviceNoHugePage    = 15
	advicePopulateRead  = 22
	advicePopulateWrite = 23
	adviceCollapse      = 25
)

func sysMadvise(a *call.Arguments) (uintptr, syscall.Errno) {
	start, end, errno := mapped(a)
	advice := int(int32(a.Value[2]))
	if errno != 0 || advice < 0 || advice > adviceCollapse || advice >= 5 && advice < adviceFree || advice == 24 {
		return 0, syscall.EINVAL
	}
	if start == end {
		return 0, 0
	}
	switch advice {
	case advicePopulateRead:
		return 0, syscall.Errno(machine.TouchMemory(start, end, space.Read))
	case advicePopulateWrite:
		return 0, syscall.Errno(machine.TouchMemory(start, end, space.Write))
	}
	addressSpace.Lock()
	defer addressSpace.Unlock()
	switch advice {
	case adviceFree:
		if !anonymousOnly(start, end) {
			return 0, syscall.EINVAL
		}
		return 0, syscall.Errno(machine.DropMemory(start, end))
	case adviceDontNeed:
		return 0, syscall.Errno(machine.DropMemory(start, end))
	case adviceRemove:
		return 0, removeShown(start, end)
	case adviceHugePage, adviceNoHugePage:
		return 0, syscall.Errno(machine.SetSmallPages(start, end, advice == adviceNoHugePage))
	case adviceCollapse:
		return 0, syscall.Errno(machine.CollapseMemory(start, end))
	}
	return 0, present(start, end)
}

// anonymousOnly reports whether all regions in [start, end) are private memory without a file.
func anonymousOnly(start, end uint64) bool {
	for r, ok := machine.NextRegion(start); ok && r.Start < end; r, ok = machine.NextRegion(r.End) {
		if r.Kind != space.Private || r.Object != nil {
			return false
		}
	}
	return true
}

// removeShown makes a hole of what [start, end) shows of files.
func removeShown(start, end uint64) syscall.Errno {
	if e := machine.CheckMemory(start, end); e != 0 {
		return syscall.Errno(e)
	}
	for r, ok := machine.NextRegion(start); ok && r.Start < end; r, ok = machine.NextRegion(r.End) {
		switch {
		case r.Kind != space.Shared:
			return syscall.EINVAL
		case r.May&space.Write == 0:
			return syscall.EACCES
		}
		from, to := max(start, r.Start)-r.Start+r.Offset, min(end, r.End)-r.Start+r.Offset
		if e := addressSpace.files[r.Object]; e != nil {
			if errno := e.Node().Allocate(fs.AllocatePunchHole|fs.AllocateKeepSize, int64(from), int64(to-from)); errno != 0 {
				return errno
			}
			continue
		}
		machine.RemoveFromObject(r.Object, from, to)
	}
	return 0
}
