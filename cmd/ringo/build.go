package main

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringo-os/ringo/linker"
	"github.com/ringo-os/ringo/toolchain"
)

func newBuild(s *session) *cobra.Command {
	var output string
	flags := &buildFlags{}
	cmd := &cobra.Command{
		Use:   "build [-o FILE] [PACKAGE]",
		Short: "Build a bootable image of a program",
		Long: `Build compiles a main package into an image that a hypervisor boots.

PACKAGE is what go build takes: a folder, an import path, or .go files; also
IMPORT/PATH@VERSION. Without one it is the package in the current folder. The
image is named after it, with .img, unless -o says otherwise.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if output == "" {
				output = imageName(args)
			}
			return s.build(cmd.Context(), args, flags.words(), output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write the image to `FILE`")
	flags.register(cmd.Flags())
	return cmd
}

// build makes a bootable image of a program.
func (s *session) build(ctx context.Context, program, flags []string, output string) error {
	tc, overlay, err := s.toolchain(ctx)
	if err != nil {
		return err
	}
	if info, err := os.Stat(output); err == nil && info.IsDir() {
		output = filepath.Join(output, imageName(program))
	}
	temporary, err := os.MkdirTemp("", "ringo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	executable := filepath.Join(temporary, "executable")
	if err := tc.Build(ctx, overlay, toolchain.Request{Program: program, Flags: flags, Output: executable}); err != nil {
		return err
	}
	return linker.BootableFile(executable, output)
}

// toolchain finds the go command and lays the kernel out for it.
func (s *session) toolchain(ctx context.Context) (*toolchain.Toolchain, *toolchain.Overlay, error) {
	options := toolchain.Options{Stdout: os.Stdout, Stderr: os.Stderr}
	if s.trace {
		options.Trace = os.Stderr
	}
	tc, err := toolchain.Find(ctx, options)
	if err != nil {
		return nil, nil, err
	}
	overlay, err := tc.Layout(ctx, toolchain.Ringo())
	return tc, overlay, err
}

// imageName is what an image is called unless the user says otherwise: like the program, as go
// build would name it, with .img.
func imageName(program []string) string {
	word := "."
	if len(program) > 0 {
		word = program[0]
	}
	word, _, _ = strings.Cut(word, "@")
	word = strings.TrimSuffix(word, ".go")
	if abs, err := filepath.Abs(word); err == nil {
		word = filepath.ToSlash(abs)
	}
	name := path.Base(word)
	if major := strings.TrimPrefix(name, "v"); major != name && major != "" && strings.Trim(major, "0123456789") == "" {
		name = path.Base(path.Dir(word)) // example.com/server/v2 is the server
	}
	return name + ".img"
}
