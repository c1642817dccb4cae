package toolchain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ringo-os/ringo/toolchain/release"
)

// Options of a Toolchain. The zero value is good.
type Options struct {
	// Go is the go command; empty means the one in PATH.
	Go string
	// Cache is where laid-out files are kept; empty means $RINGO_CACHE or ringo in the user's
	// cache folder.
	Cache string
	// Dir is the folder in which package arguments are understood; empty means the current one.
	Dir string
	// Trace, if set, gets every command that is run, as go build -x prints it.
	Trace io.Writer
	// Stdout and Stderr are where the go command's own messages go; nil means nowhere.
	Stdout, Stderr io.Writer
	// Step, if set, is called when something that takes long begins.
	Step func(what string)
}

// A Toolchain is a go command of a version that Ringo knows.
type Toolchain struct {
	Options
	// Version is the full version, as in "go1.26.8".
	Version string
	// GOROOT is where its standard library is.
	GOROOT string

	env map[string]string
}

// Find looks for the go command. It does not ask for a supported version: Release does.
func Find(ctx context.Context, o Options) (*Toolchain, error) {
	t := &Toolchain{Options: o}
	if t.Go == "" {
		t.Go = "go"
	}
	path, err := exec.LookPath(t.Go)
	if err != nil {
		return nil, errors.New("the go command is not in PATH: install Go from https://go.dev/dl/ " +
			"(Ringo works with " + SupportedVersions() + ")")
	}
	t.Go = path
	if t.Dir == "" {
		t.Dir = "."
	}
	if t.Dir, err = filepath.Abs(t.Dir); err != nil {
		return nil, err
	}
	if t.Cache == "" {
		if t.Cache, err = cacheFolder(); err != nil {
			return nil, err
		}
	}
	out, err := t.output(ctx, t.Dir, nil, "env", "-json", "GOVERSION", "GOROOT", "GOMODCACHE", "GOFLAGS",
		"GOEXPERIMENT", "GOAMD64", "GOWORK")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, &t.env); err != nil {
		return nil, fmt.Errorf("%s env -json does not answer in JSON: %v; is it the go command?", t.Go, err)
	}
	t.Version, t.GOROOT = t.env["GOVERSION"], t.env["GOROOT"]
	return t, nil
}

// Release returns the one of known that this toolchain is.
func (t *Toolchain) Release(known []*release.Release) (*release.Release, error) {
	version, _, _ := strings.Cut(t.Version, " ") // "go1.26.8 X:experiment"
	for _, r := range known {
		if version == r.Go || strings.HasPrefix(version, r.Go+".") || strings.HasPrefix(version, r.Go+"-") {
			return r, nil
		}
	}
	return nil, fmt.Errorf("%s is Go version %s, but Ringo works with %s: install one of those and put it "+
		"first in PATH (go install golang.org/dl/%s.0@latest helps)", t.Go, t.Version, SupportedVersions(), known[len(known)-1].Go)
}

// SupportedVersions names the Go versions that Ringo works with, as in "go1.26.x".
func SupportedVersions() string {
	var names []string
	for _, r := range Supported {
		names = append(names, r.Go+".x")
	}
	return strings.Join(names, ", ")
}

// output runs the go command in dir with settings added to the environment and returns what it
// prints. What it says on stderr goes to the user.
func (t *Toolchain) output(ctx context.Context, dir string, settings []string, args ...string) ([]byte, error) {
	cmd := t.command(ctx, dir, settings, args...)
	cmd.Stdout = nil
	out, err := cmd.Output()
	return out, said(err)
}

// command prepares a run of the go command.
func (t *Toolchain) command(ctx context.Context, dir string, settings []string, args ...string) *exec.Cmd {
	settings = append([]string{"GOTOOLCHAIN=local", "PWD=" + dir}, settings...)
	if t.Trace != nil {
		fmt.Fprintf(t.Trace, "cd %s && %s\n", quote(dir), quoteAll(slices.Concat(settings[2:], []string{t.Go}, args)))
	}
	cmd := exec.CommandContext(ctx, t.Go, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), settings...)
	cmd.Stdout, cmd.Stderr = t.Stdout, t.Stderr
	return cmd
}

// ErrSaid means that the go command has failed and has told the user why.
var ErrSaid = errors.New("the go command failed")

// said turns a failed run, which has printed its own message, into ErrSaid.
func said(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return ErrSaid
	}
	return err
}

func (t *Toolchain) step(what string) {
	if t.Step != nil {
		t.Step(what)
	}
}
