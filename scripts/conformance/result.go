package main

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"
)

// An event is a line that go test -json prints: see go doc test2json, and go help buildjson.
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

// A result is what the tests of one package came to.
type result struct {
	tests   map[string]string  // pass, fail, skip or, for one that never ended, run
	seconds map[string]float64 // how long each took
	said    map[string]string  // what each test has said; under "" the package's own words
	status  string             // the package's: pass, fail, skip
	elapsed float64
}

// read takes the output of go test -json for one package. It calls progress for each test that ended.
func read(r io.Reader, progress func(*result)) (*result, error) {
	res := &result{tests: map[string]string{}, seconds: map[string]float64{}, said: map[string]string{}}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil {
				res.said[""] += line
			} else {
				res.take(e)
				progress(res)
			}
		}
		if err == io.EOF {
			return res, nil
		} else if err != nil {
			return nil, err
		}
	}
}

func (r *result) take(e event) {
	switch e.Action {
	case "output", "build-output":
		if !strings.HasPrefix(e.Output, "=== ") {
			r.said[e.Test] += e.Output
		}
	case "run":
		r.tests[e.Test] = "run"
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.status, r.elapsed = e.Action, e.Elapsed
			return
		}
		r.tests[e.Test], r.seconds[e.Test] = e.Action, e.Elapsed
		if e.Action == "pass" {
			delete(r.said, e.Test)
		}
	case "build-fail":
		r.status = "fail"
	}
}

// count returns how many tests have an outcome.
func (r *result) count(outcome string) (n int) {
	for _, o := range r.tests {
		if o == outcome {
			n++
		}
	}
	return n
}
