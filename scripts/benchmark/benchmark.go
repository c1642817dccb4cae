// Package benchmark is what the benchmarks have in common: Debian's kernel for virtual machines to
// compare with, guests that are started in the same QEMU, results that a program prints on its
// console, and tables in BENCHMARKS.md.
//
// Under emulation only ratios of the same run mean anything, so whatever is compared is measured by
// turns. The measured program is an ordinary Go program, the same for all guests.
package benchmark

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Progress tells the user what happens.
func Progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s: %s\n", filepath.Base(os.Args[0]), fmt.Sprintf(format, args...))
}

// Output runs a command in a folder and returns what it prints.
func Output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var messages bytes.Buffer
	cmd.Stderr = &messages
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, &messages)
	}
	return string(out), err
}

// A Builder builds programs in a folder, each for both systems.
type Builder struct {
	dir string
}

// NewBuilder builds the ringo command in dir. Init is there, too.
func NewBuilder(ctx context.Context, dir string) (*Builder, error) {
	b := &Builder{dir}
	if err := b.run(ctx, "go", "build", "-o", b.in("ringo"), "./cmd/ringo"); err != nil {
		return nil, err
	}
	return b, b.run(ctx, "go", "build", "-o", b.Init(), "./scripts/benchmark/init")
}

// Build builds a package as a Linux program and as an image, with the same flags.
func (b *Builder) Build(ctx context.Context, pkg string, flags ...string) (program, image string, err error) {
	program = b.in(filepath.Base(pkg))
	image = program + ".img"
	if err := b.run(ctx, "go", slices.Concat([]string{"build", "-o", program}, flags, []string{pkg})...); err != nil {
		return "", "", err
	}
	return program, image, b.run(ctx, b.in("ringo"), slices.Concat([]string{"build", "-q", "-o", image}, flags, []string{pkg})...)
}

// Init is the first program of a Linux guest, as built.
func (b *Builder) Init() string { return b.in("init") }

func (b *Builder) in(name string) string { return filepath.Join(b.dir, name) }

func (b *Builder) run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
	}
	return nil
}
