package fs

import (
	"math"
	"slices"
	"sync"

	"github.com/ringo-os/ringo/kernel/file"
)

// Locks are the advisory locks on a file. Whole-file locks (flock) and range locks (fcntl) know
// nothing of each other. An owner is whatever identifies one: an open file description, or the
// process.
type Locks struct {
	mu     sync.Mutex
	whole  map[any]bool // owner to whether exclusive
	ranges []RangeLock

	// Watchers hear of locks that go.
	Watchers file.Watchers
}

// A RangeLock is a lock on the bytes from First to Last of a file.
type RangeLock struct {
	Owner       any
	Exclusive   bool
	First, Last int64
}

// ToEnd is the Last of a range without end.
const ToEnd = math.MaxInt64

// LockWhole takes or changes owner's lock on the whole file; false means that another's is in the
// way. (Changing one gives it up first, as on Linux.)
func (l *Locks) LockWhole(owner any, exclusive bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if had, ok := l.whole[owner]; ok {
		if had == exclusive {
			return true
		}
		delete(l.whole, owner)
		l.Watchers.Notify(file.Readable)
	}
	for _, other := range l.whole {
		if exclusive || other {
			return false
		}
	}
	if l.whole == nil {
		l.whole = make(map[any]bool)
	}
	l.whole[owner] = exclusive
	return true
}

// UnlockWhole gives up owner's lock on the whole file.
func (l *Locks) UnlockWhole(owner any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.whole[owner]; ok {
		delete(l.whole, owner)
		l.Watchers.Notify(file.Readable)
	}
}

// Conflict returns a lock that is in the way of r.
func (l *Locks) Conflict(r RangeLock) (RangeLock, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conflict(r)
}

func (l *Locks) conflict(r RangeLock) (RangeLock, bool) {
	for _, other := range l.ranges {
		if other.Owner != r.Owner && other.overlaps(r) && (other.Exclusive || r.Exclusive) {
			return other, true
		}
	}
	return RangeLock{}, false
}

// Held returns a lock of r's owner in r's range.
func (l *Locks) Held(r RangeLock) (RangeLock, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, had := range l.ranges {
		if had.Owner == r.Owner && had.overlaps(r) {
			return had, true
		}
	}
	return RangeLock{}, false
}

func (r RangeLock) overlaps(other RangeLock) bool {
	return r.First <= other.Last && other.First <= r.Last
}

// LockRange takes r, which replaces what its owner had there; false means that another's lock is in
// the way.
func (l *Locks) LockRange(r RangeLock) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, found := l.conflict(r); found {
		return false
	}
	l.cut(r)
	l.insert(r)
	return true
}

// insert adds r, which overlaps no other lock of its owner, and joins it with those that it touches.
// Each owner's locks are next to each other, by position.
func (l *Locks) insert(r RangeLock) {
	at, found := len(l.ranges), false
	for i := 0; i < len(l.ranges); i++ {
		had := l.ranges[i]
		if had.Owner != r.Owner {
			continue
		}
		if !found || had.First < r.First {
			at, found = i, true
			if had.First < r.First {
				at++
			}
		}
		if had.Exclusive == r.Exclusive && (had.Last+1 == r.First || r.Last+1 == had.First) {
			r.First, r.Last = min(had.First, r.First), max(had.Last, r.Last)
			l.ranges = slices.Delete(l.ranges, i, i+1)
			l.insert(r)
			return
		}
	}
	l.ranges = slices.Insert(l.ranges, at, r)
}

// UnlockRange gives up what r's owner has locked of its range.
func (l *Locks) UnlockRange(r RangeLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut(r)
}

// cut takes r's range out of its owner's locks.
func (l *Locks) cut(r RangeLock) {
	var kept []RangeLock
	for _, had := range l.ranges {
		if had.Owner != r.Owner || !had.overlaps(r) {
			kept = append(kept, had)
			continue
		}
		if left := had; left.First < r.First {
			left.Last = r.First - 1
			kept = append(kept, left)
		}
		if right := had; right.Last > r.Last {
			right.First = r.Last + 1
			kept = append(kept, right)
		}
	}
	l.ranges = kept
	l.Watchers.Notify(file.Readable)
}

// Release gives up all locks of owner.
func (l *Locks) Release(owner any) {
	l.UnlockWhole(owner)
	l.UnlockRange(RangeLock{Owner: owner, Last: ToEnd})
}
