//go:build !ringo

package fs

// processor returns the processor's name and flags; this is the twin for host unit tests.
func processor() (name, flags string) { return "unknown", "" }
