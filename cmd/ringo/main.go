// Ringo builds ordinary Go programs into machines and runs them: see `ringo help`.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ringo-os/ringo/toolchain"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := execute(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}

// execute runs the command line and returns the exit status.
func execute(ctx context.Context, args []string) int {
	root := newRoot()
	root.SetArgs(goStyle(root, args))
	err := root.ExecuteContext(ctx)
	var status exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		if status.why != nil {
			fmt.Fprintf(os.Stderr, "ringo: %v\n", status.why)
		}
		return status.code
	case ctx.Err() != nil:
		return 128 + 2 // as the shell has it for SIGINT
	case errors.Is(err, toolchain.ErrSaid): // the go command has told the user
		return 1
	}
	fmt.Fprintf(os.Stderr, "ringo: %v\n", err)
	return 1
}

// An exitStatus ends ringo with a program's exit status.
type exitStatus struct {
	code int
	why  error // nil: nothing to say
}

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", s.code) }

// A session is what all commands share.
type session struct {
	quiet, trace bool
}

func newRoot() *cobra.Command {
	s := &session{}
	root := &cobra.Command{
		Use:   "ringo",
		Short: "Run a Go program as a machine of its own",
		Long: `Ringo turns an ordinary Go program into a machine: it compiles the program with
the Go toolchain that is installed, lays a small operating system under it, and
boots the result. The program is not changed, and there is no Linux below it.

  ringo run -p 8080:80 ./cmd/server      boot a program, port 80 reachable as 8080
  ringo build -o server.img ./cmd/server make an image of it
  ringo run server.img -- -v             boot the image, with an argument
  ringo test ./...                       go test, each package in a machine
  ringo doctor                           what is missing on this computer?

An image boots in any hypervisor that knows PVH, without ringo:

  qemu-system-x86_64 -M microvm,rtc=on -nographic -m 256M -kernel server.img -append '-- -v'`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().BoolVarP(&s.quiet, "quiet", "q", false, "say nothing but errors")
	root.PersistentFlags().BoolVarP(&s.trace, "trace", "x", false, "print each command that is run")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%v: see `%s --help`", err, cmd.CommandPath())
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newBuild(s), newRun(s), newTest(s), newExec(s), newGoFlags(s), newDoctor(s), newVersion())
	for _, cmd := range root.Commands() {
		cmd.DisableFlagsInUseLine = true // the use line says it better
	}
	return root
}
