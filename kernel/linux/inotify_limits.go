package linux

import (
	"sync/atomic"
	"syscall"

	"github.com/ringo-os/ringo/kernel/fs"
)

// inotifyUse is how many instances and watches there are, inotifyMost how many there may be, and how many events
// may wait in an instance that is made now.
var (
	inotifyUse  struct{ instances, watches atomic.Int64 }
	inotifyMost struct{ instances, watches, events atomic.Int64 }
)

// What a program may have unless it changes that in /proc/sys/fs/inotify, as on Linux (inotify(7)): there, watches
// may take a hundredth of the memory, and one is said to take a little more than a kilobyte.
const (
	inotifyInstances    = 128
	inotifyEvents       = 16384
	inotifyWatchCost    = 1100
	inotifyWatchesLeast = 8192
	inotifyWatchesMost  = 1 << 20
)

func init() {
	inotifyMost.instances.Store(inotifyInstances)
	inotifyMost.events.Store(inotifyEvents)
	inotifyMost.watches.Store(inotifyWatchesLeast)
}

// inotifySettings are the limits' files in /proc/sys.
func inotifySettings() []fs.Setting {
	hundredth := int64(statistics().TotalPages) * pageSize / 100
	inotifyMost.watches.CompareAndSwap(inotifyWatchesLeast,
		min(max(hundredth/inotifyWatchCost, inotifyWatchesLeast), inotifyWatchesMost))
	var list []fs.Setting
	for name, limit := range map[string]*atomic.Int64{
		"max_user_instances": &inotifyMost.instances,
		"max_user_watches":   &inotifyMost.watches,
		"max_queued_events":  &inotifyMost.events,
	} {
		list = append(list, fs.Setting{Name: "fs/inotify/" + name, Get: limit.Load, Set: func(n int64) syscall.Errno {
			if n < 0 || n > 1<<31-1 {
				return syscall.EINVAL
			}
			limit.Store(n)
			return 0
		}})
	}
	return list
}

// take counts one more in use, unless most are.
func take(used *atomic.Int64, most int64) bool {
	if used.Add(1) > most {
		used.Add(-1)
		return false
	}
	return true
}
