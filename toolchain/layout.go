package toolchain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/ringo-os/ringo/toolchain/release"
)

// An Overlay is a kernel laid out for one GOROOT.
type Overlay struct {
	// Replace is the go command's overlay: files of GOROOT and what takes their place, "" for
	// nothing.
	Replace map[string]string
	// Early are the patterns of packages that are compiled as runtime code.
	Early []string
	// Link are the flags that the Go linker makes an image with.
	Link []string
	// Late and LateNet are what a program imports.
	Late, LateNet, Roots string
	// Packages are the import paths of all that the late kernel needs, sorted.
	Packages []string
}

// Layout lays the kernel out in the cache, unless it is there already.
func (t *Toolchain) Layout(ctx context.Context, k Kernel) (*Overlay, error) {
	r, err := t.Release(k.Releases)
	if err != nil {
		return nil, err
	}
	src, err := t.materialise(k)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	id := newKey("overlay")
	id.add(src.key, t.Version, t.GOROOT, t.env["GOEXPERIMENT"], t.env["GOAMD64"], string(data), k.Module, k.Late, k.LateNet, k.Roots)
	id.add(k.Early...)
	if data, err = json.Marshal(k.Edits); err != nil {
		return nil, err
	}
	id.add(string(data))
	dir, err := t.cached("overlay", id.String(), func(dir string) error {
		t.step("laying out the kernel for " + t.Version)
		return t.layOut(ctx, k, r, src, dir)
	})
	if err != nil {
		return nil, err
	}
	o := &Overlay{Replace: map[string]string{}, Link: k.Link, Late: laidOut(k.Module, k.Module+"/"+k.Late), LateNet: laidOut(k.Module, k.Module+"/"+k.LateNet)}
	if k.Roots != "" {
		o.Roots = laidOut(k.Module, k.Module+"/"+k.Roots)
	}
	for _, e := range k.Early {
		o.Early = append(o.Early, laidOut(k.Module, k.Module+"/"+e))
	}
	var files map[string]string
	err = errors.Join(readJSON(filepath.Join(dir, "files.json"), &files), readJSON(filepath.Join(dir, "packages.json"), &o.Packages))
	if err != nil {
		return nil, fmt.Errorf("the cache is damaged (%v): remove %s and try again", err, dir)
	}
	for target, file := range files {
		if file != "" {
			file = filepath.Join(dir, file)
		}
		o.Replace[filepath.Join(t.GOROOT, "src", target)] = file
	}
	return o, nil
}

// A layout is an overlay that is being made.
type layout struct {
	dir    string
	goroot string
	paths  map[string]string
	// files maps paths below GOROOT/src to paths below dir.
	files map[string]string
	abi   []abiDeclaration
}

// layOut writes an overlay's files to dir, and files.json that says which is which.
func (t *Toolchain) layOut(ctx context.Context, k Kernel, r *release.Release, src *source, dir string) error {
	c, err := t.close(ctx, k, src, r.Files)
	if err != nil {
		return err
	}
	l := &layout{dir: dir, goroot: t.GOROOT, paths: c.paths, files: map[string]string{}}
	removed := slices.Clone(r.Removed)
	for _, l := range r.LeftOut {
		removed = append(removed, l.File)
	}
	for _, name := range removed {
		if _, err := os.Stat(filepath.Join(t.GOROOT, "src", name)); err != nil {
			return fmt.Errorf("%s does not have %s, which Ringo replaces (the list is in toolchain/)", t.Version, name)
		}
		l.files[name] = ""
	}
	for _, name := range r.Edited() {
		text, err := os.ReadFile(filepath.Join(t.GOROOT, "src", name))
		if err != nil {
			return err
		}
		if text, err = r.Apply(name, text, t.Version); err != nil {
			return err
		}
		if err := l.add(name, text); err != nil {
			return err
		}
	}
	if err := l.addMachine(filepath.Join(src.dir, r.Files)); err != nil {
		return err
	}
	for _, p := range c.packages {
		if err := l.addPackage(p, k.Edits); err != nil {
			return err
		}
	}
	if err := l.add("runtime/ringo_abigen.go", abiFile(l.abi)); err != nil {
		return err
	}
	if err := l.add("runtime/ringo_packages.go", packagesFile(c.late)); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, "packages.json"), c.late); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, "files.json"), l.files)
}

