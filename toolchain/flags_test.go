package toolchain

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLinkFlags: ours are added to each of the user's -ldflags, since the last that matches a package counts alone.
func TestLinkFlags(t *testing.T) {
	t.Parallel()
	o := &Overlay{Link: []string{"-buildmode=pie"}}
	const ours = "-ldflags=-buildmode=pie"
	for _, test := range []struct {
		goflags string
		line    []string
		want    []string
	}{
		{"", nil, []string{ours}},
		{"", []string{"-ldflags=-s -w"}, []string{ours, "-ldflags=-s -w -buildmode=pie"}},
		{"", []string{"-ldflags="}, []string{ours, ours}},
		{"", []string{"-ldflags= -X 'a.b=c d' "}, []string{ours, "-ldflags=-X 'a.b=c d' -buildmode=pie"}},
		{"", []string{"-ldflags=all=-s", "-tags=x"}, []string{ours, "-ldflags=all=-s -buildmode=pie"}},
		{"", []string{"-ldflags=./cmd/...="}, []string{ours, "-ldflags=./cmd/...=-buildmode=pie"}},
		{"", []string{"-ldflags=wrong"}, []string{ours, "-ldflags=wrong"}},
		{"-ldflags=-s -tags=x", []string{"-ldflags=-w"}, []string{ours, "-ldflags=-s -buildmode=pie", "-ldflags=-w -buildmode=pie"}},
	} {
		toolchain := &Toolchain{env: map[string]string{"GOFLAGS": test.goflags}}
		u, err := toolchain.userFlags(test.line)
		if err != nil {
			t.Errorf("%+v: %v", test, err)
			continue
		}
		if got := o.linkFlags(u); !slices.Equal(got, test.want) {
			t.Errorf("%q and %q: %q, want %q", test.goflags, test.line, got, test.want)
		}
		if slices.ContainsFunc(u.line, func(f string) bool { return strings.HasPrefix(f, "-ldflags") }) {
			t.Errorf("%q are left", u.line)
		}
	}
}

// TestLinkedAsAsked: what the Go linker makes is position-independent, whatever else its flags are, and
// wherever they come from.
func TestLinkedAsAsked(t *testing.T) {
	b := newBench(t, hello, "")
	b.overlay.Link = Ringo().Link
	t.Setenv("GOFLAGS", "-ldflags=-s")
	b.env["GOFLAGS"] = "-ldflags=-s"
	for _, flags := range [][]string{nil, {"-ldflags=-w"}, {"-ldflags=all="}, {"-ldflags=std=-w"}} {
		out := filepath.Join(t.TempDir(), "program")
		if err := b.Build(t.Context(), b.overlay, Request{Flags: flags, Output: out}); err != nil {
			t.Fatalf("%q: %v\n%s", flags, err, b.said)
		}
		said, err := exec.Command("go", "version", "-m", out).CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		_, linked, _ := strings.Cut(string(said), "-ldflags=")
		if linked, _, _ = strings.Cut(linked, "\n"); !strings.Contains(linked, "-buildmode=pie") {
			t.Errorf("%q: linked with %s", flags, linked)
		}
		if symbols := strings.Contains(string(must(t, out)), "\x00.symtab\x00"); symbols != (len(flags) == 1 && flags[0] != "-ldflags=std=-w") {
			t.Errorf("%q: symbols: %v", flags, symbols)
		}
	}
}

func must(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
