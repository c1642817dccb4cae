package toolchain

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// machineSettings make the go command build for the machine.
var machineSettings = []string{"GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0"}

// A program is a main package that the user wants built.
type program struct {
	dir   string   // where the go command is run
	flags []string // that this kind of program needs
	args  []string // what the go command is told to build
	files bool     // args are .go files
	main  *listed
	all   []*listed // what it is made of

	settings []string // of the environment
}

// program finds out what the user's words stand for: a package (folder or import path), a package
// at a version, or .go files.
func (t *Toolchain) program(ctx context.Context, words []string, u *userFlags) (*program, error) {
	p := &program{dir: t.Dir, args: words}
	isFile := func(w string) bool { return strings.HasSuffix(w, ".go") }
	switch {
	case len(words) == 0:
		p.args = []string{"."}
	case slices.ContainsFunc(words, isFile):
		p.files = true
	case len(words) > 1:
		return nil, fmt.Errorf("an image is made of one program, but there are %d packages: name one", len(words))
	case strings.Contains(words[0], "@"):
		if err := t.versioned(ctx, p, words[0]); err != nil {
			return nil, err
		}
	}
	if err := t.findMain(ctx, p, words, u); err != nil {
		return nil, err
	}
	if t.inModuleCache(p.main) {
		if err := t.dependency(ctx, p, u); err != nil {
			return nil, err
		}
		if err := t.findMain(ctx, p, words, u); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// findMain finds the one main package that p's arguments, words to the user, stand for.
func (t *Toolchain) findMain(ctx context.Context, p *program, words []string, u *userFlags) error {
	p.main = nil
	packages, err := t.list(ctx, p.dir, p.settings, slices.Concat(u.line, p.flags), p.args...)
	if err != nil {
		return err
	}
	p.all = packages
	for _, l := range packages {
		if !l.DepOnly {
			if p.main != nil {
				return fmt.Errorf("an image is made of one program, but %s stands for several packages "+
					"(%s, %s, ...): name one", strings.Join(words, " "), p.main.ImportPath, l.ImportPath)
			}
			p.main = l
		}
	}
	if p.main == nil {
		return fmt.Errorf("%s stands for no package", strings.Join(words, " "))
	}
	if p.main.Name != "main" {
		return fmt.Errorf("%s is package %s, a library: give Ringo a program (a package main)", p.main.ImportPath, p.main.Name)
	}
	return nil
}

// list runs go list -deps for the machine.
func (t *Toolchain) list(ctx context.Context, dir string, settings, flags []string, args ...string) ([]*listed, error) {
	flags = slices.DeleteFunc(slices.Clone(flags), func(flag string) bool {
		name, _ := cutFlag(flag)
		return name == "o" || name == "v" || name == "x" || name == "n"
	})
	out, err := t.output(ctx, dir, slices.Concat(machineSettings, settings), slices.Concat([]string{"list", "-deps", listFields}, flags, []string{"--"}, args)...)
	if err != nil {
		return nil, err
	}
	return decodeList(out)
}

// withoutVariant returns the import path in "net [net.test]", which is package net as a test has it.
func withoutVariant(path string) string {
	path, _, _ = strings.Cut(path, " ")
	return path
}

// errNoPackage is what a program without a folder is.
var errNoPackage = errors.New("the program's folder is not known to the go command")

// added returns where the go command shall see the file that we add to the program.
func (p *program) added() (string, error) {
	if p.main.Dir == "" {
		return "", errNoPackage
	}
	return filepath.Join(p.main.Dir, mainFile), nil
}
