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

PACKAGE is what go build takes: a folder, an import path or .go files; also
IMPORT/PATH@VERSION. Without one it is the package in the current folder. The
image is named after it, with .img, unless -o says otherwise.

Nothing is written into the program's folder but the image.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if output == "" {
				output = imageName(args)
			}
			return s.build(cmd.Context(), args, flags.words, output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write the image to `FILE` or into that folder")
	flags.register(cmd.Flags())
	return cmd
}

// build makes a bootable image of a program.
func (s *session) build(ctx context.Context, program, flags []string, output string) error {
	if info, err := os.Stat(output); err == nil && info.IsDir() {
		output = filepath.Join(output, imageName(program))
	}
	tc, overlay, done, err := s.toolchain(ctx)
	if err != nil {
		return err
	}
	defer done()
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

// toolchain finds the go command and lays the kernel out for it. The caller calls done when it has
// finished with them.
func (s *session) toolchain(ctx context.Context) (tc *toolchain.Toolchain, overlay *toolchain.Overlay, done func(), err error) {
	progress := newProgress(s.quiet || s.trace)
	options := toolchain.Options{Stdout: progress.around(os.Stdout), Stderr: progress.around(os.Stderr), Step: progress.step}
	if s.trace {
		options.Trace = os.Stderr
	}
	if tc, err = toolchain.Find(ctx, options); err == nil {
		overlay, err = tc.Layout(ctx, toolchain.Ringo())
	}
	if err != nil {
		progress.stop()
		return nil, nil, nil, err
	}
	return tc, overlay, progress.stop, nil
}

// programName is what go build would call a program.
func programName(program []string) string {
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
	return name
}

// imageName is what a program's image is called unless the user says otherwise.
func imageName(program []string) string { return programName(program) + ".img" }
