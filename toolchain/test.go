package toolchain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A TestRequest says which tests to run, and how.
type TestRequest struct {
	// Packages are patterns of packages; none is the package in the current folder, in go test's own mode
	// for that.
	Packages []string
	// Build are the user's flags for go build, Flags those for go test, both as -name=value.
	Build, Flags []string
	// Rest is what else is on the command line: flags and arguments of the tests' own.
	Rest []string
	// Vet is the value of -vet, "" for those checks that go test makes if it has no such flag.
	Vet string
	// Exec is the command that is given a test binary, and its arguments, to run.
	Exec []string
}

// A TestRun is a run of go test that has been prepared.
type TestRun struct {
	t    *Toolchain
	args []string
	// Findings is what go vet says about the packages. Where there is something, the run fails.
	Findings string
}

// Test prepares a run of go test, in which each test binary has the kernel under it, and vets the packages.
// What the go command has to say of packages that cannot be built it says in the run.
func (t *Toolchain) Test(ctx context.Context, o *Overlay, r TestRequest) (*TestRun, error) {
	u, err := t.userFlags(r.Build)
	if err != nil {
		return nil, err
	}
	t.step("looking for packages")
	added, err := t.addedTests(ctx, o, u, r.Packages, "-test", "-e")
	if err != nil {
		return nil, err
	}
	overlay, err := t.overlayFile(o, u, added)
	if err != nil {
		return nil, err
	}
	for _, w := range r.Exec {
		if strings.Contains(w, "'") && strings.Contains(w, `"`) {
			return nil, fmt.Errorf("go test can hand on no word with both kinds of quotes, as in %s: leave one kind out", w)
		}
	}
	findings, err := t.vet(ctx, u, r.Packages, r.Vet)
	if err != nil {
		return nil, err
	}
	args := slices.Concat([]string{"test"}, u.line, o.flags(overlay, u), r.Flags,
		[]string{"-vet=off", "-exec=" + joinFlags(r.Exec)}, r.Packages)
	if len(r.Rest) > 0 && !strings.HasPrefix(r.Rest[0], "-") {
		args = append(args, "-args") // or it would be taken for a package
	}
	return &TestRun{t: t, args: append(args, r.Rest...), Findings: findings}, nil
}

// Run runs the tests, and returns go test's exit status. Signals are passed on to go test and to what it has
// started.
func (r *TestRun) Run(stdout, stderr io.Writer, signals <-chan os.Signal) (status int, err error) {
	cmd := r.t.command(context.Background(), r.t.Dir, machineSettings, r.args...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	group(cmd)
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				signalGroup(cmd.Process, s)
			case <-done:
				return
			}
		}
	}()
	err = cmd.Wait()
	close(done)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	return shellStatus(exit.ProcessState), nil
}

// vet vets packages as go test does, but without the kernel: vet looks at each package that a test needs, in its
// folder, and some of the kernel's have none. It returns the findings as the go command prints them.
func (t *Toolchain) vet(ctx context.Context, u *userFlags, packages []string, checks string) (string, error) {
	if checks == "off" {
		return "", nil
	}
	release, err := t.Release(Supported)
	if err != nil {
		return "", err
	}
	args := []string{"vet", "-json"}
	switch checks {
	case "":
		for _, c := range release.Vet {
			args = append(args, "-"+c)
		}
	case "all":
	default:
		for c := range strings.SplitSeq(checks, ",") {
			args = append(args, "-"+c)
		}
	}
	args = append(args, u.line...)
	if u.overlay != "" {
		args = append(args, "-overlay="+t.abs(u.overlay))
	}
	t.step("vetting")
	cmd := t.command(ctx, t.Dir, machineSettings, append(args, packages...)...)
	cmd.Stdout, cmd.Stderr = nil, nil // go test says the same of what does not compile
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 2 {
		return "", fmt.Errorf("-vet=%s is nothing for go vet: %s", checks, firstLine(exit.Stderr))
	}
	return t.findings(out), ctx.Err()
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

// findings makes text of what go vet -json prints: an object for each package, with the findings of each check.
func (t *Toolchain) findings(out []byte) string {
	var text strings.Builder
	seen := map[string]bool{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var packages map[string]map[string]json.RawMessage
		if d.Decode(&packages) != nil {
			return text.String()
		}
		for _, p := range slices.Sorted(maps.Keys(packages)) {
			header := fmt.Sprintf("# %s\n# [%s]\n", withoutVariant(p), withoutVariant(p))
			for _, check := range slices.Sorted(maps.Keys(packages[p])) {
				var found []struct{ Posn, Message string }
				if json.Unmarshal(packages[p][check], &found) != nil {
					continue // the check itself has failed
				}
				for _, f := range found {
					line := t.short(f.Posn) + ": " + f.Message + "\n"
					if seen[line] {
						continue // in the package, and in its variant with tests
					}
					seen[line] = true
					text.WriteString(header + line)
					header = ""
				}
			}
		}
	}
}

// short shortens a path to one that is relative to the current folder, as the go command does.
func (t *Toolchain) short(name string) string {
	below, err := filepath.Rel(t.Dir, name)
	if err != nil || len(below) >= len(name) {
		return name
	}
	if !strings.HasPrefix(below, ".") {
		below = "." + string(filepath.Separator) + below
	}
	return below
}
