package toolchain

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// usesNetwork reports whether a program made of packages with these import paths, among all that are listed, can reach
// the network: by package net, by x/sys, or by package syscall alone. That one is in every program, so the source says
// whether it is for sockets.
func usesNetwork(paths []string, all []*listed) bool {
	return slices.ContainsFunc(paths, func(path string) bool {
		path = withoutVariant(path)
		return path == "net" || path == "golang.org/x/sys/unix"
	}) || slices.ContainsFunc(all, func(l *listed) bool {
		return slices.Contains(paths, l.ImportPath) && opensSockets(l)
	})
}

// opening is what a package that opens sockets by package syscall cannot do without.
var opening = regexp.MustCompile(`\.(Socket(pair)?\(|SYS_SOCKET)`)

func opensSockets(l *listed) bool {
	return !l.Standard && slices.Contains(l.Imports, "syscall") && slices.ContainsFunc(l.GoFiles, func(name string) bool {
		source, err := os.ReadFile(filepath.Join(l.Dir, name))
		return err == nil && opening.Match(source)
	})
}
