package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringo-os/ringo/linker"
)

func newRun(s *session) *cobra.Command {
	machine, flags := &machineFlags{}, &buildFlags{}
	var root string
	cmd := &cobra.Command{
		Use:   "run [FLAGS] [PACKAGE | IMAGE] [-- ARGUMENTS]",
		Short: "Boot a program in QEMU",
		Long: `Run builds a program, as ringo build does, and boots it in QEMU; or boots an image
that is there already. The machine's console is this terminal; what is piped into
ringo is the program's standard input, byte for byte. Ctrl-C is passed on to the
program; pressed twice in a row it turns the machine off. The exit status is the
program's.

  ringo run ./examples/hello
  ringo run -m 64M -p 8080:80 ./examples/web
  ringo run -e LOG=debug --root ./public golang.org/x/tools/cmd/present@latest -- -http :80

The machine has one network interface with an address by DHCP, from which the world
can be reached, and this host as 10.0.2.2; -p makes the machine reachable. A folder
given with --root is copied into the machine as its files.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			program := args
			var arguments []string
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				program, arguments = args[:dash], args[dash:]
			} else if len(args) > 1 && !strings.HasSuffix(args[0], ".go") {
				return fmt.Errorf("there is more than one program: put -- before the program's own arguments, as in `ringo run %s -- %s`",
					args[0], args[1])
			}
			c, err := machine.resolve()
			if err != nil {
				return err
			}
			temporary, err := os.MkdirTemp("", "ringo-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(temporary)
			if c.Image, err = s.image(cmd.Context(), program, flags.words, temporary); err != nil {
				return err
			}
			if root != "" {
				c.Initrd = filepath.Join(temporary, "root.cpio")
				if err := packFolder(root, "", c.Initrd, 0); err != nil {
					return err
				}
			}
			c.Words = append(c.Words, "arg0="+strings.TrimSuffix(programName(program), ".img"))
			c.Arguments = arguments
			return s.boot(cmd.Context(), c, 0)
		},
	}
	machine.register(cmd.Flags())
	cmd.Flags().StringVar(&root, "root", "", "copy the folder `DIR` into the machine, as its root folder")
	flags.register(cmd.Flags())
	return cmd
}

// image returns the image of a program: the one that it is, or one built into the folder temporary.
func (s *session) image(ctx context.Context, program, flags []string, temporary string) (string, error) {
	if len(program) == 1 && isELF(program[0]) {
		_, err := linker.ReadFile(program[0])
		return program[0], err
	}
	if len(program) == 1 && !strings.HasSuffix(program[0], ".go") {
		if info, err := os.Stat(program[0]); err == nil && info.Mode().IsRegular() {
			return "", fmt.Errorf("%s is no image: give ringo run an image that ringo build has made, a package or .go files", program[0])
		}
	}
	image := filepath.Join(temporary, "image")
	return image, s.build(ctx, program, flags, image)
}

// isELF reports whether a file is an executable.
func isELF(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	magic := make([]byte, 4)
	_, err = io.ReadFull(f, magic)
	return err == nil && string(magic) == "\x7fELF"
}
