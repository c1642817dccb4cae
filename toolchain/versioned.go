package toolchain

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// versioned prepares a program that is given as package@version. The go command refuses to overlay
// files of the module cache, so the program is built in a module of our own that requires the
// program's and finds it through a symbolic link. Its go and godebug lines are the program's.
func (t *Toolchain) versioned(ctx context.Context, p *program, word string) error {
	pkg, version, _ := strings.Cut(word, "@")
	if pkg == "" || version == "" || strings.HasPrefix(pkg, ".") || filepath.IsAbs(pkg) {
		return fmt.Errorf("%s is no package: write it as import/path@version", word)
	}
	if err := os.MkdirAll(t.Cache, 0o777); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(t.Cache, "get-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	const header = "module ringo.invalid/program\n"
	if err := writeFile(filepath.Join(dir, "go.mod"), []byte(header)); err != nil {
		return err
	}
	settings := append([]string{"GOWORK=off"}, machineSettings...)

	// go get tells at length what it does; that matters only when it fails.
	var messages bytes.Buffer
	get := t.command(ctx, dir, settings, "get", word)
	get.Stdout, get.Stderr = &messages, &messages
	if err := get.Run(); err != nil {
		if t.Stderr != nil {
			t.Stderr.Write(messages.Bytes())
		}
		return said(err)
	}
	out, err := t.output(ctx, dir, settings, "list", "-mod=mod", "-json=Dir,ImportPath,Module", pkg)
	if err != nil {
		return err
	}
	var l listed
	if err := json.Unmarshal(out, &l); err != nil {
		return err
	}
	if l.Module == nil || l.Module.Dir == "" {
		return fmt.Errorf("%s is not part of a module: build it without a version", pkg)
	}
	mod := fmt.Sprintf("%s\nrequire %s %s\n\nreplace %s => ./source\n", header, l.Module.Path, l.Module.Version, l.Module.Path)
	lines, err := inherited(filepath.Join(l.Module.Dir, "go.mod"))
	if err != nil {
		return err
	}
	mod += lines
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	id := newKey("module")
	id.add(mod, string(sum), l.Module.Dir)
	p.dir, err = t.cached("module", id.String(), func(dir string) error {
		if err := writeFile(filepath.Join(dir, "go.mod"), []byte(mod)); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, "go.sum"), sum); err != nil {
			return err
		}
		return os.Symlink(l.Module.Dir, filepath.Join(dir, "source"))
	})
	// Our module's place in the cache shall not be seen in the image.
	p.args, p.flags = []string{pkg}, []string{"-mod=mod", "-trimpath"}
	p.settings = []string{"GOWORK=off"}
	return err
}

// inherited returns the go and godebug lines of a go.mod file.
func inherited(name string) (string, error) {
	data, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	f, err := modfile.Parse(name, data, nil)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if f.Go != nil {
		fmt.Fprintf(&b, "\ngo %s\n", f.Go.Version)
	}
	for _, g := range f.Godebug {
		fmt.Fprintf(&b, "\ngodebug %s=%s\n", g.Key, g.Value)
	}
	return b.String(), nil
}
