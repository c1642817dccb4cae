package file

import (
	"bytes"
	"testing"
)

// FuzzRing does what data says to a ring and to a slice.
func FuzzRing(f *testing.F) {
	f.Add([]byte{0, 200, 1, 100, 0, 200, 3, 50, 2, 9, 4, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		var r Ring
		var model, written []byte
		for i := range 1 << 16 {
			written = append(written, byte(i*7+i>>8))
		}
		position, limit := 0, 9000
		for ; len(data) >= 2; data = data[2:] {
			n := int(data[1]) * 64
			p := make([]byte, n)
			switch data[0] % 5 {
			case 0:
				p = written[position%4096:][:n]
				want := max(min(n, limit-len(model)), 0)
				if got := r.Put(p, limit); got != want {
					t.Fatalf("put %d of %d bytes, want %d", got, n, want)
				}
				model, position = append(model, p[:want]...), position+want
			case 1:
				want := min(n, len(model))
				if got := r.Take(p); got != want || !bytes.Equal(p[:got], model[:want]) {
					t.Fatalf("took %d bytes, want %d", got, want)
				}
				model = model[want:]
			case 2:
				want := min(n, len(model))
				if got := r.Peek(p); got != want || !bytes.Equal(p[:got], model[:want]) {
					t.Fatalf("peeked %d bytes, want %d", got, want)
				}
			case 3:
				n = min(n, len(model))
				r.Drop(n)
				model = model[n:]
			case 4:
				limit = n
				r.Fit(n)
				if len(r.memory) > max(n, 9000, r.length) {
					t.Fatalf("%d bytes for %d", len(r.memory), r.length)
				}
			}
			if r.Length() != len(model) {
				t.Fatalf("length %d, want %d", r.Length(), len(model))
			}
		}
	})
}
