package toolchain

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var movedPaths = map[string]string{
	"example.com/a":      "ringo_os/dep/example.com/a",
	"gopkg.in/yaml.v3":   "ringo_os/dep/gopkg.in/yaml.v3",
	"example.com/a/deep": "ringo_os/dep/example.com/a/deep",
}

func TestRewriteGo(t *testing.T) {
	t.Parallel()
	const before = `// Copyright.

//go:build linux && ringo
// +build linux

// Package x imports "example.com/a".
package x

import (
	"fmt"
	named "example.com/a"; _ "gopkg.in/yaml.v3"
)

//go:linkname pulled example.com/a/deep.pulled
func pulled()

//go:linkname escaped gopkg.in/yaml%2ev3.escaped
func escaped()

//go:linkname runtime_x runtime.x
func runtime_x()

//go:inline
//go:noinline
//go:noescape
func quiet(p *int)

const text = "//go:build and \"example.com/a\""
`
	const after = `// Copyright.

//
//

// Package x imports "example.com/a".
package x

import (
	"fmt"
	named "ringo_os/dep/example.com/a"; _ "ringo_os/dep/gopkg.in/yaml.v3"
)

//go:linkname pulled ringo_os/dep/example.com/a/deep.pulled
func pulled()

//go:linkname escaped ringo_os/dep/gopkg.in/yaml%2ev3.escaped
func escaped()

//go:linkname runtime_x runtime.x
func runtime_x()

//
//go:noinline
//go:noescape
func quiet(p *int)

const text = "//go:build and \"example.com/a\""
`
	f, err := parseGo("x.go", []byte(before))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(rewriteGo(f, movedPaths)); got != after {
		t.Errorf("got\n%s", got)
	}
}

func TestMoveAssembly(t *testing.T) {
	t.Parallel()
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := strings.TrimSpace(string(goroot))
	const before = `#include "textflag.h"
// ·Comment(SB)
/* ·More(SB) */
TEXT ·Add(SB), NOSPLIT, $0-8 // ·Comment
	CALL runtime·entersyscall(SB)
	JMP  ·other(SB)
	MOVQ ·table<>+8(SB), AX
	MOVQ ·variable+8(SB), AX
	MOVB $"·", AX
TEXT ·Direct<ABIInternal>(SB), NOSPLIT, $0
TEXT static<>(SB), NOSPLIT, $0
TEXT ·static2<>(SB), NOSPLIT, $0
`
	const q = "ringo_os∕dep∕golang·org∕x∕sys∕cpu"
	f, err := moveAssembly(root, "ringo_os/dep/golang.org/x/sys/cpu", "cpu_amd64.s", []byte(before))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("TEXT ·Add", "TEXT "+q+"·Add", "TEXT ·Direct", "TEXT "+q+"·Direct", "·other", q+"·other",
		"·variable", q+"·variable").Replace(before)
	if string(f.text) != want {
		t.Errorf("got\n%s", f.text)
	}
	if f.name != "ringo_ringo_os_dep_golang_org_x_sys_cpu_cpu_amd64.s" {
		t.Errorf("the name is %s", f.name)
	}
	if !slices.Equal(f.defines, []string{"Add", "Direct"}) || !slices.Equal(f.mentions, []string{"Add", "Direct", "other", "variable"}) {
		t.Errorf("it defines %q and mentions %q", f.defines, f.mentions)
	}
	for path, text := range map[string]string{"a/b.c": "", "a/b-c": "", "a/b": "#include \"mine.h\"\n"} {
		if _, err := moveAssembly(root, path, "x.s", []byte(text)); err == nil {
			t.Errorf("%s with %q: no error", path, text)
		}
	}
}

// FuzzMoveAssembly: whatever the text, it comes through with nothing but qualifiers added.
func FuzzMoveAssembly(f *testing.F) {
	f.Add("TEXT ·Add(SB), NOSPLIT, $0-8 // ·C\n\tMOVQ ·t<>+8(SB), AX\n")
	f.Add("/* ·a")
	f.Add("\"·a\\")
	f.Fuzz(func(t *testing.T, text string) {
		const q = "QUALIFIER"
		if strings.Contains(text, q) || strings.Contains(text, "include") || !utf8.ValidString(text) {
			t.Skip()
		}
		file, err := moveAssembly("", q, "x.s", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(string(file.text), q, ""); got != text {
			t.Errorf("%q became %q", text, got)
		}
	})
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	const text = `package x

import ("unsafe"; "syscall"; "time")

type number uint32
type pair struct { a, b number; p *pair }
type again pair

func f1(a, b number, s []number, name string) (sum number, ok bool)
func f2(p *pair, q unsafe.Pointer, g func(int), m map[string]int, e error, i interface{ M() }) syscall.Errno
func f3(again, [4]number)
func f4(time.Duration)
func f5(n [size]byte)
func f6[T any](T)
`
	file, err := parseGo("x.go", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p := newGoPackage("ringo_os/x", []*goFile{file})
	for name, want := range map[string]string{
		"f1": "(uint32, uint32, []byte, string) (uint32, bool)",
		"f2": "(unsafe.Pointer, unsafe.Pointer, unsafe.Pointer, unsafe.Pointer, error, any) (uintptr)",
		"f3": "(struct{ f0 uint32; f1 uint32; f2 unsafe.Pointer }, [4]uint32)",
		"f4": "", "f5": "", "f6": "",
	} {
		got, err := p.signature(p.funcs[name].Type)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
}

// FuzzSplitFlags: what joinFlags writes, splitFlags reads.
func FuzzSplitFlags(f *testing.F) {
	f.Add("-tags=a b", "-x")
	f.Add("", "it's")
	f.Add(`a"b`, "\t")
	f.Fuzz(func(t *testing.T, a, b string) {
		splitFlags(a) // does not panic
		for _, s := range []string{a, b} {
			if strings.Contains(s, "'") && strings.Contains(s, `"`) {
				t.Skip() // GOFLAGS cannot hold it
			}
		}
		got, err := splitFlags(joinFlags([]string{a, b}))
		if err != nil || !slices.Equal(got, []string{a, b}) {
			t.Errorf("%q, %q became %q, %v", a, b, got, err)
		}
	})
}

// TestKernelMaterialises: all that the binary carries comes out the same.
func TestKernelMaterialises(t *testing.T) {
	t.Parallel()
	tc := &Toolchain{Options: Options{Cache: t.TempDir()}}
	src, err := tc.materialise(Ringo())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "boot/info.go", "runtime/go1.26/rt0_amd64.s"} {
		want, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(src.dir, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs (%v)", name, err)
		}
	}
}

// TestRingoLaysOut: the real kernel can be laid out for this go command.
func TestRingoLaysOut(t *testing.T) {
	b := newBench(t, hello, "")
	o, err := b.Layout(t.Context(), Ringo())
	if err != nil {
		t.Fatalf("%v\n%s", err, b.said)
	}
	source := filepath.Join(b.GOROOT, "src")
	for _, early := range o.Early {
		folder := filepath.Join(source, strings.TrimSuffix(early, "/..."))
		if !slices.ContainsFunc(sortedNames(o.Replace), func(name string) bool { return strings.HasPrefix(name, folder+"/") }) {
			t.Errorf("the early packages %s are not part of the kernel", early)
		}
	}
	for name, file := range o.Replace {
		if file != "" {
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func sortedNames(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
