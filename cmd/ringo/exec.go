package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringo-os/ringo/linker"
)

// packShare is the share of a machine's memory that the current folder may take.
const packShare = 4

// testVariables are the environment variables that exec takes over for tests: those that the Go
// runtime reads.
var testVariables = []string{"GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK"}

func newExec(s *session) *cobra.Command {
	machine := &machineFlags{}
	var files []string
	cmd := &cobra.Command{
		Use:   "exec [FLAGS] BINARY [ARGUMENTS]",
		Short: "Boot what go build or go test has just made",
		Long: `Exec boots a binary that the go command has built with the flags that ringo goflags
prints, or an image. It is made for go test -exec:

  export GOFLAGS="$(ringo goflags ./...)" CGO_ENABLED=0 GOOS=linux GOARCH=amd64
  go test -exec 'ringo exec -m 512M' ./...

A test (a BINARY whose name ends in .test) finds the current folder, which is its
package's, in the machine under the same path, and is started there; --file brings
other files and folders that it reaches. All of them may take a quarter of the
machine's memory (-m); .git is left out. What the test writes is gone when the
machine is off.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := machine.resolve()
			if err != nil {
				return err
			}
			temporary, err := os.MkdirTemp("", "ringo-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(temporary)
			c.Image = filepath.Join(temporary, "image")
			if err := linker.BootableFile(args[0], c.Image); err != nil {
				return err
			}
			c.Arguments = args[1:]
			c.Words = append(c.Words, "arg0="+args[0])
			if strings.HasSuffix(args[0], ".test") {
				dir, err := os.Getwd()
				if err != nil {
					return err
				}
				c.Initrd = filepath.Join(temporary, "root.cpio")
				if err := packTest(dir, files, c.Initrd, int64(c.Memory)/packShare); err != nil {
					return err
				}
				c.Words = append(c.Words, "cwd="+filepath.ToSlash(dir))
				for _, name := range testVariables {
					if value, ok := os.LookupEnv(name); ok {
						c.Environment = append(c.Environment, name+"="+value)
					}
				}
			}
			return s.boot(cmd.Context(), c)
		},
	}
	machine.register(cmd.Flags())
	cmd.Flags().StringArrayVar(&files, "file", nil, "copy the file or folder `PATH` into a test's machine, where it lies here; may be repeated")
	cmd.Flags().SetInterspersed(false)
	return cmd
}

// packTest packs the folder that a test runs in, and files. If the folder is no package's, it may be a large
// one, which is left empty then.
func packTest(dir string, files []string, archive string, limit int64) error {
	var others []tree
	for _, f := range files {
		absolute, err := filepath.Abs(f)
		if err != nil {
			return err
		}
		others = append(others, tree{absolute, absolute})
	}
	err := pack(append([]tree{{dir, dir}}, others...), archive, limit, ".git")
	if !errors.Is(err, errTooMuch) {
		return err
	}
	if sources, _ := filepath.Glob(filepath.Join(dir, "*.go")); len(sources) > 0 || len(files) > 0 {
		return fmt.Errorf("the files in %s, the package's folder, and those of --file take more than %d MiB, a quarter of the machine's memory: "+
			"give it more with -m", dir, limit>>20)
	}
	fmt.Fprintf(os.Stderr, "ringo: the folder %s is empty in the machine: its files take more than %d MiB, a quarter of the machine's memory (-m)\n",
		dir, limit>>20)
	empty, err := os.MkdirTemp("", "ringo-")
	if err != nil {
		return err
	}
	defer os.Remove(empty)
	return packFolder(empty, dir, archive, 0)
}
