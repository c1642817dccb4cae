package linux

import "github.com/ringo-os/ringo/kernel/fs"

// accessed and modified tell who watches d's file that n bytes of it were read or written.
func (d *Description) accessed(n int) {
	if n > 0 && files.Watched() {
		d.tell(fs.Accessed)
	}
}

func (d *Description) modified(n int) {
	if n > 0 && files.Watched() {
		d.tell(fs.Modified)
	}
}

// tellClosed tells that the last descriptor is closed. (On Linux, a mapping counts as one; here a file is told
// closed while it is still mapped.)
func (d *Description) tellClosed() {
	switch {
	case !files.Watched() || d.Flags()&oPath != 0:
	case d.writes:
		d.tell(fs.ClosedWriter)
	default:
		d.tell(fs.ClosedReader)
	}
}

func (d *Description) tell(event fs.Event) {
	if e, ok := d.entry(); ok {
		files.Tell(e, event, true)
	}
}
