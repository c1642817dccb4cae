package benchmark

import (
	"strings"
	"testing"
)

func TestUnits(t *testing.T) {
	for want, value := range map[string]float64{
		"0.12 ns": 0.123, "9.99 ns": 9.99, "12.3 ns": 12.34, "123 ns": 123.4, "1.50 µs": 1500, "64.0 ms": 64e6, "2.00 s": 2e9,
	} {
		if got := Nanoseconds.String(value); got != want {
			t.Errorf("%g is %s", value, got)
		}
	}
	for want, ratio := range map[string]float64{"1/20.0": 0.05, "1.05": 1.05, "0.90": 0.9} {
		if got := Proportion(ratio); got != want {
			t.Errorf("%g is %s", ratio, got)
		}
	}
}

func TestSuiteReport(t *testing.T) {
	suite := &Suite{Name: "bench-x", Program: "./x", Rows: []Measure{
		{Name: "switch", Title: "a switch", Most: 0.5}, {Name: "speed", Title: "speed", Unit: Number},
	}}
	report := func(linux, ringo string) (string, []string, error) {
		systems := []*system{{name: "Linux", results: map[string][]float64{}}, {name: "Ringo", results: map[string][]float64{}}}
		for i, text := range []string{linux, ringo} {
			if err := systems[i].collect(said(t, text)); err != nil {
				t.Fatal(err)
			}
		}
		return suite.report(systems, true)
	}
	const linux = "SeaBIOS result switch 100\r\nresult speed 1.5\r\nend\r\n"
	text, missed, err := report(linux, "result switch 50\nresult speed 2\nend\n")
	if err != nil || len(missed) != 0 || !strings.Contains(text, "| a switch | 100 ns (100 ns to 100 ns) | 50.0 ns (50.0 ns to 50.0 ns) | 1/2.0 | at most 1/2.0 | met |") {
		t.Errorf("%v, %v\n%s", err, missed, text)
	}
	if _, missed, _ := report(linux, "result switch 51\nresult speed 2\nend\n"); len(missed) != 1 || missed[0] != "switch" {
		t.Errorf("missed is %v at just above half of Linux's time", missed)
	}
	if _, _, err := report(linux, "result switch 51\nend\n"); err == nil {
		t.Error("no error where a result is missing")
	}
}
