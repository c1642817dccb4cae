package linker

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// sample makes a small executable: a code segment, a note header, and whatever change does to it.
func sample(change func(data []byte)) []byte {
	le := binary.LittleEndian
	data := make([]byte, 4096)
	copy(data, "\x7fELF\x02\x01\x01")
	le.PutUint16(data[16:], typeExecutable)
	le.PutUint16(data[18:], machineX86)
	le.PutUint32(data[20:], 1)
	le.PutUint64(data[24:], 0x400400) // entry
	le.PutUint64(data[32:], headerSize)
	le.PutUint16(data[52:], headerSize)
	le.PutUint16(data[54:], programHeaderSize)
	le.PutUint16(data[56:], 2)

	note := data[headerSize:]
	le.PutUint32(note, segmentNote)
	le.PutUint64(note[8:], 0xf00)
	le.PutUint64(note[32:], 64)

	code := note[programHeaderSize:]
	le.PutUint32(code, segmentLoad)
	le.PutUint32(code[4:], 5)
	le.PutUint64(code[16:], 0x400000)
	le.PutUint64(code[24:], 0x400000)
	le.PutUint64(code[32:], 4096)
	le.PutUint64(code[40:], 8192)
	le.PutUint64(code[48:], 4096)

	copy(data[0x800:], Marker)
	if change != nil {
		change(data)
	}
	return data
}

