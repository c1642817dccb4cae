package toolchain

import (
	"strings"

	"github.com/ringo-os/ringo/toolchain/release"
)

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
	// The names of DHCP's options, for messages that nobody prints: a large map.
	{
		File:   "github.com/insomniacslk/dhcp/dhcpv4/types.go",
		Anchor: "var optionCodeToString = map[OptionCode]string{",
		With:   "func optionCodeToString() map[OptionCode]string { return map[OptionCode]string{",
	},
	{
		File:   "github.com/insomniacslk/dhcp/dhcpv4/types.go",
		Anchor: "\tOptionEnd: \"End\",\n}",
		With:   "\tOptionEnd: \"End\",\n}}",
	},
	{
		File:   "github.com/insomniacslk/dhcp/dhcpv4/types.go",
		Anchor: "optionCodeToString[o]",
		With:   "optionCodeToString()[o]",
	},
}

// leftOut reports whether a file of another module is not laid out. GVisor's packages know how to save and
// restore what they are doing, which is generated, used by nothing else, and announces some 400 types when
// the program starts.
func leftOut(importPath, file string) bool {
	return strings.HasPrefix(importPath, "gvisor.dev/gvisor/") && strings.HasSuffix(file, "_state_autogen.go")
}
