package main

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/toolchain/go126"
)

// machineSettings make the go command build for a machine.
var machineSettings = []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOWORK=off"}

// test builds the tests of a package and boots them, but those that match the regular expression skip.
func (r *runner) test(ctx context.Context, pkg, skip string) (*result, error) {
	goflags := exec.CommandContext(ctx, r.ringo, "-q", "goflags", pkg)
	goflags.Dir = r.source()
	var complaint bytes.Buffer
	goflags.Stderr = &complaint
	flags, err := goflags.Output()
	if err != nil {
		return nil, fmt.Errorf("ringo goflags %s: %v\n%s", pkg, err, complaint.Bytes())
	}
	machine := []string{r.ringo, "exec", "--smp", fmt.Sprint(*cores), "-m", defaultMemory, "-e", "GOROOT=" + r.goroot, "-e", "HOME=/root"}
	need := needs[pkg]
	if need.memory != "" {
		machine = append(machine, "-m", need.memory)
	}
	if strings.HasPrefix(pkg, "compress/") {
		need.files = compressed
	}
	for _, f := range need.files {
		machine = append(machine, "--file", filepath.Join(r.goroot, filepath.FromSlash(f)))
	}
	arguments := []string{"test", "-json", "-count=1", "-timeout", limit.String(), "-exec", strings.Join(machine, " ")}
	if *short {
		arguments = append(arguments, "-short")
	}
	if skip != "" {
		arguments = append(arguments, "-skip", skip)
	}
	if *only != "" {
		arguments = append(arguments, "-run", *only)
	}
	cmd := exec.CommandContext(ctx, "go", append(arguments, pkg)...)
	// The go command waits for the machine whatever it is told, so the machine is told as well.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Dir = r.source()
	cmd.Env = append(cmd.Environ(), append(machineSettings, "GOFLAGS="+strings.TrimSpace(string(flags)))...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout
	var log io.Writer = io.Discard
	if *logs != "" {
		if err := os.MkdirAll(*logs, 0o777); err != nil {
			return nil, err
		}
		f, err := os.Create(filepath.Join(*logs, strings.ReplaceAll(pkg, "/", "_")+".json"))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		log = f
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := newProgress()
	res, err := read(io.TeeReader(out, log), p.show)
	p.clear()
	cmd.Wait() // the result says how it went
	return res, err
}

// leftOut returns the tests of a package that are in files which the release leaves out, with the reasons.
func (r *runner) leftOut(pkg string) map[string]string {
	tests := map[string]string{}
	for _, l := range go126.Release.LeftOut {
		if path.Dir(l.File) != pkg {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(r.source(), filepath.FromSlash(l.File)), nil, parser.SkipObjectResolution)
		if err != nil {
			continue // ringo goflags has complained
		}
		for _, d := range f.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && d.Recv == nil && strings.HasPrefix(d.Name.Name, "Test") && d.Name.Name != "TestMain" {
				tests[d.Name.Name] = l.Reason
			}
		}
	}
	return tests
}
