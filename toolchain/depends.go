package toolchain

import "github.com/ringo-os/ringo/toolchain/release"

// dependencyEdits are small changes to the packages of other modules that the kernel needs. Go.mod pins
// the versions that they fit.
var dependencyEdits = []release.Edit{
	// A regular expression for traces that nobody asks for, compiled when the package is initialised,
	// would be a fiftieth of the time that a small web server takes to start.
	{
		File:   "gvisor.dev/gvisor/pkg/log/log.go",
		Anchor: "var stackRegexp = regexp.MustCompile(`(?m)^\\S+\\(.*\\)$\\r?\\n^\\t\\S+:\\d+.*$\\r?\\n`)",
		With:   "func stackRegexp() *regexp.Regexp { return regexp.MustCompile(`(?m)^\\S+\\(.*\\)$\\r?\\n^\\t\\S+:\\d+.*$\\r?\\n`) }",
	},
	{
		File:   "gvisor.dev/gvisor/pkg/log/log.go",
		Anchor: "stackRegexp.ReplaceAllFunc(",
		With:   "stackRegexp().ReplaceAllFunc(",
	},
}
