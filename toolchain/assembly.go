package toolchain

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Go's assembler is run in the package's folder, and a laid-out package has none. So its assembly
// moves into package runtime, with its symbols qualified by their package. The assembler spells the
// dot of a symbol name as a middle dot and the slash as a division slash.
const (
	middleDot     = '\u00B7'
	divisionSlash = '\u2215'
)

// An asmFile is an assembly file after its move.
type asmFile struct {
	name string // in runtime's folder
	text []byte
	// defines are the package's functions that the file holds; mentions all of the package's names
	// that occur in it, those included.
	defines, mentions []string
}

var (
	includeLine = regexp.MustCompile(`(?m)^[ \t]*#include[ \t]+"([^"]+)"`)
	textLine    = regexp.MustCompile(`(?m)^[ \t]*TEXT[ \t]+·([\pL_][\pL_0-9]*)(<ABIInternal>)?\(SB\)`)
)

// moveAssembly qualifies the symbols of an assembly file of the package that is laid out as path.
// goroot is where the files are that it may include.
func moveAssembly(goroot, path, name string, text []byte) (*asmFile, error) {
	qualifier, err := asmQualifier(path)
	if err != nil {
		return nil, err
	}
	for _, m := range includeLine.FindAllSubmatch(text, -1) {
		header := string(m[1])
		if header == "go_asm.h" {
			continue
		}
		if _, err := os.Stat(filepath.Join(goroot, "pkg", "include", header)); err != nil {
			return nil, fmt.Errorf("%s of %s includes %q: assembly in the kernel can only include what GOROOT/pkg/include holds", name, path, header)
		}
	}
	f := &asmFile{name: "ringo_" + mangle(path) + "_" + name}
	for _, m := range textLine.FindAllSubmatch(text, -1) {
		f.defines = append(f.defines, string(m[1]))
	}
	sort.Strings(f.defines)

	seen := map[string]bool{}
	var out strings.Builder
	previous := rune(0)
	for rest := string(text); rest != ""; {
		if n := skipped(rest); n > 0 { // comments and strings stay as they are
			out.WriteString(rest[:n])
			previous, rest = 0, rest[n:]
			continue
		}
		r, size := utf8.DecodeRuneInString(rest)
		if r == middleDot && !symbolRune(previous) {
			symbol := rest[size:]
			if end := strings.IndexFunc(symbol, func(r rune) bool { return !symbolRune(r) }); end >= 0 {
				symbol = symbol[:end]
			}
			after := rest[size+len(symbol):]
			if !strings.HasPrefix(after, "<>") {
				out.WriteString(qualifier)
				if !seen[symbol] {
					seen[symbol] = true
					f.mentions = append(f.mentions, symbol)
				}
			}
		}
		out.WriteRune(r)
		previous, rest = r, rest[size:]
	}
	sort.Strings(f.mentions)
	f.text = []byte(out.String())
	return f, nil
}

// skipped returns the length of the comment or string that s begins with, 0 if there is none.
func skipped(s string) int {
	upTo := func(skip int, end string) int {
		if i := strings.Index(s[skip:], end); i >= 0 {
			return skip + i + len(end)
		}
		return len(s)
	}
	switch {
	case strings.HasPrefix(s, "//"):
		return upTo(2, "\n")
	case strings.HasPrefix(s, "/*"):
		return upTo(2, "*/")
	case s[0] == '"':
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '"', '\n':
				return i + 1
			}
		}
		return len(s)
	}
	return 0
}

// symbolRune reports whether the assembler takes r for a part of a name.
func symbolRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == middleDot || r == divisionSlash
}

// asmQualifier spells an import path for the assembler.
func asmQualifier(path string) (string, error) {
	var q strings.Builder
	base := strings.LastIndex(path, "/") + 1
	for i, r := range path {
		switch {
		case r == '/':
			q.WriteRune(divisionSlash)
		case r == '.' && i < base:
			q.WriteRune(middleDot)
		case symbolRune(r):
			q.WriteRune(r)
		default:
			return "", fmt.Errorf("package %s has assembly, but Go's assembler cannot spell the %q of its import path: "+
				"choose its portable twin by a build tag", path, r)
		}
	}
	return q.String(), nil
}

// mangle makes an import path a part of a file name.
func mangle(path string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, path)
}
