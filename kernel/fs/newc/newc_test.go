package newc

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/u-root/u-root/pkg/cpio"
)

// TestWrite: another party's reader finds what was written, and so does ours.
func TestWrite(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	files := map[string]string{"a": "", "dir/b": "x", "odd": "12345", "longer": strings.Repeat("y", 1000)}
	for name, content := range files {
		if err := w.Begin(&Record{Name: name, Mode: 0o100644, Modified: 5}, int64(len(content))); err != nil {
			t.Fatal(err)
		}
		for _, half := range []string{content[:len(content)/2], content[len(content)/2:]} {
			if _, err := io.WriteString(w, half); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.End(); err != nil {
		t.Fatal(err)
	}
	theirs, err := cpio.ReadAllRecords(cpio.Newc.Reader(bytes.NewReader(b.Bytes())))
	if err != nil || len(theirs) != len(files) {
		t.Fatal(len(theirs), err)
	}
	ours := Reader{Data: b.Bytes()}
	for _, r := range theirs {
		content, err := io.ReadAll(io.NewSectionReader(r, 0, int64(r.FileSize)))
		if string(content) != files[r.Name] || err != nil || r.Mode != 0o100644 || r.MTime != 5 {
			t.Errorf("%v: %q, %v", r, content, err)
		}
		got, err := ours.Read()
		if got.Name != r.Name || !bytes.Equal(got.Content, content) || got.Mode != 0o100644 || got.Modified != 5 || err != nil {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if last, err := ours.Read(); last.Name != Trailer || err != nil {
		t.Errorf("%+v, %v", last, err)
	}
}

func TestWriteRefuses(t *testing.T) {
	w := NewWriter(io.Discard)
	if err := w.Begin(&Record{Name: strings.Repeat("n", 5000)}, 0); err != errLongName {
		t.Error(err)
	}
	if err := w.Begin(&Record{Name: "n"}, 1<<32); err != errLarge {
		t.Error(err)
	}
	if err := w.Begin(&Record{Name: "n"}, 2); err != nil {
		t.Error(err)
	}
	if _, err := w.Write([]byte("123")); err != errSize {
		t.Error(err)
	}
	if err := w.End(); err != errSize {
		t.Error("a file that is too short:", err)
	}
}

// FuzzRead: what is read is in the archive, and the reader always comes to an end.
func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	w := NewWriter(&b)
	w.Begin(&Record{Name: "a/b"}, 3)
	fmt.Fprint(w, "123")
	w.End()
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:120])
	f.Fuzz(func(t *testing.T, data []byte) {
		r := Reader{Data: data}
		for total := 0; ; {
			found, err := r.Read()
			if err != nil {
				return
			}
			if total += headerSize + len(found.Name) + len(found.Content); total > len(data) {
				t.Fatal("more than there is")
			}
		}
	})
}
