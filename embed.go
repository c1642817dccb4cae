// Package ringo carries the kernel's source, so that the ringo command is one file.
package ringo

import "embed"

// Source is the part of this module that ends up in images, and the folder toolchain, which decides
// how: together they are what a laid-out kernel is keyed by.
//
//go:embed boot kernel runtime drivers toolchain go.mod go.sum
var Source embed.FS
