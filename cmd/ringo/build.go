package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
		Use:   "build [FLAGS] [-o FILE] [PACKAGE]",
		Short: "Build a bootable image of a program",
		Long: `Build compiles a main package into an image that a hypervisor boots.

PACKAGE is what go build takes: a folder, an import path or .go files; also
IMPORT/PATH@VERSION. Without one it is the package in the current folder. The
image is named after it, with .img, unless -o says otherwise.

Nothing is written into the program's folder but the image.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if output == "" {
				output = imageName(args)
			} else if strings.HasSuffix(output, "/") { // a folder, as go build has it
				if err := os.MkdirAll(output, 0o777); err != nil {
					return err
				}
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
	heard := newCgoListener()
	tc, overlay, done, err := s.toolchain(ctx, "", heard)
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
	err = tc.Build(ctx, overlay, toolchain.Request{Program: program, Flags: flags, Output: executable})
	if errors.Is(err, toolchain.ErrSaid) {
		heard.explain()
	}
	if err != nil {
		return err
	}
	return linker.BootableFile(executable, output)
}

// toolchain finds the go command and lays the kernel out for it; stderr gets what the go command says. Packages
// are understood in the folder dir, "" for the current one.
// The caller calls done when it has finished with them.
func (s *session) toolchain(ctx context.Context, dir string, stderr io.Writer) (tc *toolchain.Toolchain, overlay *toolchain.Overlay, done func(), err error) {
	progress := newProgress(s.quiet || s.trace)
	options := toolchain.Options{Dir: dir, Stdout: progress.around(os.Stdout), Stderr: progress.around(stderr), Step: progress.step}
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

// A listener passes on what is written to it, and listens for a text.
type listener struct {
	to   io.Writer
	text string
	yes  bool // it was there
}

// newCgoListener listens for what the go command says of packages that need cgo.
func newCgoListener() *listener {
	return &listener{to: os.Stderr, text: "build constraints exclude all Go files"}
}

// explain says how that came about, if it was said.
func (l *listener) explain() {
	if l.yes {
		fmt.Fprintln(os.Stderr, "ringo: programs are built without cgo, which leaves out files that import \"C\": "+
			"look for a build tag with which the package does without")
	}
}

func (l *listener) Write(p []byte) (int, error) {
	l.yes = l.yes || bytes.Contains(p, []byte(l.text))
	return l.to.Write(p)
}
