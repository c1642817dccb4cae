package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ringo-os/ringo/linker"
	"github.com/ringo-os/ringo/qemu"
)

// packShare is the share of a machine's memory that a test's files may take.
const packShare = 4

// quitTime is how long a test may take to end after a SIGQUIT, which go test sends to one that did not end by
// itself: five seconds later, at the earliest, go test kills us.
const quitTime = 4 * time.Second

// testVariables are the environment variables that exec takes over for tests: those that the Go
// runtime reads.
var testVariables = []string{"GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK"}

// execFlags are the flags of exec, which test has as well.
type execFlags struct {
	machine machineFlags
	files   []string
	exports []string
}

func (e *execFlags) register(set *pflag.FlagSet) {
	e.machine.register(set)
	set.StringArrayVar(&e.files, "file", nil, "copy the file or folder `PATH` into a test's machine, where it lies here; may be repeated")
	set.StringArrayVar(&e.exports, "export", nil, "bring the file or folder `PATH` back when the program has ended; may be repeated")
}

func newExec(s *session) *cobra.Command {
	flags := &execFlags{}
	cmd := &cobra.Command{
		Use:   "exec [FLAGS] BINARY [ARGUMENTS]",
		Short: "Boot what go build or go test has just made",
		Long: `Exec boots a binary that the go command has built with the flags that ringo goflags
prints, or an image. It is what ringo test hands to go test -exec:

  export GOFLAGS="$(ringo goflags ./...)" CGO_ENABLED=0 GOOS=linux GOARCH=amd64
  go test -exec 'ringo exec -m 512M' ./...

A test (a BINARY whose name ends in .test) finds the current folder, which is its
package's, in the machine under the same path, and is started there. The rest of
its module is there too, if all of that takes no more than a quarter of the
machine's memory (-m); if it takes more, the package's folder, go.mod and the
testdata folders beside and above it are. .git is left out; --file brings what lies
elsewhere.

The profiles, traces and coverage that a test's own flags ask for come back where
these flags say, as does what --export names: a folder's new and changed files,
below that folder. Anything else that is written is gone when the machine is off.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.exec(cmd.Context(), flags, args[0], args[1:])
		},
	}
	flags.register(cmd.Flags())
	cmd.Flags().SetInterspersed(false)
	return cmd
}

// exec boots a binary.
func (s *session) exec(ctx context.Context, flags *execFlags, binary string, arguments []string) error {
	c, err := flags.machine.resolve()
	if err != nil {
		return err
	}
	temporary, err := os.MkdirTemp("", "ringo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	c.Image = filepath.Join(temporary, "image")
	if err := linker.BootableFile(binary, c.Image); err != nil {
		return err
	}
	c.Arguments = arguments
	c.Words = append(c.Words, "arg0="+binary)
	for _, e := range flags.exports {
		absolute, err := filepath.Abs(e)
		if err != nil {
			return err
		}
		c.Export = append(c.Export, absolute)
	}
	var quit time.Duration
	var missing string // what a test may have looked for in vain
	if strings.HasSuffix(binary, ".test") {
		quit = quitTime
		if missing, err = prepareTest(c, flags.files, temporary); err != nil {
			return err
		}
	}
	c.ExportFile = filepath.Join(temporary, "export.cpio")
	err = s.boot(ctx, c, quit)
	if len(c.Export) > 0 {
		err = receive(c, err)
	}
	if err != nil && missing != "" {
		fmt.Fprintln(os.Stderr, "ringo: "+missing)
	}
	return err
}

// prepareTest makes a machine ready for a test of the package in the current folder. What it leaves out of the
// machine is told by missing, for the case that the test fails.
func prepareTest(c *qemu.Config, files []string, temporary string) (missing string, err error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	t := &testFiles{dir: dir}
	for _, f := range files {
		absolute, err := filepath.Abs(f)
		if err != nil {
			return "", err
		}
		t.others = append(t.others, absolute)
	}
	outputs := testOutputs(c.Arguments, dir)
	c.Export = append(c.Export, outputs...)
	t.outputs = outputs
	c.Initrd = filepath.Join(temporary, "root.cpio")
	if missing, err = t.pack(c.Initrd, int64(c.Memory)/packShare); err != nil {
		return "", err
	}
	c.Words = append(c.Words, "cwd="+filepath.ToSlash(dir))
	for _, name := range testVariables {
		if value, ok := os.LookupEnv(name); ok {
			c.Environment = append(c.Environment, name+"="+value)
		}
	}
	return missing, nil
}
