package qemu

import (
	"os"
	"time"
)

// glance is how often the file that a machine exports to is looked at.
const glance = 250 * time.Millisecond

// watchExport calls kill if the file becomes larger than limit, before off: what a machine sends can be no more than
// it has, and must not fill this host's disk.
func watchExport(file string, limit int64, off <-chan struct{}, kill func()) {
	for {
		if info, err := os.Stat(file); err == nil && info.Size() > limit {
			kill()
			return
		}
		select {
		case <-off:
			return
		case <-time.After(glance):
		}
	}
}
