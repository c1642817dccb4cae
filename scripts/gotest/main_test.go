package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSummary(t *testing.T) {
	const events = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"quiet\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- PASS: TestA (0.00s)\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:1: no machine\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestC","Output":"--- FAIL: TestC (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestC","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestD","Output":"hangs\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p","Elapsed":0.1}
{"ImportPath":"q","Action":"build-output","Output":"q.go:1:1: wrong\n"}
{"Action":"output","Package":"r","Output":"PASS\n"}
{"Action":"output","Package":"r","Output":"ok  \tr\t0.1s\n"}
{"Action":"pass","Package":"r","Elapsed":0.1}
not JSON
`
	const want = `    b_test.go:1: no machine
--- SKIP: TestB (0.00s)
--- FAIL: TestC (0.00s)
FAIL	p	0.1s
hangs
q.go:1:1: wrong
ok  	r	0.1s
not JSON
`
	var out strings.Builder
	s := &summary{out: &out}
	if err := s.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("printed\n%s\nnot\n%s", &out, want)
	}
	if got := s.String(); got != "1 passed, 1 failed, 1 skipped" {
		t.Errorf("counted %s", got)
	}
}

// TestLeftRunning: what a test has started and not ended is ended.
func TestLeftRunning(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module m\n",
		"m_test.go": `package m

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
)

func Test(t *testing.T) {
	sleep := exec.Command("sleep", "1000")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	os.WriteFile("pid", []byte(strconv.Itoa(sleep.Process.Pid)), 0o644)
	panic("out of time")
}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := &summary{out: io.Discard}
	t.Chdir(dir)
	if test(s, []string{"."}) == nil {
		t.Error("a test that panics passes")
	}
	text, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); time.Since(begin) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
		state, err := os.ReadFile(filepath.Join("/proc", string(text), "stat"))
		if err != nil || bytes.Contains(state, []byte(") Z ")) { // its parent may be slow
			return
		}
	}
	t.Errorf("process %s is still there", text)
}
