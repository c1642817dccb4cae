package linker

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"path/filepath"
	"slices"
	"testing"
)

// Where things are in what sample makes.
const (
	codeHeader    = headerSize + programHeaderSize
	dataHeader    = codeHeader + programHeaderSize
	dynamicHeader = dataHeader + programHeaderSize
	lastHeader    = dynamicHeader + programHeaderSize // not used

	dynamicAt = 0x1200
	markerAt  = 0x1800
	tableAt   = 0x1f00
	sampleEnd = 0x2000

	base = 0x400000 // sample[x] is at base+x
)

// sample makes a small executable: a code segment, one of read-only data with a marker, a dynamic section and, last, a
// relocation, a note header; and whatever change does to it.
func sample(change func(data []byte)) []byte {
	le := binary.LittleEndian
	data := make([]byte, sampleEnd)
	copy(data, "\x7fELF\x02\x01\x01")
	le.PutUint16(data[16:], typeShared)
	le.PutUint16(data[18:], machineX86)
	le.PutUint32(data[20:], 1)
	le.PutUint64(data[24:], base+0x400) // entry
	le.PutUint64(data[32:], headerSize)
	le.PutUint16(data[52:], headerSize)
	le.PutUint16(data[54:], programHeaderSize)
	le.PutUint16(data[56:], 4)

	note := data[headerSize:]
	le.PutUint32(note, segmentNote)
	le.PutUint64(note[8:], 0xf00)
	le.PutUint64(note[32:], 64)
	putSegment(data[codeHeader:], segmentLoad, 5, 0, 0x1000, 0x1000)
	putSegment(data[dataHeader:], segmentLoad, 4, 0x1000, 0x1000, 0x1000)
	putSegment(data[dynamicHeader:], segmentDynamic, 6, dynamicAt, 5*dynamicSize, 5*dynamicSize)

	copy(data[markerAt:], Marker)
	for i, tag := range [][2]uint64{{tagTable, base + tableAt}, {tagTableSize, relocationSize}, {tagEntrySize, relocationSize}} {
		putTag(data, i, tag[0], tag[1])
	}
	putRelocation(data, 0, markerAt+zeroedEnd, base+sampleEnd)
	if change != nil {
		change(data)
	}
	return data
}

func putSegment(header []byte, kind, flags uint32, offset, fileSize, memorySize uint64) {
	le := binary.LittleEndian
	le.PutUint32(header, kind)
	le.PutUint32(header[4:], flags)
	le.PutUint64(header[8:], offset)
	le.PutUint64(header[16:], base+offset)
	le.PutUint64(header[24:], base+offset)
	le.PutUint64(header[32:], fileSize)
	le.PutUint64(header[40:], memorySize)
	le.PutUint64(header[48:], 4096)
}

// putTag writes the i-th entry of the dynamic section.
func putTag(data []byte, i int, tag, value uint64) {
	binary.LittleEndian.PutUint64(data[dynamicAt+i*dynamicSize:], tag)
	binary.LittleEndian.PutUint64(data[dynamicAt+i*dynamicSize+8:], value)
}

