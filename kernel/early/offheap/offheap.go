//go:build !ringo

// Package offheap marks the types whose values live outside Go's heap. This is its twin for host
// unit tests, where the mark means nothing; see offheap_ringo.go.
package offheap

// Mark makes a struct that embeds it (as a blank first field) an off-heap type.
type Mark struct{}
