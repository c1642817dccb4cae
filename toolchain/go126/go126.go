// Package go126 is the list of what Ringo changes in Go 1.26's standard library.
//
// What is added lies in runtime/go1.26: name.go there becomes runtime/ringo_name.go, and
// std/PATH/name.go becomes PATH/ringo_name.go.
package go126

import "github.com/ringo-os/ringo/toolchain/release"

// Release describes go1.26.x.
var Release = release.Release{
	Go:      "go1.26",
	Files:   "runtime/go1.26",
	Removed: removed,
	Edits:   edits,
}

// removed are the stock files that talk to Linux; ours take their place.
var removed = []string{}

// edits are the stock files that need a small change.
var edits = []release.Edit{}
