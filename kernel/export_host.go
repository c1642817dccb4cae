//go:build !ringo

package kernel

import "io"

// exportDevice is set by tests.
var exportDevice func() (io.Writer, error)
