package kernel

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"os"
	"slices"
	"testing"
)

// What is made of a program's memory is an ELF file, with all that was loaded of it.
func TestExecutable(t *testing.T) {
	file, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	l, err := readLayout(file[:elfPage], 0x400000)
	if err != nil {
		t.Fatal(err)
	}
	got := append(append([]byte{}, l.head...), file[elfPage:l.end]...)
	was, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	is, err := elf.NewFile(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	if is.Entry != was.Entry || len(is.Sections) != 0 {
		t.Errorf("%+v", is.FileHeader)
	}
	was.Progs = slices.DeleteFunc(was.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_NOTE })
	if !slices.EqualFunc(is.Progs, was.Progs, func(a, b *elf.Prog) bool { return a.ProgHeader == b.ProgHeader }) {
		t.Errorf("%+v, was %+v", is.Progs, was.Progs)
	}
	if b, err := buildinfo.Read(bytes.NewReader(got)); err != nil || b.Path != "github.com/ringo-os/ringo/kernel.test" {
		t.Errorf("%v, %v", b, err)
	}
	for name, want := range map[string]string{"server": "/server", "/bin/server": "/bin/server", "../x": "/x", "": "/program", "/": "/program"} {
		if got := executablePath(name); got != want {
			t.Errorf("%q is %s", name, got)
		}
	}
}

func FuzzLayout(f *testing.F) {
	if file, err := os.ReadFile("/proc/self/exe"); err == nil {
		f.Add(file[:1024], uint64(0x400000))
	}
	f.Fuzz(func(t *testing.T, head []byte, start uint64) {
		page := make([]byte, elfPage)
		copy(page, head)
		if l, err := readLayout(page, start); err == nil && (l.variables > l.end || len(l.head) != elfPage) {
			t.Errorf("%+v", l)
		}
	})
}
