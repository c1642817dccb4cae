package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseList(t *testing.T) {
	l, err := parseList("# comment\n\nnet: needs a process\n\tTestA\n\tTestB/sub_test\nos: is for root\n\t!TestA\n\t!TestC\nnet: other\n\tTestC\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(l.of("net").reasons); got != "map[TestA:needs a process TestB/sub_test:needs a process TestC:other]" {
		t.Error(got)
	}
	if got := l.of("os").skip(); got != "^(TestA|TestC)$" {
		t.Error(got)
	}
	if l.of("net").skip() != "" || l.of("io").skip() != "" {
		t.Error("tests are kept from running that need not be")
	}
	for _, wrong := range []string{"\tTestA\n", "net\n\tTestA\n", "net: \n", "net: x\n\tTestA\n\tTestA\n", "net: x\n\tTestA\nnet: y\n\t!TestA\n", "net: x\n\t!TestA/sub\n"} {
		if _, err := parseList(wrong); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// TestTheList: the list itself can be read.
func TestTheList(t *testing.T) {
	if _, err := parseList(listText); err != nil {
		t.Fatal(err)
	}
}

func output(t *testing.T, lines ...string) *result {
	t.Helper()
	r, err := read(strings.NewReader(strings.Join(lines, "\n")), func(*result) {})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var lines = []string{
	`{"Action":"start","Package":"net"}`,
	`{"Action":"run","Package":"net","Test":"TestGood"}`,
	`{"Action":"output","Package":"net","Test":"TestGood","Output":"=== RUN TestGood\n"}`,
	`{"Action":"pass","Package":"net","Test":"TestGood"}`,
	`{"Action":"run","Package":"net","Test":"TestSkipped"}`,
	`{"Action":"output","Package":"net","Test":"TestSkipped","Output":"    x_test.go:12: skipping: no processes\n"}`,
	`{"Action":"skip","Package":"net","Test":"TestSkipped"}`,
	`{"Action":"run","Package":"net","Test":"TestLong"}`,
	`{"Action":"output","Package":"net","Test":"TestLong","Output":"    x_test.go:15: skipping in short mode\n"}`,
	`{"Action":"skip","Package":"net","Test":"TestLong"}`,
}

const passed = `{"Action":"pass","Package":"net","Elapsed":1.5}`

func entriesOf(t *testing.T, names string) *entries {
	t.Helper()
	text := "net: x\n"
	for _, name := range strings.Fields(names) {
		text += "\t" + name + "\n"
	}
	l, err := parseList(text)
	if err != nil {
		t.Fatal(err)
	}
	return l.of("net")
}

func TestJudge(t *testing.T) {
	good := append(lines[:len(lines):len(lines)], passed)
	for _, c := range []struct {
		name            string
		lines           []string
		listed, leftOut string
		short           bool
		ok              bool
		complaints      string
	}{
		{"all listed", good, "TestSkipped TestLong", "", false, true, ""},
		{"one not listed", good, "TestLong", "", false, false, "not on the list: TestSkipped: skipping: no processes"},
		{"short mode", good, "TestSkipped", "", true, true, ""},
		{"not short mode", good, "TestSkipped", "", false, false, "not on the list: TestLong: skipping in short mode"},
		{"stale", good, "TestSkipped TestLong TestGood", "", false, false, "stale: TestGood is on the list, and passes"},
		{"passes on some machines", good, "TestSkipped ?TestLong ?TestGood", "", false, true, ""},
		{"gone", good, "TestSkipped TestLong TestGone", "", false, false, "stale: TestGone is on the list, and is not there"},
		{"part of a skipped test", good, "TestSkipped TestLong TestSkipped/part", "", false, true, ""},
		{"left out", good, "TestSkipped TestLong TestProcess", "TestProcess", false, true, ""},
		{"left out and not listed", good, "TestSkipped TestLong", "TestProcess", false, false, "not on the list: TestProcess: left out"},
		{"failed", append(lines[:len(lines):len(lines)], `{"Action":"run","Package":"net","Test":"TestBad"}`,
			`{"Action":"output","Package":"net","Test":"TestBad","Output":"    bad\n"}`, `{"Action":"fail","Package":"net","Test":"TestBad"}`,
			`{"Action":"fail","Package":"net"}`), "TestSkipped TestLong", "", false, false, "FAIL TestBad|    |     bad|the package's tests did not pass"},
		{"never ended", append(lines[:len(lines):len(lines)], `{"Action":"run","Package":"net","Test":"TestHangs"}`,
			`{"Action":"output","Package":"net","Output":"panic\n"}`, `{"Action":"fail","Package":"net"}`), "TestSkipped TestLong", "", false, false,
			"FAIL TestHangs|    | |the package's tests did not pass|    | panic"},
		{"not built", []string{`{"Action":"build-output","ImportPath":"net","Output":"undefined: x\n"}`, `{"Action":"fail","Package":"net"}`}, "", "",
			false, false, "the package's tests did not pass|    | undefined: x"},
		{"nothing said", nil, "", "", false, false, "the package's tests did not pass|    | "},
	} {
		words := func(s string) map[string]string {
			m := map[string]string{}
			for _, w := range strings.Fields(s) {
				m[w] = "left out"
			}
			return m
		}
		v := judge("net", output(t, c.lines...), entriesOf(t, c.listed), words(c.leftOut), c.short, true)
		if got := strings.Join(v.complaints, "|"); v.ok() != c.ok || got != c.complaints {
			t.Errorf("%s: ok %v\n%s\nwant\n%s", c.name, v.ok(), got, c.complaints)
		}
	}
	part := judge("net", output(t, good...), entriesOf(t, "TestSkipped TestLong TestGone"), nil, false, false)
	if !part.ok() {
		t.Errorf("tests that were not asked for are taken for gone: %q", part.complaints)
	}
}

func TestTable(t *testing.T) {
	good := append(lines[:len(lines):len(lines)], passed)
	v := judge("net", output(t, good...), entriesOf(t, "TestSkipped"), map[string]string{"TestLeft": "it is"}, false, true)
	if got := v.suggestions(); got != "net: it is\n\tTestLeft\nnet: skipping in short mode\n\tTestLong\n" {
		t.Error(got)
	}
	var b strings.Builder
	if table(&b, []*verdict{v}) {
		t.Error("an unlisted test is all right")
	}
	rows := strings.Split(strings.TrimSpace(b.String()), "\n")
	if got := strings.Fields(rows[1]); strings.Join(got, " ") != "net 1 0 2 1 2 0 1.5 FAIL" {
		t.Errorf("%q", got)
	}
}
