package kernel

import (
	"sync"

	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/fs/archive"
	"github.com/ringo-os/ringo/kernel/machine"
)

// export sees to it that the files at paths, and those below them, go to the host when the program ends. What
// is not there then is left out.
func export(files *fs.FS, paths []string) {
	to, err := exportDevice()
	if err != nil {
		stop(ExitDevice, "export= cannot be done: "+err.Error())
	}
	machine.BeforeExit(sync.OnceFunc(func() {
		defer func() {
			if p := recover(); p != nil { // the program's end must not fail
				complain("a mistake of the kernel's")
			}
		}()
		if err := archive.Pack(files, paths, to); err != nil {
			complain(err.Error())
		}
	}))
}

func complain(what string) {
	machine.ConsoleWrite([]byte("ringo: not all of export= has reached the host: " + what + "\n"))
}
