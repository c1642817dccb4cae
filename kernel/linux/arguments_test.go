package linux

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestArgumentsStay: no handler keeps a pointer to its arguments, which are in the caller's stack, whatever
// Dispatch hides from the compiler. It says so itself when it is asked what escapes.
func TestArgumentsStay(t *testing.T) {
	for _, directory := range []string{".", "../net"} {
		out, err := exec.Command("go", "build", "-gcflags=-m", directory).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		functions := taking(t, directory)
		if len(functions) == 0 {
			t.Error("nothing takes arguments in", directory)
		}
		told := 0
		for _, m := range regexp.MustCompile(`(?m)^(\S+\.go):(\d+):\d+: (leaking param: |leaking param content: |)(\w+)( does not escape|)$`).FindAllStringSubmatch(string(out), -1) {
			f, ok := functions[filepath.Base(m[1])+":"+m[2]]
			if !ok || m[4] != f.parameter {
				continue
			}
			told++
			if m[3] == "leaking param: " {
				t.Errorf("%s:%s: %s keeps its arguments", m[1], m[2], f.name)
			}
		}
		if told < len(functions)/2 { // of inlined ones nothing is said
			t.Errorf("%s: the compiler has told of %d of %d functions", directory, told, len(functions))
		}
	}
}

type function struct{ name, parameter string }

// taking finds the functions with a parameter of type *call.Arguments, by the line that it is in.
func taking(t *testing.T, directory string) map[string]function {
	names, err := filepath.Glob(filepath.Join(directory, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]function{}
	files := token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			outer, _ := d.(*ast.FuncDecl)
			if outer == nil {
				continue
			}
			ast.Inspect(outer, func(n ast.Node) bool {
				f, ok := n.(*ast.FuncType)
				if !ok {
					return true
				}
				for _, p := range f.Params.List {
					if star, ok := p.Type.(*ast.StarExpr); ok && len(p.Names) > 0 {
						if s, ok := star.X.(*ast.SelectorExpr); ok && s.Sel.Name == "Arguments" {
							found[filepath.Base(name)+":"+strconv.Itoa(files.Position(p.Pos()).Line)] = function{outer.Name.Name, p.Names[0].Name}
						}
					}
				}
				return true
			})
		}
	}
	return found
}
