package linker

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ringo-os/ringo/toolchain"
)

// realProgram has absolute addresses in every way that Go knows, and data that looks like some but is none.
const realProgram = `package main

import (
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"os"
	"unsafe"
)

//go:embed data
var data string

var (
	variable  int
	array     [100]byte
	pointer   = &variable
	function  = choose
	method    = fmt.Stringer.String
	err error = errors.New("an error")
	list      = []any{1, "two", 3.0, &variable, choose, struct{ a, b *int }{&variable, nil}}
	names     = map[string]*int{"a": &variable}
	end       = unsafe.Pointer(&array[len(array)-1])
	looks     = uint64(0x401000)
)

func choose(n int) string {
	switch n {
	case 0:
		return "zero"
	case 1:
		return "one"
	case 2:
		return "two"
	case 3:
		return "three"
	case 4:
		return "four"
	case 5:
		return "five"
	case 6:
		return "six"
	case 7:
		return "seven"
	case 8:
		return "eight"
	}
	return "many"
}

func main() {
	fmt.Println(data, pointer, function != nil, method != nil, err, list, names, end, looks, choose(len(os.Args)))
	http.ListenAndServe(os.Args[1], nil)
}
`

// writeProgram makes a module of a program, and the file that it embeds: every address that may be in an image,
// and a marker.
func writeProgram(t *testing.T, text string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	data := append([]byte(Marker), make([]byte, markerSize)...)
	for at := uint64(base); at < base+2<<20; at += 8 {
		data = binary.LittleEndian.AppendUint64(data, at)
	}
	for name, data := range map[string][]byte{
		"go.mod": []byte("module example.com/real\n\ngo 1.26\n"), "main.go": []byte(text), "data": data,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestTwoBases links a program with the kernel at two addresses. What differs must be what the relocations list,
// all of it, and by as much as the addresses.
func TestTwoBases(t *testing.T) {
	t.Parallel()
	dir := writeProgram(t, realProgram)
	bases := [...]string{"0x0000000000401000", "0x000000000a7e9000"} // as long as each other
	const moved = 0xa7e9000 - 0x401000
	var files [2]*file
	for i, at := range bases {
		tc, err := toolchain.Find(t.Context(), toolchain.Options{Dir: dir, Stderr: os.Stderr})
		if err != nil {
			t.Fatal(err)
		}
		o, err := tc.Layout(t.Context(), toolchain.Ringo())
		if err != nil {
			t.Fatal(err)
		}
		o.Link = append(slices.Clone(o.Link), "-T="+at, "-buildid=same", "-B=none")
		program := filepath.Join(t.TempDir(), "program")
		if err := tc.Build(t.Context(), o, toolchain.Request{Output: program}); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		data = bytes.ReplaceAll(data, []byte(at), []byte(bases[0])) // go's own record of how it was built
		if files[i], err = parse(data); err != nil {
			t.Fatal(err)
		}
	}
	a, b := files[0], files[1]
	at, err := a.relocationTable()
	if err != nil {
		t.Fatal(err)
	}
	list, err := a.relocations(at)
	if err != nil {
		t.Fatal(err)
	}
	bt, err := b.relocationTable()
	if err != nil {
		t.Fatal(err)
	}
	if other, err := b.relocations(bt); err != nil || !slices.EqualFunc(list, other, func(x, y relocation) bool {
		return y.place == x.place+moved && y.address == x.address+moved
	}) {
		t.Fatalf("there are other relocations (%d, %d) at another address (%v)", len(list), len(other), err)
	}
	if _, err := a.marker(list); err != nil {
		t.Error(err)
	}
	t.Logf("%d relocations", len(list))

	// What is for a dynamic linker has addresses that nobody looks at.
	unused := map[string]bool{".rela": true, ".rela.plt": true, ".dynamic": true, ".dynsym": true, ".got.plt": true, ".plt": true}
	e, err := elf.NewFile(bytes.NewReader(a.data))
	if err != nil {
		t.Fatal(err)
	}
	// Go's linker gives the methods of a type that no call can reach an address that fails, in case one does; and
	// there it forgets the relocation. A call would fail all the same.
	failing := address(t, e, "runtime.unreachableMethod")
	compared, forgotten := uint64(0), 0
	for _, s := range e.Sections {
		if s.Flags&elf.SHF_ALLOC == 0 || s.Type == elf.SHT_NOBITS || unused[s.Name] {
			continue
		}
		x, y := a.loaded(s.Addr, s.Size), b.loaded(s.Addr+moved, s.Size)
		compared += s.Size
		for i := uint64(0); i < s.Size; {
			if _, ok := slices.BinarySearchFunc(list, s.Addr+i, comparePlace); ok {
				if from, to := binary.LittleEndian.Uint64(x[i:]), binary.LittleEndian.Uint64(y[i:]); to != from+moved {
					t.Fatalf("%s, %#x: %#x becomes %#x", s.Name, s.Addr+i, from, to)
				}
				i += 8
				continue
			}
			if i%8 == 0 && i+8 <= s.Size && binary.LittleEndian.Uint64(x[i:]) == failing && binary.LittleEndian.Uint64(y[i:]) == failing+moved &&
				strings.HasPrefix(a.symbol(s.Addr+i), "go:itab.") {
				forgotten++
				i += 8
				continue
			}
			if x[i] != y[i] {
				t.Fatalf("%s, %#x (%s): it depends on the image's address, and is in no relocation", s.Name, s.Addr+i, a.symbol(s.Addr+i))
			}
			i++
		}
	}
	t.Logf("%d bytes compared; %d words for what cannot be called", compared, forgotten)
	if compared < 4<<20 {
		t.Errorf("only %d bytes have been compared", compared)
	}
}

// address returns where a symbol is.
func address(t *testing.T, e *elf.File, name string) uint64 {
	t.Helper()
	symbols, err := e.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		if s.Name == name {
			return s.Value
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}

// TestBadRelocations: a list that the kernel could not follow is refused, with where it is wrong.
func TestBadRelocations(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	// second makes room for another relocation.
	second := func(d []byte) { putTag(d, 1, tagTableSize, 2*relocationSize) }
	for name, test := range map[string]struct {
		change func(d []byte)
		want   error
		text   string
	}{
		"in the code": {func(d []byte) { second(d); putRelocation(d, 1, 0x800, base) }, ErrUnmovable, "at 0x400800"},
		"in the list": {func(d []byte) { second(d); putRelocation(d, 1, tableAt+4, base) }, ErrNotExecutable, ""},
		"behind the file": {func(d []byte) {
			second(d)
			putRelocation(d, 1, sampleEnd-8, base)
			le.PutUint64(d[tableAt+24:], base+sampleEnd-7)
		}, ErrUnmovable, "at 0x401ff9"},
		"nowhere":            {func(d []byte) { second(d); putRelocation(d, 1, 0x1c00, base); le.PutUint64(d[tableAt+24:], 1<<64-4) }, ErrUnmovable, "at 0xfffffffffffffffc"},
		"of 4 bytes":         {func(d []byte) { second(d); putRelocation(d, 1, 0x1c00, base); d[tableAt+24+8] = 10 }, ErrUnmovable, "at 0x401c00"},
		"with a symbol":      {func(d []byte) { second(d); putRelocation(d, 1, 0x1c00, base); d[tableAt+24+12] = 1 }, ErrUnmovable, "at 0x401c00"},
		"another address":    {func(d []byte) { second(d); putRelocation(d, 1, 0x1c00, base); d[0x1c00] = 8 }, ErrUnmovable, "at 0x401c00"},
		"twice":              {func(d []byte) { second(d); putRelocation(d, 1, markerAt+zeroedEnd, base) }, ErrUnmovable, "at 0x401818"},
		"overlapping":        {func(d []byte) { second(d); putRelocation(d, 1, markerAt+zeroedEnd+7, 0) }, ErrUnmovable, "at 0x40181"},
		"needs a library":    {func(d []byte) { putTag(d, 3, tagNeeded, 1) }, ErrNotExecutable, "dynamically"},
		"REL":                {func(d []byte) { putTag(d, 3, tagOtherTable, 1) }, ErrNotExecutable, "tag 17"},
		"RELR":               {func(d []byte) { putTag(d, 3, tagPacked, 1) }, ErrNotExecutable, "tag 36"},
		"calls":              {func(d []byte) { putTag(d, 3, tagPLTSize, 24) }, ErrNotExecutable, "tag 2"},
		"none":               {func(d []byte) { putTag(d, 1, tagTableSize, 0) }, ErrNotExecutable, "take 0 bytes"},
		"a part of one":      {func(d []byte) { putTag(d, 1, tagTableSize, 25) }, ErrNotExecutable, "take 25 bytes"},
		"no size":            {func(d []byte) { putTag(d, 2, 100, 0) }, ErrNotExecutable, "0 each"},
		"ends early":         {func(d []byte) { putTag(d, 0, tagNull, 0) }, ErrNotExecutable, "take 0 bytes"},
		"list in the code":   {func(d []byte) { putTag(d, 0, tagTable, base) }, ErrNotExecutable, "read-only data"},
		"list in variables":  {func(d []byte) { d[dataHeader+4] = 6 }, ErrNotExecutable, "read-only data"},
		"list behind":        {func(d []byte) { putTag(d, 0, tagTable, base+sampleEnd) }, ErrNotExecutable, "read-only data"},
		"list wraps":         {func(d []byte) { putTag(d, 1, tagTableSize, 1<<64-16) }, ErrNotExecutable, "read-only data"},
		"section in nothing": {func(d []byte) { le.PutUint64(d[dynamicHeader+8:], 1<<63) }, ErrNotExecutable, "outside the file"},
		"section cut off":    {func(d []byte) { le.PutUint64(d[dynamicHeader+32:], 5) }, ErrNotExecutable, "take 0 bytes"},
	} {
		if _, err := Bootable(sample(test.change)); !errors.Is(err, test.want) && !errors.Is(err, ErrUnmovable) || err == nil || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v, want %v with %q", name, err, test.want, test.text)
		}
	}
	image, err := Bootable(sample(func(d []byte) { second(d); putRelocation(d, 1, 0x1c03, base) }))
	if err != nil || image == nil {
		t.Errorf("an address that is not aligned: %v", err)
	}
}

// TestNarrowAddress: an absolute address of 4 bytes has no place in an image. Go's assembler says where it is; the
// Go linker would, too.
func TestNarrowAddress(t *testing.T) {
	t.Parallel()
	dir := writeProgram(t, "package main\n\nvar narrow uint32\n\nfunc main() { println(narrow) }\n")
	assembly := "#include \"textflag.h\"\nDATA ·narrow+0(SB)/4, $main·main(SB)\nGLOBL ·narrow(SB), NOPTR, $4\n"
	if err := os.WriteFile(filepath.Join(dir, "narrow_amd64.s"), []byte(assembly), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-buildmode=pie", "-o="+filepath.Join(dir, "program"), ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "narrow_amd64.s:2") {
		t.Errorf("go build: %v\n%s", err, out)
	}
}

// TestNamedRelocation: who has an address that cannot be changed is told by name.
func TestNamedRelocation(t *testing.T) {
	t.Parallel()
	dir := writeProgram(t, markedProgram())
	program := filepath.Join(dir, "program")
	build(t, "-buildmode=pie", program, dir)
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	e, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	f, err := parse(data)
	if err != nil {
		t.Fatal(err)
	}
	f.loaded(address(t, e, "main.pointer"), 8)[0]++
	if _, err := Bootable(data); !errors.Is(err, ErrUnmovable) || !strings.Contains(err.Error(), "in main.pointer cannot") {
		t.Error(err)
	}
}

// build runs go build without the kernel.
func build(t *testing.T, ldflags, output, dir string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-ldflags="+ldflags, "-o="+output, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
}

// markedProgram is realProgram with the kernel's marker, as rt0 has it.
func markedProgram() string {
	return strings.Replace(realProgram, "func choose", fmt.Sprintf("var marker = struct {\n\ttext [24]byte\n\tend  *int\n\tmore [2]uintptr\n}{text: [24]byte{%s}, end: &variable}\n\n"+
		"func init() { fmt.Println(marker) }\n\nfunc choose", strings.ReplaceAll(strings.Trim(fmt.Sprint([]byte(Marker)), "[]"), " ", ", ")), 1)
}