func writeJSON(name string, value any) error {
	data, err := json.MarshalIndent(value, "", "\t")
	if err != nil {
		return err
	}
	return writeFile(name, data)
}

func readJSON(name string, value any) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, value)
}

// add lays a file out at target, below GOROOT/src.
func (l *layout) add(target string, text []byte) error {
	if _, twice := l.files[target]; twice {
		return fmt.Errorf("two files of the kernel want to be GOROOT/src/%s: rename one", target)
	}
	l.files[target] = filepath.Join("src", filepath.FromSlash(target))
	return writeFile(filepath.Join(l.dir, l.files[target]), text)
}

// addMachine lays out the machine's side of the standard library: the files of folder are for
// package runtime, those below its folder std for the package that the path names.
func (l *layout) addMachine(folder string) error {
	return filepath.WalkDir(folder, func(name string, d os.DirEntry, err error) error {
		ext := filepath.Ext(name)
		if err != nil || d.IsDir() || ext != ".go" && ext != ".s" {
			return err
		}
		below, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		pkg, base := path.Split(filepath.ToSlash(below))
		pkg, isStd := strings.CutPrefix(pkg, "std/")
		switch {
		case pkg == "":
			pkg = "runtime"
		case !isStd:
			return nil // a package of ours that happens to lie there
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if ext == ".s" {
			text = withoutConstraint(text)
		} else {
			file, err := parseGo(name, text)
			if err != nil {
				return err
			}
			text = rewriteGo(file, l.paths)
		}
		return l.add(path.Join(pkg, "ringo_"+base), text)
	})
}

var goBuildLine = regexp.MustCompile(`(?m)^//[ \t]*(go:build|\+build)[ \t].*$`)

// withoutConstraint blanks the build constraints of an assembly file.
func withoutConstraint(text []byte) []byte { return goBuildLine.ReplaceAll(text, []byte("//")) }

// addPackage lays out a package that is not in the standard library, with those of edits that are for
// it.
func (l *layout) addPackage(p *listed, edits []release.Edit) error {
	to := l.paths[p.ImportPath]
	var files []*goFile
	for _, name := range p.GoFiles {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			return err
		}
		if text, err = release.Apply(edits, path.Join(p.ImportPath, name), text, "the module that go.mod names"); err != nil {
			return err
		}
		file, err := parseGo(filepath.Join(p.Dir, name), text)
		if err != nil {
			return err
		}
		files = append(files, file)
		if err := l.add(path.Join(to, name), rewriteGo(file, l.paths)); err != nil {
			return err
		}
	}
	for _, name := range p.EmbedFiles {
		data, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			return err
		}
		if err := l.add(path.Join(to, filepath.ToSlash(name)), data); err != nil {
			return err
		}
	}
	var moved []*asmFile
	for _, name := range p.SFiles {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			return err
		}
		asm, err := moveAssembly(l.goroot, to, name, withoutConstraint(text))
		if err != nil {
			return err
		}
		moved = append(moved, asm)
		if err := l.add("runtime/"+asm.name, asm.text); err != nil {
			return err
		}
	}
	if len(moved) == 0 {
		return nil
	}
	declarations, linknames, err := newGoPackage(to, files).abi(moved)
	if err != nil {
		return err
	}
	l.abi = append(l.abi, declarations...)
	if linknames == nil {
		return nil
	}
	return l.add(path.Join(to, "ringo_linknames.go"), linknames)
}

// packagesFile writes the Go file of package runtime that lists what the kernel needs: those
// packages are initialised before the program's. It is the same for programs with and without the
// network, because a change in package runtime recompiles everything.
func packagesFile(packages []string) []byte {
	var b strings.Builder
	b.WriteString("// Code generated by ringo. What the kernel needs, to be initialised before the program.\n\n" +
		"package runtime\n\nvar ringoKernelPackages = [...]string{\n")
	for _, p := range packages {
		fmt.Fprintf(&b, "\t%q,\n", p)
	}
	b.WriteString("}\n")
	return []byte(b.String())
}
