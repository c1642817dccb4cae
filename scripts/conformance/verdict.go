package main

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A verdict is a result held against the list.
type verdict struct {
	pkg                     string
	passed, failed, skipped int
	leftOut                 int
	unlisted                []string          // skipped or left out, and not on the list
	reasons                 map[string]string // why, in the test's own words
	stale                   []string          // on the list, and passed or not there
	short                   int               // skipped because of short mode
	broken                  bool              // the package failed as a whole, or did not end
	complaints              []string
	elapsed                 time.Duration
}

// shortMode matches what a test says that is skipped for its length.
var shortMode = regexp.MustCompile(`(?i)\b(short|slow)\b`)

// judge holds what the tests of pkg came to against those that may be skipped. leftOut are tests in files
// that are left out, with their reasons. Short mode skips some more, and a run of all tests shows which of
// the list are not there.
func judge(pkg string, r *result, list *entries, leftOut map[string]string, short, all bool) *verdict {
	listed := list.reasons
	v := &verdict{
		pkg: pkg, passed: r.count("pass"), failed: r.count("fail") + r.count("run"), leftOut: len(leftOut),
		reasons: map[string]string{}, elapsed: time.Duration(r.elapsed * float64(time.Second)),
	}
	for _, name := range slices.Sorted(maps.Keys(r.tests)) {
		switch r.tests[name] {
		case "fail", "run":
			v.complain("FAIL %s", name)
			v.quote(r.said[name])
		case "skip":
			v.skipped++
			if short && shortMode.MatchString(r.said[name]) {
				v.short++
			} else if listed[name] == "" {
				v.unlisted = append(v.unlisted, name)
				v.reasons[name] = words(r.said[name])
			}
		case "pass":
			if listed[name] != "" && !list.mayPass[name] {
				v.stale = append(v.stale, name)
			}
		}
	}
	for name, reason := range leftOut {
		if listed[name] == "" {
			v.unlisted = append(v.unlisted, name)
			v.reasons[name] = reason
		}
	}
	v.broken = r.status != "pass" && r.status != "skip"
	if v.broken {
		v.complain("the package's tests did not pass")
		if v.failed == 0 || r.count("run") > 0 {
			v.quote(r.said[""])
		}
	}
	if all && !v.broken {
		for _, name := range slices.Sorted(maps.Keys(listed)) {
			if r.tests[name] == "" && leftOut[name] == "" && r.tests[parent(name)] != "skip" {
				v.stale = append(v.stale, name)
			}
		}
	}
	slices.Sort(v.unlisted)
	for _, name := range v.unlisted {
		v.complain("not on the list: %s: %s", name, v.reasons[name])
	}
	for _, name := range v.stale {
		v.complain("stale: %s is on the list, and %s", name, map[bool]string{true: "passes", false: "is not there"}[r.tests[name] == "pass"])
	}
	return v
}

// parent returns the test that a test is part of.
func parent(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i]
	}
	return ""
}

func (v *verdict) complain(format string, args ...any) {
	v.complaints = append(v.complaints, fmt.Sprintf(format, args...))
}

// quoted is how many lines of what a failed test said are shown; -logs has all.
const quoted = 40

func (v *verdict) quote(text string) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > quoted {
		lines = append(lines[:quoted], fmt.Sprintf("... %d more lines", len(lines)-quoted))
	}
	for _, l := range lines {
		v.complaints = append(v.complaints, "    | "+l)
	}
}

var position = regexp.MustCompile(`^\s*[\w.]+\.go:\d+: `)

// words returns what a skipped test gave as its reason.
func words(said string) string {
	for line := range strings.Lines(said) {
		if p := position.FindString(line); p != "" {
			return strings.TrimSpace(line[len(p):])
		}
	}
	return "it gives no reason"
}

func (v *verdict) ok() bool {
	return !v.broken && v.failed == 0 && len(v.unlisted) == 0 && len(v.stale) == 0
}

func (v *verdict) String() string {
	s := fmt.Sprintf("%d passed, %d failed, %d skipped, %d left out in %v", v.passed, v.failed, v.skipped, v.leftOut, v.elapsed.Round(time.Second/10))
	if v.short > 0 {
		s += fmt.Sprintf(" (%d for short mode)", v.short)
	}
	return s
}

// suggestions are lines for the list that name the tests which are not on it.
func (v *verdict) suggestions() string {
	byReason := map[string][]string{}
	for _, name := range v.unlisted {
		byReason[v.reasons[name]] = append(byReason[v.reasons[name]], name)
	}
	var b strings.Builder
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		fmt.Fprintf(&b, "%s: %s\n", v.pkg, reason)
		for _, name := range byReason[reason] {
			fmt.Fprintf(&b, "\t%s\n", name)
		}
	}
	return b.String()
}

// table prints all verdicts and their sums, and reports whether all is well.
func table(w io.Writer, all []*verdict) bool {
	ok := true
	sum := &verdict{}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\npackage\tpassed\tfailed\tskipped\tleft out\tnot listed\tstale\tseconds\t")
	row := func(name string, v *verdict, unlisted, stale int, mark string) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.1f\t%s\n", name, v.passed, v.failed, v.skipped, v.leftOut, unlisted, stale, v.elapsed.Seconds(), mark)
	}
	unlisted, stale := 0, 0
	for _, v := range all {
		mark := ""
		if !v.ok() {
			ok, mark = false, " FAIL"
		}
		row(v.pkg, v, len(v.unlisted), len(v.stale), mark)
		sum.passed += v.passed
		sum.failed += v.failed
		sum.skipped += v.skipped
		sum.leftOut += v.leftOut
		sum.elapsed += v.elapsed
		unlisted += len(v.unlisted)
		stale += len(v.stale)
	}
	row("together", sum, unlisted, stale, "")
	t.Flush()
	return ok
}