func TestBootable(t *testing.T) {
	image, err := Bootable(sample(nil))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(image)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Image{Entry: 0x400400, Start: 0x400000, End: 0x402000, FileSize: int64(len(image))}); *got != want {
		t.Errorf("Read: %+v, want %+v", *got, want)
	}
	again, err := Bootable(image)
	if err != nil || !bytes.Equal(again, image) {
		t.Errorf("Bootable of an image changes it (%v)", err)
	}
	if !bytes.Equal(image[2*programHeaderSize+headerSize:4096], sample(nil)[2*programHeaderSize+headerSize:]) {
		t.Error("Bootable changes more than the note's header")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	code := headerSize + programHeaderSize
	for name, test := range map[string]struct {
		change func(data []byte)
		want   error
	}{
		"no marker":          {func(d []byte) { d[0x800] = 'R' }, ErrNotRingo},
		"no magic":           {func(d []byte) { d[0] = 0 }, ErrNotExecutable},
		"32 bits":            {func(d []byte) { d[4] = 1 }, ErrNotExecutable},
		"big endian":         {func(d []byte) { d[5] = 2 }, ErrNotExecutable},
		"a library":          {func(d []byte) { d[16] = 3 }, ErrNotExecutable},
		"arm64":              {func(d []byte) { d[18] = 183 }, ErrNotExecutable},
		"headers far away":   {func(d []byte) { le.PutUint64(d[32:], 1<<63) }, ErrNotExecutable},
		"many headers":       {func(d []byte) { le.PutUint16(d[56:], 65535) }, ErrNotExecutable},
		"odd headers":        {func(d []byte) { le.PutUint16(d[54:], 55) }, ErrNotExecutable},
		"no headers":         {func(d []byte) { le.PutUint16(d[56:], 0) }, ErrNotExecutable},
		"entry in data":      {func(d []byte) { le.PutUint64(d[24:], 0x401000) }, ErrNotExecutable},
		"entry above 4 GiB":  {func(d []byte) { le.PutUint64(d[24:], 1<<40) }, ErrNotExecutable},
		"not executable":     {func(d []byte) { d[code+4] = 6 }, ErrNotExecutable},
		"outside the file":   {func(d []byte) { le.PutUint64(d[code+8:], 4096) }, ErrNotExecutable},
		"offset wraps":       {func(d []byte) { le.PutUint64(d[code+8:], 1<<64-1) }, ErrNotExecutable},
		"larger in the file": {func(d []byte) { le.PutUint64(d[code+40:], 4095) }, ErrNotExecutable},
		"memory wraps":       {func(d []byte) { le.PutUint64(d[code+40:], 1<<64-4096) }, ErrNotExecutable},
		"above 4 GiB":        {func(d []byte) { le.PutUint64(d[code+40:], 1<<32) }, ErrNotExecutable},
		"moved":              {func(d []byte) { le.PutUint64(d[code+24:], 0x100000) }, ErrNotExecutable},
		"dynamic":            {func(d []byte) { d[headerSize] = segmentDynamic }, ErrNotExecutable},
		"interpreter":        {func(d []byte) { d[headerSize] = segmentInterp }, ErrNotExecutable},
		"no note header":     {func(d []byte) { d[headerSize] = 6 }, ErrNotExecutable},
	} {
		if _, err := Bootable(sample(test.change)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	for cut := range headerSize + 2*programHeaderSize {
		if _, err := Bootable(sample(nil)[:cut]); !errors.Is(err, ErrNotExecutable) {
			t.Errorf("cut to %d bytes: %v", cut, err)
		}
	}
	if _, err := Read(sample(nil)); !errors.Is(err, ErrNotBootable) {
		t.Errorf("Read before Bootable: %v, want %v", err, ErrNotBootable)
	}
}

// TestRealExecutable uses what the Go linker makes, with and without symbols.
func TestRealExecutable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "main.go")
	text := "package main\n\nvar marker = \"ringo kernel image\\x00v1\\x00\\x00\\x00\"\n\nfunc main() { print(marker) }\n"
	if err := os.WriteFile(program, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, ldflags := range []string{"", "-s -w"} {
		file := filepath.Join(dir, "program")
		cmd := exec.Command("go", "build", "-ldflags="+ldflags, "-o", file, program)
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
		if err := BootableFile(file, file); err != nil {
			t.Fatal(err)
		}
		image, err := ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := elf.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if image.Entry != f.Entry || image.Start != 0x400000 || image.End <= image.Start {
			t.Errorf("ReadFile: %+v, entry is %#x", image, f.Entry)
		}
		var notes int
		for _, p := range f.Progs {
			if p.Type == elf.PT_NOTE {
				notes++
				data := make([]byte, p.Filesz)
				if _, err := p.ReadAt(data, 0); err != nil || !bytes.HasPrefix(data[12:], []byte("Xen\x00")) {
					t.Errorf("the note is %q (%v)", data, err)
				}
			}
		}
		if notes != 1 {
			t.Errorf("%d note headers", notes)
		}
	}
}

// TestTrim: what the kernel fills on demand is no business of the boot loader's.
func TestTrim(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	const code, last = headerSize + programHeaderSize, headerSize + 2*programHeaderSize
	for _, test := range []struct {
		end        uint64
		code, last uint64 // sizes in memory
	}{
		{0x500001, 0x2000, 0x3000},
		{0x500fff, 0x2000, 0x3000},
		{0x501000, 0x2000, 0x3000},
		{0x501001, 0x2000, 0x4000},
		{0x4ff000, 0x2000, 0x1000}, // nothing but what is in the file
		// Hostile ones.
		{0, 0x2000, 0x100000},
		{0x4fe000, 0x2000, 0x100000},
		{0x4ff000 - 0x1000, 0x2000, 0x100000},
		{0x401000, 0x1000, 0x100000}, // the code's segment: as good as any
		{0x5fe000, 0x2000, 0x100000},
		{0x5fe001, 0x2000, 0x100000},
		{1 << 32, 0x2000, 0x100000},
		{1<<32 + 0x500000, 0x2000, 0x100000},
		{1<<64 - 1, 0x2000, 0x100000},
		{1<<64 - 4096, 0x2000, 0x100000},
	} {
		image, err := Bootable(sample(func(d []byte) {
			le.PutUint16(d[56:], 3)
			h := d[last:]
			le.PutUint32(h, segmentLoad)
			le.PutUint32(h[4:], 6)
			le.PutUint64(h[8:], 0)
			le.PutUint64(h[16:], 0x4fe000)
			le.PutUint64(h[24:], 0x4fe000)
			le.PutUint64(h[32:], 0x1000)
			le.PutUint64(h[40:], 0x100000)
			le.PutUint64(d[0x800+zeroedEnd:], test.end)
		}))
		if err != nil {
			t.Fatal(err)
		}
		if got := le.Uint64(image[code+40:]); got != test.code {
			t.Errorf("end %#x: the code takes %#x, want %#x", test.end, got, test.code)
		}
		if got := le.Uint64(image[last+40:]); got != test.last {
			t.Errorf("end %#x: the last segment takes %#x, want %#x", test.end, got, test.last)
		}
		if _, err := Read(image); err != nil {
			t.Errorf("end %#x: %v", test.end, err)
		}
	}
}

// TestMarker: only the kernel's own counts, and one at the very end of the file has no address.
func TestMarker(t *testing.T) {
	t.Parallel()
	_, err := Bootable(sample(func(d []byte) { d[0x800+len(Marker)] = 1 }))
	if !errors.Is(err, ErrNotRingo) {
		t.Errorf("a text in a program: %v", err)
	}
	_, err = Bootable(sample(func(d []byte) {
		copy(d[0x800:], make([]byte, 64))
		copy(d[0x400:], Marker+"x"+Marker)
	}))
	if err != nil {
		t.Errorf("the second: %v", err)
	}
	for short := range 9 {
		image := sample(func(d []byte) {
			copy(d[0x800:], make([]byte, 64))
			copy(d[len(d)-zeroedEnd-short:], Marker)
		})
		if _, err := Bootable(image); err != nil {
			t.Errorf("%d bytes for the address: %v", short, err)
		}
	}
	if _, err := Bootable(sample(func(d []byte) {
		copy(d[0x800:], make([]byte, 64))
		copy(d[len(d)-zeroedEnd+1:], Marker)
	})); !errors.Is(err, ErrNotRingo) {
		t.Errorf("a marker that is cut off: %v", err)
	}
}

// FuzzBootable: whatever the file, there is an image that Read agrees with, or an error.
func FuzzBootable(f *testing.F) {
	f.Add(sample(nil))
	image, err := Bootable(sample(nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(image)
	f.Add([]byte("\x7fELF"))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		image, err := Bootable(data)
		if !bytes.Equal(before, data) {
			t.Fatal("Bootable changed its input")
		}
		if err != nil {
			return
		}
		info, err := Read(image)
		if err != nil {
			t.Fatalf("Read of what Bootable made: %v", err)
		}
		if info.Entry < info.Start || info.Entry >= info.End {
			t.Fatalf("the entry is outside the image: %+v", info)
		}
		if again, err := Bootable(image); err != nil || !bytes.Equal(again, image) {
			t.Fatalf("Bootable of what Bootable made: %v", err)
		}
	})
}
