package main

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
)

// itself looks at the program's own file.
func itself() {
	name := must(os.Executable())
	check(must(os.Readlink("/proc/self/exe")) == name, "/proc/self/exe does not lead to %s", name)
	check(filepath.Base(os.Args[0]) == filepath.Base(name), "%s is called %s", name, os.Args[0])
	info := must(os.Stat(name))
	check(info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0, "%s is %v", name, info.Mode())
	b := must(buildinfo.ReadFile(name))
	check(b.Main.Path == "github.com/ringo-os/ringo" && b.GoVersion != "", "built from %v", b)
	content := must(os.ReadFile("/proc/self/exe"))
	check(int64(len(content)) == info.Size(), "%d bytes, %d said", len(content), info.Size())
	f := must(elf.NewFile(bytes.NewReader(content)))
	check((f.Type == elf.ET_EXEC || f.Type == elf.ET_DYN) && f.Machine == elf.EM_X86_64, "%+v", f.FileHeader)
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD {
			n := must(io.Copy(io.Discard, p.Open()))
			check(n == int64(p.Filesz), "%d bytes of %+v", n, p.ProgHeader)
		}
	}
	check(bytes.Contains(content, []byte("what a program says only once in its own text")), "the text is not the program's")

	// Who removes it has it open still.
	if os.Getpid() == 1 {
		done(os.Remove(name))
		check(must(os.Readlink("/proc/self/exe")) == name+" (deleted)", "removed, and there")
		check(bytes.Equal(must(os.ReadFile("/proc/self/exe"))[:4096], content[:4096]), "removed, and changed")
	}
}
