//go:build ringo

package runtime

// The order in which packages are initialised: the kernel before the program.

import (
	"internal/stringslite"
	"unsafe"
)

// kernelInit runs the initialisers of the kernel and of all that it imports, so that the kernel is
// there before any package of the program runs. ringoKernelPackages is written by ringo build. TCP/IP
// comes last: its packages ask for random numbers, and the kernel may need a device to have some.
func kernelInit(tasks []*initTask) {
	for _, network := range [...]bool{false, true} {
		for _, t := range tasks {
			path := initPath(t)
			switch {
			case t.state != initNone: // the runtime's own
			case !isKernelPackage(path) && !isTestedPackage(path) || isNetworkPackage(path) != network:
			case len(ringoTestedPackages) != 0:
				initSome(t, false)
				t.state = initPartly
			default:
				doInit1(t)
			}
		}
	}
	if kernelReady != nil {
		kernelReady()
	}
	if len(ringoTestedPackages) == 0 {
		return
	}
	for _, t := range tasks {
		if t.state == initPartly {
			initSome(t, true)
			t.state = initDone
		}
	}
}

// kernelReady is called when the whole kernel is initialised. Set once, by a part of it.
var kernelReady func()

//go:linkname machine_WhenReady github.com/ringo-os/ringo/kernel/machine.WhenReady
func machine_WhenReady(f func()) { kernelReady = f }

// Values of initTask.state.
const (
	initNone   = 0
	initDone   = 2
	initPartly = 3 // not the runtime's: the init functions in test files are to come
)

// ringoTestedPackages is set in the test binary of a package that the kernel itself needs, such as time
// or net, by the file that ringo goflags adds to it. It lists what that package with its test files
// imports, sorted.
//
//go:linkname ringoTestedPackages
var ringoTestedPackages []string

// initSome runs those of a package's initialisers that are, or are not, init functions in its test files.
// These may need the kernel, which needs the package. What initialises the variables of test files is part
// of one function with all others; it comes early.
func initSome(t *initTask, inTests bool) {
	first := add(unsafe.Pointer(t), unsafe.Sizeof(*t))
	for i := range uintptr(t.nfns) {
		p := add(first, i*unsafe.Sizeof(uintptr(0)))
		if inTestFile(*(*uintptr)(p)) == inTests {
			(*(*func())(unsafe.Pointer(&p)))()
		}
	}
}

// inTestFile reports whether the function at pc is an init function of a test file.
func inTestFile(pc uintptr) bool {
	f := findfunc(pc)
	if name := funcname(f); name[len(name)-1] > '9' { // an init function has a number, as in time.init.0
		return false
	}
	file, _ := funcline(f, pc)
	return stringslite.HasSuffix(file, "_test.go")
}

// initPath returns the import path of the package that t initialises. It is funcpkgpath for init functions,
// which have no type parameters, and does not allocate.
func initPath(t *initTask) string {
	name := funcname(findfunc(*(*uintptr)(add(unsafe.Pointer(t), unsafe.Sizeof(*t)))))
	end := 0
	for i := range len(name) {
		switch name[i] {
		case '/':
			end = 0
		case '.':
			if end == 0 {
				end = i
			}
		}
	}
	return name[:end]
}

func isKernelPackage(path string) bool { return contains(ringoKernelPackages[:], path) }

func isTestedPackage(path string) bool { return contains(ringoTestedPackages, path) }

// contains reports whether path is one of paths, which are sorted.
func contains(paths []string, path string) bool {
	lo, hi := 0, len(paths)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if paths[mid] < path {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(paths) && paths[lo] == path
}

// isNetworkPackage reports whether a kernel package is gVisor's or imports it.
func isNetworkPackage(path string) bool {
	return hasPrefix(path, "ringo_os/dep/gvisor.dev/", "ringo_os/kernel/net", "ringo_os/kernel/withnet",
		"ringo_os/drivers/virtio/nic")
}

func hasPrefix(path string, prefixes ...string) bool {
	for _, prefix := range prefixes {
		if stringslite.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}
