// Package release says how one Go version's standard library becomes ours: what is taken away and
// what is edited. The data for each version lies in a sibling of its own (toolchain/go126).
package release

import (
	"bytes"
	"fmt"
)

// A Release is what the overlay does to the stock files of one Go version. Paths are relative to
// GOROOT/src.
type Release struct {
	// Go is the version, as in "go1.26". Every go1.26.x is taken for it.
	Go string
	// Files is the folder of our module that holds the machine's side of the standard library.
	Files string
	// Removed are the stock files that do not take part.
	Removed []string
	// Edits are the small changes to stock files.
	Edits []Edit
	// LeftOut are files of stock tests that the tests of a package of std go without.
	LeftOut []LeftOut
	// Vet are the checks of go vet that go test makes.
	Vet []string
}

// LeftOut is a file of stock tests that cannot be compiled, or would test nothing of ours.
type LeftOut struct {
	// File is the stock file, as in "runtime/crash_unix_test.go".
	File string
	// Reason says why.
	Reason string
}

// An Edit replaces text in one file that is not ours.
type Edit struct {
	// File is the stock file, as in "runtime/proc.go", or one of a package that the kernel needs, behind
	// its import path.
	File string
	// Anchor is the text that must be there, exactly Count times.
	Anchor string
	// With replaces the anchor. To keep the line numbers of what follows, give it as many lines.
	With string
	// Count is how often Anchor occurs; 0 means once.
	Count int
}

// Apply makes the edits that are meant for file and returns the new text. It fails when an anchor is
// not there as often as the edit says: the Go release has moved, and the edit must be looked at.
func (r *Release) Apply(file string, text []byte, version string) ([]byte, error) {
	return Apply(r.Edits, file, text, version)
}

// Apply makes those of edits that are meant for file, of the given version of what it belongs to.
func Apply(edits []Edit, file string, text []byte, version string) ([]byte, error) {
	for _, e := range edits {
		if e.File != file {
			continue
		}
		want := max(e.Count, 1)
		if n := bytes.Count(text, []byte(e.Anchor)); n != want {
			return nil, &AnchorError{File: file, Anchor: e.Anchor, Version: version, Want: want, Found: n}
		}
		text = bytes.ReplaceAll(text, []byte(e.Anchor), []byte(e.With))
	}
	return text, nil
}

// Edited returns the files that have edits, in order of their first one.
func (r *Release) Edited() []string {
	var files []string
	seen := map[string]bool{}
	for _, e := range r.Edits {
		if !seen[e.File] {
			seen[e.File] = true
			files = append(files, e.File)
		}
	}
	return files
}

// An AnchorError says that a stock file does not hold the text that an Edit builds on.
type AnchorError struct {
	File, Anchor, Version string
	Want, Found           int
}

func (e *AnchorError) Error() string {
	return fmt.Sprintf("%s of %s does not hold this text %d times but %d times, so Ringo cannot adapt it "+
		"(the list of edits is in toolchain/): %q", e.File, e.Version, e.Want, e.Found, e.Anchor)
}
