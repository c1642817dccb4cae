package toolchain

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Prefix is the import path, in the standard library, below which the kernel is laid out.
const Prefix = "ringo_os"

// A listed package is what go list says about one.
type listed struct {
	Dir, ImportPath, Name string
	Standard              bool
	GoFiles               []string
	SFiles                []string
	EmbedFiles            []string
	CgoFiles              []string
	TestGoFiles           []string
	XTestGoFiles          []string
	Imports               []string
	Deps                  []string
	ForTest               string
	DepOnly               bool
	Error                 *struct{ Err string }
	Module                *struct {
		Path, Version, Dir, GoMod string
		Main                      bool
	}
}

// listFields are the fields of listed, for go list.
const listFields = "-json=Dir,ImportPath,Name,Standard,GoFiles,SFiles,EmbedFiles,CgoFiles,TestGoFiles,XTestGoFiles,Imports,Deps,ForTest,DepOnly,Error,Module"

// A closure is every package that the kernel consists of.
type closure struct {
	// packages are those that are laid out: not in the standard library. Sorted by import path.
	packages []*listed
	// late are the import paths, as laid out, of everything that the late kernel needs, the
	// standard library's packages included. Sorted.
	late []string
	// paths maps the import path of each of packages to the one it is laid out under.
	paths map[string]string
}

// laidOut returns the import path in the standard library for a package of ours or of a module
// that ours needs.
func laidOut(module, importPath string) string {
	if importPath == module {
		return Prefix
	}
	if rest, ok := strings.CutPrefix(importPath, module+"/"); ok {
		return Prefix + "/" + rest
	}
	return Prefix + "/dep/" + importPath
}

// close finds the kernel's packages: those that the runtime's own files import, and the late
// kernel's.
func (t *Toolchain) close(ctx context.Context, k Kernel, src *source, files string) (*closure, error) {
	early, err := importsBelow(os.DirFS(src.dir), files, k.Module)
	if err != nil {
		return nil, err
	}
	roots := append(early, k.Module+"/"+k.Late)
	if k.LateNet != k.Late {
		roots = append(roots, k.Module+"/"+k.LateNet)
	}
	wanted := roots
	if k.Roots != "" { // which the program initialises
		wanted = append(slices.Clone(roots), k.Module+"/"+k.Roots)
	}
	args := append([]string{"list", "-e", "-deps", "-tags=ringo,noasm", listFields}, wanted...)
	out, err := t.output(ctx, src.dir, []string{"GOFLAGS=-mod=readonly", "GOWORK=off", "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0"}, args...)
	if err != nil {
		return nil, err
	}
	c := &closure{paths: map[string]string{}}
	all, err := decodeList(out)
	if err != nil {
		return nil, err
	}
	late := map[string]bool{}
	for _, p := range all {
		if err := usable(p); err != nil {
			return nil, fmt.Errorf("the kernel cannot be laid out: %v", err)
		}
		if !p.Standard {
			p.GoFiles = slices.DeleteFunc(p.GoFiles, func(file string) bool { return leftOut(p.ImportPath, file) })
			c.packages = append(c.packages, p)
			c.paths[p.ImportPath] = laidOut(k.Module, p.ImportPath)
		}
		if slices.Contains(roots, p.ImportPath) { // the early ones too: runtime needs them, and all needs runtime
			late[p.ImportPath] = true
			for _, d := range p.Deps {
				late[d] = true
			}
		}
	}
	for p := range late {
		if to, ok := c.paths[p]; ok {
			p = to
		}
		c.late = append(c.late, p)
	}
	sort.Strings(c.late)
	slices.SortFunc(c.packages, func(a, b *listed) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	return c, nil
}

// usable says why a package cannot be laid out. That it uses internal packages of the standard
// library, which go list objects to, is as it should be: it will be one of them.
func usable(p *listed) error {
	if p.Error != nil && !strings.Contains(p.Error.Err, "use of internal package") {
		return errors.New(p.Error.Err)
	}
	if len(p.CgoFiles) > 0 && !p.Standard {
		return fmt.Errorf("package %s needs cgo", p.ImportPath)
	}
	return nil
}

func decodeList(out []byte) ([]*listed, error) {
	var all []*listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(listed)
		if err := d.Decode(p); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
}

// importsBelow returns the packages of module that the Go files below folder import, sorted.
func importsBelow(tree fs.FS, folder, module string) ([]string, error) {
	found := map[string]bool{}
	err := fs.WalkDir(tree, filepath.ToSlash(folder), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".go" {
			return err
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			if p, err := strconv.Unquote(spec.Path.Value); err == nil && strings.HasPrefix(p, module+"/") {
				found[p] = true
			}
		}
		return nil
	})
	var paths []string
	for p := range found {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	return paths, err
}
