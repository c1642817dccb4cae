package toolchain

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
)

// A Request says what to build.
type Request struct {
	// Program is a package (folder, import path, or one of them @version), or .go files.
	Program []string
	// Flags are the user's flags for go build, as -name=value.
	Flags []string
	// Output is the file to write.
	Output string
}

// Build builds a program with the kernel under it. The result is what the Go linker made: package
// linker turns it into something that boots.
func (t *Toolchain) Build(ctx context.Context, o *Overlay, r Request) error {
	u, err := t.userFlags(r.Flags)
	if err != nil {
		return err
	}
	p, err := t.program(ctx, r.Program, u)
	if err != nil {
		return err
	}
	target, err := p.added()
	if err != nil {
		return err
	}
	file, err := t.added(o, "main", p.main.Deps, nil, usesNetwork(append(slices.Clone(p.main.Deps), p.main.ImportPath), p.all))
	if err != nil {
		return err
	}
	overlay, err := t.overlayFile(o, u, map[string]string{target: file})
	if err != nil {
		return err
	}
	args := p.args
	if p.files { // the go command takes these files only, whatever the overlay says
		args = append(slices.Clone(args), filepath.Join(filepath.Dir(args[0]), mainFile))
	}
	t.step(fmt.Sprintf("compiling %s", p.main.ImportPath))
	args = slices.Concat([]string{"build", "-o=" + t.abs(r.Output)}, u.line, p.flags, o.flags(overlay, u), []string{"--"}, args)
	return said(t.command(ctx, p.dir, slices.Concat(machineSettings, p.settings), args...).Run())
}