// putRelocation makes an address of what is at an offset, and the i-th relocation of it.
func putRelocation(data []byte, i, at int, address uint64) {
	le := binary.LittleEndian
	le.PutUint64(data[at:], address)
	entry := data[tableAt+i*relocationSize:]
	le.PutUint64(entry, uint64(base+at))
	le.PutUint64(entry[8:], relocationRelative)
	le.PutUint64(entry[16:], address)
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
	if want := (Image{Entry: base + 0x400, Start: base, End: base + tableAt + packedSize, FileSize: int64(len(image))}); *got != want {
		t.Errorf("Read: %+v, want %+v", *got, want)
	}
	again, err := Bootable(image)
	if err != nil || !bytes.Equal(again, image) {
		t.Errorf("Bootable of an image changes it (%v)", err)
	}
	le := binary.LittleEndian
	if table, size := le.Uint64(image[markerAt+relocations:]), le.Uint64(image[markerAt+relocations+8:]); table != base+tableAt || size != packedSize {
		t.Errorf("the kernel is told of %d bytes of relocations at %#x", size, table)
	}
	if place := le.Uint64(image[tableAt:]); place != base+markerAt+zeroedEnd {
		t.Errorf("the first place is %#x", place)
	}
	if file, memory := le.Uint64(image[dataHeader+32:]), le.Uint64(image[dataHeader+40:]); file != tableAt+packedSize-0x1000 || memory != file {
		t.Errorf("the read-only data takes %#x bytes in the file and %#x in memory", file, memory)
	}
	clear(image[markerAt+relocations : markerAt+markerSize])
	if !bytes.Equal(image[lastHeader:tableAt], sample(nil)[lastHeader:tableAt]) || !bytes.Equal(image[tableAt+packedSize:sampleEnd], make([]byte, sampleEnd-tableAt-packedSize)) {
		t.Error("Bootable changes more than headers, the marker and the list")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	const code, data = codeHeader, dataHeader
	for name, test := range map[string]struct {
		change func(data []byte)
		want   error
	}{
		"no marker":          {func(d []byte) { d[markerAt] = 'R' }, ErrNotRingo},
		"no magic":           {func(d []byte) { d[0] = 0 }, ErrNotExecutable},
		"32 bits":            {func(d []byte) { d[4] = 1 }, ErrNotExecutable},
		"big endian":         {func(d []byte) { d[5] = 2 }, ErrNotExecutable},
		"an object file":     {func(d []byte) { d[16] = 1 }, ErrNotExecutable},
		"arm64":              {func(d []byte) { d[18] = 183 }, ErrNotExecutable},
		"headers far away":   {func(d []byte) { le.PutUint64(d[32:], 1<<63) }, ErrNotExecutable},
		"many headers":       {func(d []byte) { le.PutUint16(d[56:], 65535) }, ErrNotExecutable},
		"odd headers":        {func(d []byte) { le.PutUint16(d[54:], 55) }, ErrNotExecutable},
		"no headers":         {func(d []byte) { le.PutUint16(d[56:], 0) }, ErrNotExecutable},
		"entry in data":      {func(d []byte) { le.PutUint64(d[24:], base+0x1000) }, ErrNotExecutable},
		"entry above 4 GiB":  {func(d []byte) { le.PutUint64(d[24:], 1<<40) }, ErrNotExecutable},
		"not executable":     {func(d []byte) { d[code+4] = 6 }, ErrNotExecutable},
		"outside the file":   {func(d []byte) { le.PutUint64(d[code+8:], sampleEnd) }, ErrNotExecutable},
		"offset wraps":       {func(d []byte) { le.PutUint64(d[code+8:], 1<<64-1) }, ErrNotExecutable},
		"larger in the file": {func(d []byte) { le.PutUint64(d[code+40:], 4095) }, ErrNotExecutable},
		"memory wraps":       {func(d []byte) { le.PutUint64(d[data+40:], 1<<64-4096) }, ErrNotExecutable},
		"above 4 GiB":        {func(d []byte) { le.PutUint64(d[data+40:], 1<<32) }, ErrNotExecutable},
		"moved":              {func(d []byte) { le.PutUint64(d[code+24:], 0x100000) }, ErrNotExecutable},
		"no note header":     {func(d []byte) { d[headerSize] = 6 }, ErrNotExecutable},
		"static":             {func(d []byte) { d[dynamicHeader] = 6 }, ErrNotRelocatable},
	} {
		if _, err := Bootable(sample(test.change)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	for cut := range headerSize + 4*programHeaderSize {
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
	dir := writeProgram(t, markedProgram())
	for _, ldflags := range []string{"-buildmode=pie", "-s -w -buildmode=pie"} {
		file := filepath.Join(dir, "program")
		build(t, ldflags, file, dir)
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
	const last = lastHeader
	for _, test := range []struct {
		end, last uint64 // last is the size in memory
	}{
		{0x500001, 0x3000},
		{0x500fff, 0x3000},
		{0x501000, 0x3000},
		{0x501001, 0x4000},
		{0x4ff000, 0x1000}, // nothing but what is in the file
		// Hostile ones.
		{0, 0x100000},
		{0x4fe000, 0x100000},
		{0x4ff000 - 0x1000, 0x100000},
		{0x402000, 0x100000}, // in another segment
		{0x5fe000, 0x100000},
		{0x5fe001, 0x100000},
		{1 << 32, 0x100000},
		{1<<32 + 0x500000, 0x100000},
		{1<<64 - 1, 0x100000},
		{1<<64 - 4096, 0x100000},
	} {
		image, err := Bootable(sample(func(d []byte) {
			le.PutUint16(d[56:], 5)
			putSegment(d[last:], segmentLoad, 6, 0, 0x1000, 0x100000)
			le.PutUint64(d[last+16:], 0x4fe000)
			le.PutUint64(d[last+24:], 0x4fe000)
			putRelocation(d, 0, markerAt+zeroedEnd, test.end)
		}))
		if err != nil {
			t.Fatal(err)
		}
		if got := le.Uint64(image[last+40:]); got != test.last {
			t.Errorf("end %#x: the last segment takes %#x, want %#x", test.end, got, test.last)
		}
		if _, err := Read(image); err != nil {
			t.Errorf("end %#x: %v", test.end, err)
		}
	}
}

// TestMarker: only the kernel's own counts, in which there is an address.
func TestMarker(t *testing.T) {
	t.Parallel()
	_, err := Bootable(sample(func(d []byte) { d[markerAt+len(Marker)] = 1 }))
	if !errors.Is(err, ErrNotRingo) {
		t.Errorf("a text in a program: %v", err)
	}
	// An image that is embedded in a program.
	_, err = Bootable(sample(func(d []byte) { putRelocation(d, 0, markerAt+128, base) }))
	if !errors.Is(err, ErrNotRingo) {
		t.Errorf("a marker without a relocation: %v", err)
	}
	image, err := Bootable(sample(func(d []byte) {
		copy(d[0x600:], Marker)
		copy(d[0x1600:], Marker)
		copy(d[markerAt-len(Marker):], Marker+Marker) // the first without zeros
	}))
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	for at, want := range map[int]uint64{0x600: 0, 0x1600: 0, markerAt: base + tableAt} {
		if got := le.Uint64(image[at+relocations:]); got != want {
			t.Errorf("at %#x the kernel is told %#x, want %#x", at, got, want)
		}
	}
	if _, err := Bootable(sample(func(d []byte) {
		copy(d[markerAt:], make([]byte, 64))
		copy(d[len(d)-markerSize+1:], Marker)
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
		if _, ok := bootNote(data); !ok {
			followRelocations(t, data, image)
		}
	})
}

// bootNote reports whether a file has been through Bootable.
func bootNote(data []byte) (entry uint64, ok bool) {
	f, err := parse(data)
	if err != nil {
		return 0, false
	}
	return f.bootEntry()
}

// followRelocations does what the kernel does with the marker of an image, on what a boot loader makes of the file. It
// must find the places that the executable has listed.
func followRelocations(t *testing.T, executable, image []byte) {
	f, err := parse(executable)
	if err != nil {
		t.Fatal(err)
	}
	table, err := f.relocationTable()
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := f.relocations(table)
	if err != nil {
		t.Fatal(err)
	}
	e, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return // its sections make no sense, which nobody needs
	}
	at := func(address uint64) (p *elf.Prog, word uint64) {
		var b [8]byte
		for _, p := range e.Progs {
			if p.Type == elf.PT_LOAD && address >= p.Vaddr && address-p.Vaddr < p.Filesz {
				if _, err := p.ReadAt(b[:], int64(address-p.Vaddr)); err == nil {
					return p, binary.LittleEndian.Uint64(b[:])
				}
			}
		}
		t.Fatalf("%#x is not in the image", address)
		return nil, 0
	}
	for next := 0; ; next++ {
		marker := findMarker(image[next:])
		if marker < 0 {
			t.Fatal("no marker tells of relocations")
		}
		next += marker
		list, size := binary.LittleEndian.Uint64(image[next+relocations:]), binary.LittleEndian.Uint64(image[next+relocations+8:])
		if size == 0 || size > uint64(len(image)) || size%packedSize != 0 {
			continue // another one
		}
		var words []uint64
		for entry := list; entry < list+size; entry += packedSize {
			_, word := at(entry)
			words = append(words, word)
		}
		places := unpack(words)
		if !slices.EqualFunc(places, wanted, func(place uint64, r relocation) bool { return place == r.place }) {
			t.Fatalf("the places are %#x, and the executable has %#x", places, wanted)
		}
		for _, place := range places {
			if p, address := at(place); p.Flags&elf.PF_X != 0 || address >= list && address < list+size {
				t.Fatalf("at %#x is %#x (flags %v)", place, address, p.Flags)
			}
		}
		return
	}
}
