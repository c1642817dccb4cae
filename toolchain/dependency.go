package toolchain

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// dependency prepares a program that belongs to a module in the module cache, which the user's module requires: such a
// tool is named without a version. The go command refuses to overlay files there. So it gets a copy of go.mod by which
// that module, at the version chosen already, lies behind a symbolic link.
func (t *Toolchain) dependency(ctx context.Context, p *program, u *userFlags) error {
	m := p.main.Module
	if work := t.env["GOWORK"]; work != "" && work != "off" {
		return fmt.Errorf("%s is in the module cache, where Ringo cannot add to it, and %s hides which version is meant: "+
			"write it as %s@%s", p.main.ImportPath, work, p.main.ImportPath, m.Version)
	}
	name, err := t.modFile(ctx, p, u)
	if err != nil {
		return err
	}
	mod, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	f, err := modfile.Parse(name, mod, nil)
	if err != nil {
		return err
	}
	sum, err := os.ReadFile(strings.TrimSuffix(name, ".mod") + ".sum")
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	id := newKey("dependency")
	id.add(string(mod), string(sum), m.Path, m.Dir)
	dir := filepath.Join(t.Cache, "dependency", id.String())
	for _, r := range slices.Clone(f.Replace) {
		if r.Old.Path == m.Path {
			if err := f.DropReplace(r.Old.Path, r.Old.Version); err != nil {
				return err
			}
		}
	}
	if err := f.AddReplace(m.Path, "", filepath.Join(dir, "source"), ""); err != nil {
		return err
	}
	if mod, err = f.Format(); err != nil {
		return err
	}
	_, err = t.cached("dependency", id.String(), func(dir string) error {
		if err := writeFile(filepath.Join(dir, "go.mod"), mod); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, "go.sum"), sum); err != nil {
			return err
		}
		return os.Symlink(m.Dir, filepath.Join(dir, "source"))
	})
	p.flags = []string{"-modfile=" + filepath.Join(dir, "go.mod")}
	return err
}

// inModuleCache reports whether the go command would refuse to add to the package.
func (t *Toolchain) inModuleCache(l *listed) bool {
	cache := t.env["GOMODCACHE"]
	return cache != "" && strings.HasPrefix(l.Dir, cache+string(filepath.Separator)) && l.Module != nil
}

// modFile returns the go.mod file that counts: the user's module's, or that of -modfile.
func (t *Toolchain) modFile(ctx context.Context, p *program, u *userFlags) (string, error) {
	env, err := splitFlags(t.env["GOFLAGS"])
	if err != nil {
		return "", err
	}
	for _, flag := range slices.Backward(slices.Concat(env, u.line)) {
		if name, value := cutFlag(flag); name == "modfile" {
			return t.abs(value), nil
		}
	}
	out, err := t.output(ctx, p.dir, p.settings, "env", "GOMOD")
	return strings.TrimSpace(string(out)), err
}
