package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// process_vm_readv and process_vm_writev copy between the caller's memory and that of another process, which here can only
// be the caller itself: a way to find out without a fault what is at an address.

func sysProcessVMReadv(a *call.Arguments) (uintptr, syscall.Errno) {
	local, remote, errno := processVM(a)
	if errno != 0 {
		return 0, errno
	}
	return copyVector(a, &local, &remote, local.vector.Length)
}

func sysProcessVMWritev(a *call.Arguments) (uintptr, syscall.Errno) {
	local, remote, errno := processVM(a)
	if errno != 0 {
		return 0, errno
	}
	return copyVector(a, &remote, &local, local.vector.Length)
}

// processVM checks the arguments, in Linux's order. What is empty has the same result whosever it is.
func processVM(a *call.Arguments) (local, remote stretch, errno syscall.Errno) {
	if a.Value[5] != 0 {
		return local, remote, syscall.EINVAL
	}
	if local.vector, errno = NewVector(Argument(a, 1), a.Value[2]); errno != 0 || local.vector.Length == 0 {
		return local, remote, errno
	}
	if !local.vector.below(taskSize) {
		return local, remote, syscall.EFAULT
	}
	if remote.vector, errno = NewVector(Argument(a, 3), a.Value[4]); errno != 0 || remote.vector.Length == 0 {
		return local, remote, errno
	}
	if !machine.HasThread(int(int32(a.Value[0]))) {
		errno = syscall.ESRCH
	}
	return local, remote, errno
}

// taskSize is the end of what programs can have mapped (Linux, TASK_SIZE_MAX).
const taskSize = 0x7FFF_FFFF_F000

// below reports whether all of v is below end.
func (v Vector) below(end uintptr) bool {
	for i := range v.count {
		s, errno := v.segment(i)
		if errno != 0 || s.length > end || s.base.address > end-s.length {
			return false
		}
	}
	return true
}

// A stretch is what is left of a vector.
type stretch struct {
	vector Vector
	here   segment // what is left of the segment that is being copied
	next   int     // the one after it
}

// fill goes on to the next segment that has something if this one has nothing any more.
func (s *stretch) fill(a *call.Arguments) (errno syscall.Errno) {
	for s.here.length == 0 && s.next < s.vector.count {
		if s.here, errno = s.vector.segment(s.next); errno != 0 {
			return errno
		}
		s.next++
		// The addresses of what is said to be another process's are numbers, also of what moves.
		if stack, room := a.Stack.At(s.here.base.address); stack != nil {
			s.here.base = Pointer{s.here.base.address, stack, room}
		}
	}
	return 0
}

// inPage returns how many bytes there are up to the end of a page.
func (s *stretch) inPage() uintptr {
	return min(s.here.length, pageSize-uintptr(s.here.base.now())%pageSize)
}

func (s *stretch) skip(n int) {
	s.here = segment{s.here.base.Add(uintptr(n)), s.here.length - uintptr(n)}
}

// copyVector copies at most n bytes page by page. If it comes to one that is not there, what it has copied until then counts.
func copyVector(a *call.Arguments, to, from *stretch, n int) (uintptr, syscall.Errno) {
	bounce := getBounce(pageSize)
	defer putBounce(bounce)
	copied := 0
	for copied < n {
		errno := from.fill(a)
		if errno == 0 {
			errno = to.fill(a)
		}
		b := bounce.bytes[:min(from.inPage(), to.inPage(), pageSize, uintptr(n-copied))]
		if errno == 0 && len(b) > 0 && (!from.here.base.in(b) || !to.here.base.out(b)) {
			errno = syscall.EFAULT
		}
		switch {
		case errno != 0 && copied == 0:
			return 0, errno
		case errno != 0, len(b) == 0:
			return uintptr(copied), 0
		}
		from.skip(len(b))
		to.skip(len(b))
		copied += len(b)
	}
	return uintptr(copied), 0
}
