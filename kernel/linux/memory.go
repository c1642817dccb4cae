package linux

import (
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/machine"
)

// addressSpace is held by whoever changes what is mapped. Page faults come all the same.
var addressSpace struct {
	sync.Mutex
	files map[*space.Object]*fs.Entry // those that regions show
}

// Flags of mmap(2).
const (
	mapShared         = 0x1
	mapPrivate        = 0x2
	mapSharedValidate = 0x3
	mapType           = 0xf
	mapFixed          = 0x10
	mapAnonymous      = 0x20
	map32Bit          = 0x40
	mapNoReserve      = 0x4000
	mapPopulate       = 0x8000
	mapHugePages      = 0x40000
	mapFixedNoReplace = 0x100000

	// mapKnown are those that MAP_SHARED_VALIDATE accepts.
	mapKnown = mapType | mapFixed | mapAnonymous | map32Bit | 0x100 | 0x800 | 0x1000 | 0x2000 | mapNoReserve |
		mapPopulate | 0x10000 | 0x20000 | mapFixedNoReplace
)

const anyRights = space.Read | space.Write | space.Execute

func sysMmap(a *call.Arguments) (uintptr, syscall.Errno) {
	address, length, flags := a.Value[0], a.Value[1], int(a.Value[3])
	offset := uint64(a.Value[5])
	r := space.Region{Start: uint64(address), Rights: space.Rights(a.Value[2]) & anyRights, May: anyRights, Kind: space.Private}
	switch kind := flags & mapType; {
	case length == 0 || offset%pageSize != 0:
		return 0, syscall.EINVAL
	case length+pageSize-1 < length:
		return 0, syscall.ENOMEM
	case kind == mapSharedValidate && flags&^mapKnown != 0:
		return 0, syscall.EOPNOTSUPP
	case kind == mapShared || kind == mapSharedValidate:
		r.Kind = space.Shared
	case kind != mapPrivate:
		return 0, syscall.EINVAL
	}
	if flags&mapHugePages != 0 { // there is no pool of them; large pages come by themselves
		return 0, syscall.ENOMEM
	}
	size := (uint64(length) + pageSize - 1) &^ (pageSize - 1)
	if r.Kind == space.Private && r.Rights&space.Write != 0 && flags&mapNoReserve == 0 && !affordable(size) {
		return 0, syscall.ENOMEM
	}
	var d *Description
	if flags&mapAnonymous == 0 {
		var errno syscall.Errno
		if d, errno = Lookup(a.Value[4]); errno != 0 {
			return 0, errno
		}
		r.Offset = offset
	}
	addressSpace.Lock()
	defer addressSpace.Unlock()
	start, errno := mapRegion(r, size, placement(flags), d)
	if errno == 0 && flags&mapPopulate != 0 {
		access := space.Read
		if r.Kind == space.Private && r.Rights&space.Write != 0 {
			access = space.Write
		}
		machine.TouchMemory(start, start+size, access)
	}
	return uintptr(start), errno
}

// placement says how an address is meant.
func placement(flags int) space.Where {
	switch {
	case flags&mapFixedNoReplace != 0:
		return space.NotReplace
	case flags&mapFixed != 0:
		return space.Replace
	case flags&map32Bit != 0:
		return space.Below2G
	}
	return space.Hint
}

// affordable reports whether the machine could have that much memory at all: as on Linux, only what is
// obviously too much is refused.
func affordable(size uint64) bool {
	s := statistics()
	return s.TotalPages == 0 || size/pageSize <= s.TotalPages
}

// mapRegion maps r, which shows the file of d if that is not nil. The address space is held.
func mapRegion(r space.Region, size uint64, where space.Where, d *Description) (start uint64, errno syscall.Errno) {
	var e *fs.Entry
	switch {
	case d != nil:
		if e, errno = mappable(d, &r); errno != 0 {
			return 0, errno
		}
		if r.Object, errno = e.Node().Map(); errno != 0 {
			return 0, errno
		}
	case r.Kind == space.Shared:
		if r.Object = machine.NewObject(size, nil); r.Object == nil {
			return 0, syscall.ENOMEM
		}
	}
	fresh := r.Object != nil && addressSpace.files[r.Object] == nil
	if fresh && e != nil {
		if addressSpace.files == nil {
			addressSpace.files = map[*space.Object]*fs.Entry{}
		}
		addressSpace.files[r.Object] = e
	}
	start, failed := machine.MapMemory(r, size, where)
	if failed != 0 && fresh {
		release(r.Object)
	}
	releaseIdle()
	return start, syscall.Errno(failed)
}

// mappable returns the file of d, and what a region that shows it may allow.
func mappable(d *Description, r *space.Region) (*fs.Entry, syscall.Errno) {
	e, ok := d.entry()
	switch {
	case !d.reads:
		return nil, syscall.EACCES
	case !ok || d.seeker == nil:
		return nil, syscall.ENODEV
	case r.Kind == space.Shared && !d.writes:
		r.May &^= space.Write
		if r.Rights&space.Write != 0 {
			return nil, syscall.EACCES
		}
	}
	if seals, _ := e.Node().Seals(); r.Kind == space.Shared && seals&(fs.SealWrite|fs.SealFutureWrite) != 0 {
		r.May &^= space.Write
		if r.Rights&space.Write != 0 {
			return nil, syscall.EPERM
		}
	}
	return e, 0
}

