package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ringo-os/ringo/qemu"
	"github.com/ringo-os/ringo/toolchain"
)

// statusUsage is the exit status for a command line that go test would not take either.
const statusUsage = 2

func newTest(s *session) *cobra.Command {
	flags := &execFlags{}
	cmd := &cobra.Command{
		Use:   "test [FLAGS] [PACKAGES] [FLAGS] [-args ARGUMENTS]",
		Short: "go test, with each package's tests in a machine of their own",
		Long: `Test stands where go test stands: it takes go test's flags and packages, builds each
package's test binary with the kernel under it, boots it, and prints and returns
what go test does.

  ringo test ./...
  ringo test -v -run Server --smp 4 -m 512M ./server
  ringo test -bench . -cpuprofile cpu.out ./codec
  ringo test -coverprofile cover.out ./...
  ringo test --export testdata ./golden -update

Flags with one dash are go test's (go help test, go help testflag, go help build) or
the tests' own, and mean what they mean there. Flags with two dashes, and -m, -e, -w
and -q, are for the machine, and are those of ringo run; they may stand anywhere
before -args.

A test is started in its package's folder, which is in the machine under the same
path, with the rest of its module if all that takes no more than a quarter of the
machine's memory; --file brings what lies elsewhere. It gets the environment
variables that -e names, and those that Go's runtime reads. Profiles, traces and
coverage come back to where go test puts them, and so does what --export names.
Anything else that a test writes is gone when its machine is off.

A test that runs for longer than -timeout ends with what its goroutines do. Ctrl-\
shows that at once.

What differs: results are not cached, as with any go test -exec; go vet's findings
come first, and the tests run all the same; tests that start processes cannot; -fuzz,
-race and -exec are refused.`,
		DisableFlagParsing: true, // go test's are not ours to know
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := parseTest(args)
			if err != nil {
				return exitStatus{statusUsage, fmt.Errorf("%w: see `ringo help test`", err)}
			}
			if c.help {
				return cmd.Help()
			}
			s.quiet, s.trace = s.quiet || c.quiet, s.trace || c.trace
			return s.test(cmd.Context(), c)
		},
	}
	flags.register(cmd.Flags())
	cmd.Flags().Lookup("publish").Shorthand = "" // -p is go test's
	return cmd
}

// test runs tests.
func (s *session) test(ctx context.Context, c *testCommand) error {
	config, err := checkOwn(c.own)
	if err != nil {
		return exitStatus{statusUsage, err}
	}
	if err := config.Installed(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir := ""
	if c.dir != "" {
		if dir, err = filepath.Abs(c.dir); err != nil {
			return err
		}
	}
	heard := newCgoListener()
	tc, overlay, done, err := s.toolchain(ctx, dir, heard)
	if err != nil {
		return err
	}
	defer done()
	c.request.Exec = slices.Concat([]string{self, "exec", "-q"}, c.own)
	run, err := tc.Test(ctx, overlay, c.request)
	switch {
	case errors.Is(err, toolchain.ErrSaid):
		return exitStatus{code: 1}
	case err != nil:
		return exitStatus{statusUsage, err}
	}
	done() // what follows is go test's own
	fmt.Fprint(os.Stderr, run.Findings)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP)
	defer signal.Stop(signals)
	status, err := run.Run(os.Stdout, heard, signals)
	if err != nil {
		return err
	}
	heard.explain()
	if status == 0 && run.Findings != "" {
		return exitStatus{1, errors.New("go vet has found mistakes: they are above the tests' results; -vet=off does without it")}
	}
	if status != 0 {
		return exitStatus{code: status}
	}
	return nil
}

// checkOwn finds mistakes in our flags before anything is built.
func checkOwn(words []string) (*qemu.Config, error) {
	flags := &execFlags{}
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	flags.register(set)
	if err := set.Parse(words); err != nil {
		return nil, err
	}
	return flags.machine.resolve()
}
