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
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	os.Exit(execute(ctx, os.Args[1:]))
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
		return int(status)
	case errors.Is(err, toolchain.ErrSaid): // the go command has told the user
		return 1
	}
	fmt.Fprintf(os.Stderr, "ringo: %v\n", err)
	return 1
}

// An exitStatus ends the command with a status and nothing to say.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

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
boots the result. The program is not changed, and needs no Linux.

	ringo run ./cmd/server -p 8080:80    boots the program, and forwards a port to it
	ringo build -o server.img ./cmd/server
	qemu-system-x86_64 -M microvm -nographic -kernel server.img -append 'console=com1 -- -v'`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().BoolVarP(&s.quiet, "quiet", "q", false, "say nothing but errors")
	root.PersistentFlags().BoolVarP(&s.trace, "trace", "x", false, "print every command that is run")
	root.AddCommand(newBuild(s))
	return root
}
