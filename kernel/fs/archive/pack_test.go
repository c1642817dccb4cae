package archive

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/u-root/u-root/pkg/cpio"
)

// TestPack: what was asked for is packed, with what is below it, and can be unpacked again.
func TestPack(t *testing.T) {
	files := newFiles()
	large := strings.Repeat("0123456789", 20_000)
	if err := Unpack(files, packed(t,
		cpio.StaticFile("out/a/large", large, 0o600),
		cpio.StaticFile("out/b", "b", 0o644),
		cpio.Symlink("out/link", "/secret"),
		cpio.StaticFile("secret", "not asked for", 0o644),
		cpio.StaticFile("single", "x", 0o644),
	)); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Pack(files, []string{"/single", "/absent", "/out/", "/absent/too"}, &b); err != nil {
		t.Fatal(err)
	}
	records, err := cpio.ReadAllRecords(cpio.Newc.Reader(bytes.NewReader(b.Bytes())))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range records {
		names = append(names, r.Name)
	}
	if want := []string{"single", "out", "out/a", "out/a/large", "out/b"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	again := newFiles()
	if err := Unpack(again, b.Bytes()); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/out/a/large": "100600 " + large, "/single": "100644 x", "/out/a": "40755"} {
		if got := seen(t, again, path); got != want {
			t.Errorf("%s: %.60q", path, got)
		}
	}
}

type failing struct{ after int }

var errFailing = errors.New("the other end is gone")

func (f *failing) Write(p []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, errFailing
	}
	return len(p), nil
}

func TestPackToNobody(t *testing.T) {
	files := newFiles()
	if err := Unpack(files, packed(t, cpio.StaticFile("f", "content", 0o644))); err != nil {
		t.Fatal(err)
	}
	for after := range 5 {
		if err := Pack(files, []string{"/f"}, &failing{after}); err == nil || !strings.Contains(err.Error(), errFailing.Error()) {
			t.Errorf("after %d writes: %v", after, err)
		}
	}
}