// release gives up an object that no region shows.
func release(o *space.Object) {
	if e := addressSpace.files[o]; e != nil {
		delete(addressSpace.files, o)
		e.Node().Unmapped()
		return
	}
	machine.FreeObject(o)
}

// releaseIdle gives up the objects that no region shows any more.
func releaseIdle() {
	for o := machine.IdleObject(); o != nil; o = machine.IdleObject() {
		release(o)
	}
}

// mapped returns the pages of a call whose first two arguments are an address and a length.
func mapped(a *call.Arguments) (start, end uint64, errno syscall.Errno) {
	start, length := uint64(a.Value[0]), uint64(a.Value[1])
	size := (length + pageSize - 1) &^ (pageSize - 1)
	if start%pageSize != 0 || size < length || start+size < start {
		return 0, 0, syscall.EINVAL
	}
	return start, start + size, 0
}

func sysMunmap(a *call.Arguments) (uintptr, syscall.Errno) {
	start, end, errno := mapped(a)
	if errno != 0 {
		return 0, errno
	}
	addressSpace.Lock()
	defer addressSpace.Unlock()
	failed := machine.UnmapMemory(start, end)
	releaseIdle()
	return 0, syscall.Errno(failed)
}

func sysMprotect(a *call.Arguments) (uintptr, syscall.Errno) {
	start, end, errno := mapped(a)
	switch {
	case errno != 0 || a.Value[2]&^uintptr(anyRights) != 0:
		return 0, syscall.EINVAL
	case start == end:
		return 0, 0
	}
	addressSpace.Lock()
	defer addressSpace.Unlock()
	return 0, syscall.Errno(machine.ProtectMemory(start, end, space.Rights(a.Value[2])))
}

func sysMremap(a *call.Arguments) (uintptr, syscall.Errno) {
	const mayMove, fixed = 1, 2
	start, old, size, flags, target := uint64(a.Value[0]), uint64(a.Value[1]), uint64(a.Value[2]), a.Value[3], uint64(a.Value[4])
	switch {
	case flags&^(mayMove|fixed) != 0 || flags&fixed != 0 && (flags&mayMove == 0 || target == 0):
		return 0, syscall.EINVAL
	case old+pageSize-1 < old || size+pageSize-1 < size:
		return 0, syscall.EINVAL
	case flags&fixed == 0:
		target = 0
	}
	old, size = (old+pageSize-1)&^(pageSize-1), (size+pageSize-1)&^(pageSize-1)
	addressSpace.Lock()
	defer addressSpace.Unlock()
	at, failed := machine.MoveMemory(start, old, size, flags&mayMove != 0, target)
	releaseIdle()
	if failed != 0 {
		return 0, syscall.Errno(failed)
	}
	return uintptr(at), 0
}

// sysMlock is also munlock: memory is never paged out. But it is there when mlock returns.
func sysMlock(a *call.Arguments) (uintptr, syscall.Errno) {
	start := uint64(a.Value[0]) &^ (pageSize - 1)
	end := (uint64(a.Value[0]) + uint64(a.Value[1]) + pageSize - 1) &^ (pageSize - 1)
	if end < start {
		return 0, syscall.EINVAL
	}
	if errno := present(start, end); errno != 0 {
		return 0, errno
	}
	if machine.Mapped(uintptr(start)) {
		machine.TouchMemory(start, end, space.Read) // what cannot be touched cannot be paged out either
	}
	return 0, 0
}

func sysMlock2(a *call.Arguments) (uintptr, syscall.Errno) {
	const onFault = 1
	if uint32(a.Value[2])&^onFault != 0 {
		return 0, syscall.EINVAL
	}
	return sysMlock(a)
}

// sysMlockAll has nothing to do, as nothing is ever paged out.
func sysMlockAll(a *call.Arguments) (uintptr, syscall.Errno) {
	const current, future, onFault = 1, 2, 4
	if flags := uint32(a.Value[0]); flags&^(current|future|onFault) != 0 || flags&(current|future) == 0 {
		return 0, syscall.EINVAL
	}
	return 0, 0
}

func sysMunlockAll(a *call.Arguments) (uintptr, syscall.Errno) { return 0, 0 }

// present reports, with ENOMEM, if a part of [start, end) is neither mapped nor the runtime's.
func present(start, end uint64) syscall.Errno {
	if errno := machine.CheckMemory(start, end); errno != 0 && !machine.Accessible(uintptr(start), uintptr(end-start), false) {
		return syscall.Errno(errno)
	}
	return 0
}

// sysMsync has nowhere to write to: what is in the memory is in the file.
func sysMsync(a *call.Arguments) (uintptr, syscall.Errno) {
	const async, invalidate, sync = 1, 2, 4
	start, end, errno := mapped(a)
	if flags := a.Value[2]; errno != 0 || flags&^(async|invalidate|sync) != 0 || flags&(async|sync) == async|sync {
		return 0, syscall.EINVAL
	}
	return 0, present(start, end)
}

func sysMincore(a *call.Arguments) (uintptr, syscall.Errno) {
	start, end, errno := mapped(a)
	if errno != 0 {
		return 0, errno
	}
	vector := Argument(a, 2)
	for at := start; at < end; at += pageSize {
		resident, failed := machine.ResidentMemory(at)
		if failed != 0 {
			return 0, syscall.Errno(failed)
		}
		value := uint8(0)
		if resident {
			value = 1
		}
		if errno := CopyOut(vector.Add(uintptr(at-start)/pageSize), &value); errno != 0 {
			return 0, errno
		}
	}
	return 0, 0
}
