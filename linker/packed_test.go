package linker

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// unpack returns the places that a packed list has, as the kernel reads it (runtime/go1.26/image.go).
func unpack(words []uint64) (places []uint64) {
	next := uint64(0)
	for _, word := range words {
		if word&1 == 0 {
			place := word&0xFFFF_FFFF + word>>32
			places = append(places, place)
			next = place + 8
			continue
		}
		for bit := range uint64(63) {
			if word>>(1+bit)&1 != 0 {
				places = append(places, next+bit*8)
			}
		}
		next += 63 * 8
	}
	return places
}

// packedWords packs places, and returns the words of the list.
func packedWords(places []uint64) (words []uint64) {
	var list []relocation
	for _, p := range places {
		list = append(list, relocation{place: p})
	}
	for packed := pack(list); len(packed) > 0; packed = packed[packedSize:] {
		words = append(words, binary.LittleEndian.Uint64(packed))
	}
	return words
}

func TestPack(t *testing.T) {
	t.Parallel()
	var row []uint64 // as many as two words behind a place have bits for
	for i := range uint64(127) {
		row = append(row, 0x1000+8*i)
	}
	for _, test := range []struct {
		places []uint64
		words  []uint64
	}{
		{nil, nil},
		{[]uint64{0}, []uint64{0}},
		{[]uint64{0x1000}, []uint64{0x1000}},
		{[]uint64{0x1002, 0x100a}, []uint64{0x1002, 3}}, // not aligned, but to each other
		{[]uint64{0x1001, 0x1009}, []uint64{0x1_0000_1000, 3}},
		{[]uint64{0x1000, 0x1008, 0x1018}, []uint64{0x1000, 0b1011}},
		{[]uint64{0x1000, 0x100c, 0x1018}, []uint64{0x1000, 0x100c, 0x1018}},
		{[]uint64{0x1000, 0x1008, 0x1013}, []uint64{0x1000, 3, 0x1_0000_1012}},
		{[]uint64{0x1000, 0x1008 + 62*8}, []uint64{0x1000, 1<<63 | 1}},
		{[]uint64{0x1000, 0x1008 + 63*8}, []uint64{0x1000, 0x1008 + 63*8}},
		{row, []uint64{0x1000, 1<<64 - 1, 1<<64 - 1}},
		{[]uint64{1<<32 - 9, 1<<32 - 1}, []uint64{1<<32 - 10 + 1<<32, 3}},
	} {
		words := packedWords(test.places)
		if !slices.Equal(words, test.words) {
			t.Errorf("%#x: %#x, want %#x", test.places, words, test.words)
		}
		if places := unpack(words); !slices.Equal(places, test.places) {
			t.Errorf("%#x: unpacked, it is %#x", test.places, places)
		}
	}
}

// FuzzPack: whatever the distances between places, what is packed is read as it was, and takes no more room.
func FuzzPack(f *testing.F) {
	f.Add([]byte{8, 8, 16, 9, 200, 255, 255, 8})
	f.Fuzz(func(t *testing.T, distances []byte) {
		var places []uint64
		at := uint64(0x400000)
		for _, d := range distances {
			if d > 128 {
				at += uint64(d) * 64
			}
			at += 8 + uint64(d)
			places = append(places, at)
		}
		words := packedWords(places)
		if got := unpack(words); !slices.Equal(got, places) || len(words) > len(places) {
			t.Errorf("%#x becomes %#x", places, got)
		}
	})
}

// TestUnpackable: what lies behind the list is taken out of the image, so nothing may need it.
func TestUnpackable(t *testing.T) {
	t.Parallel()
	second := func(d []byte) { putTag(d, 1, tagTableSize, 2*relocationSize) }
	for name, test := range map[string]struct {
		change func(d []byte)
		want   error
	}{
		"variables":            {func(d []byte) { binary.LittleEndian.PutUint64(d[dataHeader+40:], 0x1001) }, ErrNotExecutable},
		"an address there":     {func(d []byte) { second(d); putRelocation(d, 1, sampleEnd-8, base) }, ErrUnmovable},
		"the address of it":    {func(d []byte) { second(d); putRelocation(d, 1, 0x1c00, base+sampleEnd-1) }, ErrUnmovable},
		"the list's inside":    {func(d []byte) { second(d); putRelocation(d, 1, 0x1c00, base+tableAt+1) }, ErrUnmovable},
		"the list's beginning": {func(d []byte) { second(d); putRelocation(d, 1, 0x1c00, base+tableAt) }, nil},
		"the segment's end":    {func(d []byte) { second(d); putRelocation(d, 1, 0x1c00, base+sampleEnd) }, nil},
	} {
		if _, err := Bootable(sample(test.change)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}
