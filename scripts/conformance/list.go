package main

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// listFile is the list of tests that may be skipped. A line "PACKAGE: REASON" is followed by the names of
// tests, indented. One with a ! in front is not run: it would need what is not there without asking for it.
// One with a ? is skipped on some machines only. A line that begins with # says something about what
// follows.
const listFile = "scripts/conformance/go1.26.txt"

//go:embed go1.26.txt
var listText string

// A list holds the tests that may be skipped, for each package.
type list map[string]*entries

// Entries are the tests of one package with the reasons.
type entries struct {
	reasons map[string]string // all of them
	notRun  map[string]string
	mayPass map[string]bool
}

// of returns the entries of a package.
func (l list) of(pkg string) *entries {
	if e := l[pkg]; e != nil {
		return e
	}
	return &entries{reasons: map[string]string{}, notRun: map[string]string{}, mayPass: map[string]bool{}}
}

// skip returns the -skip argument that keeps go test from running what is not to be run, "" for nothing.
func (e *entries) skip() string {
	if len(e.notRun) == 0 {
		return ""
	}
	return "^(" + strings.Join(slices.Sorted(maps.Keys(e.notRun)), "|") + ")$"
}

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
			l[pkg] = l.of(pkg)
		case pkg == "":
			return nil, fmt.Errorf("line %d names a test before there is a package", number)
		default:
			name, notRun := strings.CutPrefix(name, "!")
			name, mayPass := strings.CutPrefix(name, "?")
			if l[pkg].reasons[name] != "" {
				return nil, fmt.Errorf("line %d: %s of %s is there already", number, name, pkg)
			}
			l[pkg].reasons[name] = reason
			if mayPass {
				l[pkg].mayPass[name] = true
			}
			if notRun {
				if strings.Contains(name, "/") {
					return nil, fmt.Errorf("line %d: %s is part of a test; only whole tests can be kept from running", number, name)
				}
				l[pkg].notRun[name] = reason
			}
		}
	}
	return l, nil
}
