// Gotest runs go test and says at the end how many tests passed, failed and were skipped.
//
//	go run ./scripts/gotest "./boot ./linker" "-count=1 ./test/..."
//
// Each argument holds the arguments of one go test command; they run one after the other, all of
// them even if one fails. What is printed is go test's own output: the line for each package, and
// what failed and skipped tests have said. The exit status is that of go test.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	start := time.Now()
	s := &summary{out: os.Stdout}
	failed := false
	for _, arguments := range os.Args[1:] {
		if err := test(s, strings.Fields(arguments)); err != nil {
			fmt.Fprintln(os.Stderr, "gotest: go test:", err)
			failed = true
		}
	}
	fmt.Printf("%s in %s\n", s, time.Since(start).Round(time.Second))
	if failed {
		os.Exit(1)
	}
}

// test runs one go test.
func test(s *summary, arguments []string) error {
	cmd := exec.Command("go", append([]string{"test", "-json"}, arguments...)...)
	cmd.Stderr = os.Stderr
	// What a test that ran out of time has left running, machines first of all, ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(interrupted)
	go func() {
		if s, ok := <-interrupted; ok {
			syscall.Kill(-cmd.Process.Pid, s.(syscall.Signal)) // a terminal tells the foreground alone
		}
	}()
	if err := s.read(out); err != nil {
		return err
	}
	return cmd.Wait()
}

// An event is a line that go test -json prints: see go doc test2json, and go help buildjson.
type event struct {
	Action, Package, ImportPath, Test, Output string
}

// A summary counts tests, and shows what is worth seeing.
type summary struct {
	out                     io.Writer
	passed, failed, skipped int
	said                    map[string][]said // what the running tests of a package have said
}

// said is a line that a test has printed.
type said struct{ test, line string }

// read takes the output of one go test -json.
func (s *summary) read(r io.Reader) error {
	s.said = map[string][]said{}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil {
				fmt.Fprint(s.out, line)
			} else {
				s.take(e)
			}
		}
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (s *summary) take(e event) {
	switch e.Action {
	case "output", "build-output":
		if e.Package == "" || e.Test == "" {
			if e.Output != "PASS\n" { // the package's own line follows
				fmt.Fprint(s.out, e.Output)
			}
			return
		}
		if !strings.HasPrefix(e.Output, "=== ") { // RUN, PAUSE, CONT, NAME
			s.said[e.Package] = append(s.said[e.Package], said{e.Test, e.Output})
		}
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.show(e.Package, "") // tests that never ended
			return
		}
		switch e.Action {
		case "pass":
			s.passed++
			s.forget(e.Package, e.Test)
		case "fail":
			s.failed++
			s.show(e.Package, e.Test)
		case "skip":
			s.skipped++
			s.show(e.Package, e.Test)
		}
	}
}

// show prints and forgets what a test has said; "" stands for all tests of the package.
func (s *summary) show(pkg, test string) {
	for _, l := range s.said[pkg] {
		if test == "" || l.test == test {
			fmt.Fprint(s.out, l.line)
		}
	}
	s.forget(pkg, test)
}

func (s *summary) forget(pkg, test string) {
	var rest []said
	if test != "" {
		for _, l := range s.said[pkg] {
			if l.test != test {
				rest = append(rest, l)
			}
		}
	}
	s.said[pkg] = rest
}

func (s *summary) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", s.passed, s.failed, s.skipped)
}
