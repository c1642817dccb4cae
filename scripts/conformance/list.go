package main

import (
	_ "embed"
	"fmt"
	"strings"
)

// listFile is the list of tests that may be skipped. A line "PACKAGE: REASON" is followed by the names of
// tests, indented. A line that begins with # says something about what follows.
const listFile = "scripts/conformance/go1.26.txt"

//go:embed go1.26.txt
var listText string

// A list holds, for each package, the tests that may be skipped and why.
type list map[string]map[string]string

// of returns the tests of a package with their reasons.
func (l list) of(pkg string) map[string]string { return l[pkg] }

func parseList(text string) (list, error) {
	l := list{}
	pkg, reason := "", ""
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\n")
		name, indented := strings.CutPrefix(line, "\t")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case !indented:
			var ok bool
			if pkg, reason, ok = strings.Cut(line, ": "); !ok || reason == "" {
				return nil, fmt.Errorf("line %d is no `PACKAGE: REASON`: %q", number, line)
			}
			if l[pkg] == nil {
				l[pkg] = map[string]string{}
			}
		case pkg == "":
			return nil, fmt.Errorf("line %d names a test before there is a package", number)
		case l[pkg][name] != "":
			return nil, fmt.Errorf("line %d: %s of %s is there already", number, name, pkg)
		default:
			l[pkg][name] = reason
		}
	}
	return l, nil
}
