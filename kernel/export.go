package kernel

import (
	"sync"

	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/fs/archive"
	"github.com/ringo-os/ringo/kernel/syslog"
)

// export returns what sends the files at paths, and those below them, to the host when the program ends. What
// is not there then is left out.
func export(files *fs.FS, paths []string) func() {
	to, err := exportDevice()
	if err != nil {
		stop(ExitDevice, "export= cannot be done: "+err.Error())
	}
	return sync.OnceFunc(func() {
		defer func() {
			if p := recover(); p != nil { // the program's end must not fail
				complain("a mistake of the kernel's")
			}
		}()
		if err := archive.Pack(files, paths, to); err != nil {
			complain(err.Error())
		}
	})
}

func complain(what string) {
	syslog.Say("not all of export= has reached the host: " + what)
}
