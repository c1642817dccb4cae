package linux

import (
	"strings"
	"sync"

	"github.com/ringo-os/ringo/kernel/machine"
)

// nameSize is how long the name of a thread can be, with a NUL at its end.
const nameSize = 16

// threadNames are those that were given to threads (PR_SET_NAME, /proc/self/task/*/comm).
var threadNames struct {
	mu  sync.Mutex
	all map[int]string
}

// nameOf returns the name of a thread: without one of its own it has the program's.
func nameOf(thread int) string {
	threadNames.mu.Lock()
	defer threadNames.mu.Unlock()
	if name, ok := threadNames.all[thread]; ok {
		return name
	}
	if process.executable == nil {
		return ""
	}
	path := process.executable()
	name := path[strings.LastIndexByte(path, '/')+1:]
	return name[:min(len(name), nameSize-1)]
}

// nameThread names a thread, and forgets about those that have ended.
func nameThread(thread int, name string) {
	threadNames.mu.Lock()
	defer threadNames.mu.Unlock()
	if threadNames.all == nil {
		threadNames.all = make(map[int]string)
	}
	for other := range threadNames.all {
		if !machine.HasThread(other) {
			delete(threadNames.all, other)
		}
	}
	threadNames.all[thread] = name[:min(len(name), nameSize-1)]
}
