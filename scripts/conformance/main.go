// Conformance runs the stock tests of Go's standard library in machines, and holds every test that is
// skipped against a list of those that may be.
//
//	make conformance
//	make conformance PACKAGES='sync time' CORES=2
//	go run ./scripts/conformance -short -run Goroutine runtime
//
// Each package's tests are built by the stock go command with the kernel under them, and booted by
// go test -exec 'ringo exec'. What a machine cannot do (start a process, most of all) its tests skip, and
// go1.26.txt names each of those tests with the reason. A test that is skipped and not named there is a
// failure, as is one in a file that the release leaves out (toolchain/go126). One that is named and passes
// is reported as stale, and so is one that is not there.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

var (
	cores   = flag.Int("smp", 4, "`N` cores for each machine")
	short   = flag.Bool("short", false, "run the tests in their short mode")
	only    = flag.String("run", "", "run the tests that match `REGEXP`")
	ringo   = flag.String("ringo", "", "the ringo `COMMAND` (built from this module if not given)")
	limit   = flag.Duration("timeout", time.Hour, "how long the tests of one package may take")
	logs    = flag.String("logs", "", "keep what each package's tests print in the folder `DIR`")
	suggest = flag.Bool("suggest", false, "print the skipped tests that are not on the list, as lines for it")
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

// run tests packages, which are patterns; all that are in the list of packages if there are none.
func run(ctx context.Context, patterns []string) (ok bool, err error) {
	r, err := newRunner(ctx)
	if err != nil {
		return false, err
	}
	defer r.close()
	packages, err := r.packages(ctx, patterns)
	if err != nil {
		return false, err
	}
	list, err := parseList(listText)
	if err != nil {
		return false, fmt.Errorf("%s: %v", listFile, err)
	}
	var verdicts []*verdict
	for i, p := range packages {
		fmt.Printf("[%d/%d] %s ", i+1, len(packages), p)
		listed := list.of(p)
		res, err := r.test(ctx, p, listed.skip())
		if err != nil {
			return false, err
		}
		leftOut := r.leftOut(p)
		maps.Copy(leftOut, listed.notRun)
		v := judge(p, res, listed, leftOut, *short, *only == "")
		fmt.Println(v)
		for _, line := range v.complaints {
			fmt.Println("    " + line)
		}
		if *suggest {
			fmt.Print(v.suggestions())
		}
		verdicts = append(verdicts, v)
		if ctx.Err() != nil {
			break
		}
	}
	return table(os.Stdout, verdicts), ctx.Err()
}

// A runner builds and boots tests.
type runner struct {
	ringo, goroot string
	temporary     string
}

func newRunner(ctx context.Context) (*runner, error) {
	r := &runner{ringo: *ringo}
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %v", err)
	}
	r.goroot = strings.TrimSpace(string(out))
	if r.temporary, err = os.MkdirTemp("", "conformance-"); err != nil {
		return nil, err
	}
	if r.ringo == "" {
		r.ringo = filepath.Join(r.temporary, "ringo")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", r.ringo, "./cmd/ringo").CombinedOutput(); err != nil {
			r.close()
			return nil, fmt.Errorf("go build ./cmd/ringo: %v\n%s", err, out)
		}
	}
	r.ringo, err = filepath.Abs(r.ringo)
	return r, err
}

func (r *runner) close() { os.RemoveAll(r.temporary) }

func (r *runner) source() string { return filepath.Join(r.goroot, "src") }
