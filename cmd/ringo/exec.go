package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringo-os/ringo/linker"
)

// packLimit is how large the current folder may be to be copied into the machine.
const packLimit = 64 << 20

// testVariables are the environment variables that exec takes over for tests: those that the Go
// runtime reads.
var testVariables = []string{"GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK"}

func newExec(s *session) *cobra.Command {
	machine := &machineFlags{}
	cmd := &cobra.Command{
		Use:   "exec [FLAGS] BINARY [ARGUMENTS]",
		Short: "Boot what go build or go test has just made",
		Long: `Exec boots a binary that the go command has built with the flags that ringo goflags
prints, or an image. It is made for go test -exec:

  export GOFLAGS="$(ringo goflags ./...)" CGO_ENABLED=0 GOOS=linux GOARCH=amd64
  go test -exec 'ringo exec -m 512M' ./...

A test (a BINARY whose name ends in .test) finds the current folder, which is its
package's, in the machine under the same path, with up to 64 MiB of files in it, and
is started there. What it writes is gone when the machine is off.`,
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
				if err := packFolder(dir, dir, c.Initrd, packLimit); err != nil {
					return fmt.Errorf("the test's folder cannot be copied into the machine: %w", err)
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
	cmd.Flags().SetInterspersed(false)
	return cmd
}
