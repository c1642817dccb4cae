// Package toolchain drives the user's own, stock go command with an overlay that lays Ringo under
// the program: the kernel as packages of the standard library, the machine's side of the runtime in
// place of the Linux one. Neither GOROOT nor the program's folder is written to.
//
// The steps, one file each:
//
//	find.go      which go there is, and whether its version is supported
//	source.go    our packages, from the ringo binary into the cache folder
//	closure.go   what the kernel consists of: go list
//	rewrite.go   a Go file on its way into the standard library
//	assembly.go  an assembly file on its way into package runtime
//	abigen.go    the declarations that make its functions callable
//	depends.go   what is changed in them
//	layout.go    all of it together: the overlay
//	flags.go     the user's GOFLAGS and ours
//	program.go   what the user wants built: go list
//	added.go     the one file that we add to it
//	build.go     go build
//	tests.go     GOFLAGS for go test
//	test.go      go test
//
// Use it so:
//
//	tc, err := toolchain.Find(ctx, toolchain.Options{})
//	overlay, err := tc.Layout(ctx, toolchain.Ringo())
//	err = tc.Build(ctx, overlay, toolchain.Request{Package: []string{"./cmd/server"}, Output: "server"})
//
// The result is an ELF file as the Go linker writes it; package linker makes it bootable.
package toolchain

import (
	"io/fs"

	"github.com/ringo-os/ringo"
	"github.com/ringo-os/ringo/toolchain/go126"
	"github.com/ringo-os/ringo/toolchain/release"
)

// Supported are the Go versions that there is a release for.
var Supported = []*release.Release{&go126.Release}

// A Kernel says what is laid under a program.
type Kernel struct {
	// Source is the module's tree, with go.mod and go.sum.
	Source fs.FS
	// Module is the module's path in go.mod.
	Module string
	// Releases are the Go versions that the source knows.
	Releases []*release.Release
	// Late and LateNet are the packages, relative to the module, that a program imports: LateNet
	// when it can reach the network.
	Late, LateNet string
	// Roots, if not empty, is what a program imports besides if it has package crypto/x509.
	Roots string
	// Early are patterns of packages, relative to the module, that are compiled as runtime code.
	Early []string
	// Link are flags for the Go linker.
	Link []string
	// Edits are small changes to packages of other modules, which go.mod pins to the versions that they
	// fit.
	Edits []release.Edit
}

// Ringo is the kernel that this binary carries.
func Ringo() Kernel {
	return Kernel{
		Source:   ringo.Source,
		Module:   "github.com/ringo-os/ringo",
		Releases: Supported,
		Late:     "kernel",
		LateNet:  "kernel/withnet",
		Roots:    "kernel/withnet/roots",
		Early:    []string{"boot", "kernel/early/...", "drivers/uart", "drivers/acpi", "drivers/pci/survey", "drivers/rtc"},
		// All code is compiled as ever; this has the linker list every absolute address (package linker).
		Link:  []string{"-buildmode=pie"},
		Edits: dependencyEdits,
	}
}
