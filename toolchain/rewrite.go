package toolchain

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"sort"
	"strconv"
	"strings"
)

// knownDirectives are the //go: comments that the compiler takes in the standard library. It refuses
// any other, which elsewhere are just comments.
var knownDirectives = map[string]bool{
	"go:embed": true, "go:linkname": true, "go:noescape": true, "go:noinline": true, "go:nosplit": true,
	"go:norace": true, "go:nocheckptr": true, "go:nointerface": true, "go:systemstack": true,
	"go:nowritebarrier": true, "go:nowritebarrierrec": true, "go:yeswritebarrierrec": true,
	"go:uintptrescapes": true, "go:uintptrkeepalive": true, "go:registerparams": true,
	"go:generate": true, "go:fix": true, "go:debug": true, "go:cgo_unsafe_args": true,
}

// A change replaces text[start:end].
type change struct {
	start, end int
	with       string
}

// apply makes changes, which do not overlap, to text.
func apply(text []byte, changes []change) []byte {
	sort.Slice(changes, func(i, j int) bool { return changes[i].start < changes[j].start })
	var out bytes.Buffer
	done := 0
	for _, c := range changes {
		out.Write(text[done:c.start])
		out.WriteString(c.with)
		done = c.end
	}
	out.Write(text[done:])
	return out.Bytes()
}

// A goFile is a parsed Go file.
type goFile struct {
	name   string
	text   []byte
	syntax *ast.File
	fset   *token.FileSet
}

func parseGo(name string, text []byte) (*goFile, error) {
	f := &goFile{name: name, text: text, fset: token.NewFileSet()}
	var err error
	f.syntax, err = parser.ParseFile(f.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	return f, err
}

func (f *goFile) offset(p token.Pos) int { return f.fset.PositionFor(p, false).Offset }

// rewriteGo makes a Go file one of the standard library: imports and linknames of laid-out packages
// follow them (paths maps old to new), build constraints, which go list has looked at already, and
// directives that the compiler refuses there are blanked. Lines stay where they are.
func rewriteGo(f *goFile, paths map[string]string) []byte {
	var changes []change
	for _, spec := range f.syntax.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if to, ok := paths[p]; err == nil && ok {
			changes = append(changes, change{f.offset(spec.Path.Pos()), f.offset(spec.Path.End()), strconv.Quote(to)})
		}
	}
	header := f.offset(f.syntax.Package)
	for _, group := range f.syntax.Comments {
		for _, c := range group.List {
			start := f.offset(c.Pos())
			end := start + len(c.Text)
			words := strings.Fields(strings.TrimPrefix(c.Text, "//"))
			if !strings.HasPrefix(c.Text, "//") || len(words) == 0 {
				continue
			}
			switch directive := words[0]; {
			case start < header && (strings.HasPrefix(c.Text, "//go:build") || directive == "+build"):
				changes = append(changes, change{start, end, "//"})
			case !strings.HasPrefix(c.Text, "//go:"):
			case directive == "go:linkname" && len(words) == 3:
				if to, ok := movedSymbol(words[2], paths); ok {
					changes = append(changes, change{start, end, fmt.Sprintf("//go:linkname %s %s", words[1], to)})
				}
			case !knownDirectives[directive]:
				changes = append(changes, change{start, end, "//"})
			}
		}
	}
	return apply(f.text, changes)
}

// movedSymbol returns where a symbol, as in "import/path.name", of a laid-out package is.
func movedSymbol(symbol string, paths map[string]string) (string, bool) {
	base := strings.LastIndex(symbol, "/") + 1
	for dot := base; dot < len(symbol); dot++ {
		if symbol[dot] != '.' {
			continue
		}
		path := strings.ReplaceAll(symbol[:dot], "%2e", ".")
		if to, ok := paths[path]; ok {
			return symbolPrefix(to) + symbol[dot:], true
		}
	}
	return "", false
}

// symbolPrefix is how an import path is spelled in symbol names: the dots of its last element are
// escaped (cmd/internal/objabi.PathToPrefix).
func symbolPrefix(path string) string {
	base := strings.LastIndex(path, "/") + 1
	return path[:base] + strings.ReplaceAll(path[base:], ".", "%2e")
}
