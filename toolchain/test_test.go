package toolchain

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestVetChecks: what a release says of go vet is what its go test does.
func TestVetChecks(t *testing.T) {
	t.Parallel()
	tc, err := Find(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := tc.Release(Supported)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(tc.GOROOT, "src/cmd/go/internal/test/test.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "\nvar defaultVetFlags = []string{\n")
	list, _, _ = strings.Cut(list, "\n}\n")
	var want []string
	for _, m := range regexp.MustCompile(`(?m)^\t"-(\w+)",$`).FindAllStringSubmatch(list, -1) {
		want = append(want, m[1])
	}
	if !slices.Equal(r.Vet, want) {
		t.Errorf("%q, and go test has %q", r.Vet, want)
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	tc := &Toolchain{Options: Options{Dir: "/m"}}
	got := tc.findings([]byte(`{}
{"m/a [m/a.test]": {"printf": [{"posn":"/m/a/a.go:1:2","message":"one"},{"posn":"/m/a/a.go:3:4","message":"two"}]}}
{"m/a": {"printf": [{"posn":"/m/a/a.go:1:2","message":"one"}], "atomic": {"error":"failed"}}}
{"m/b": {"bool": [{"posn":"/elsewhere/b.go:5:6","message":"three"}]}}
`))
	const want = "# m/a\n# [m/a]\n./a/a.go:1:2: one\n./a/a.go:3:4: two\n# m/b\n# [m/b]\n/elsewhere/b.go:5:6: three\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := tc.findings([]byte("no JSON")); got != "" {
		t.Errorf("%q", got)
	}
}

// TestTestRefuses: what go test could not hand on is refused, not mangled.
func TestTestRefuses(t *testing.T) {
	t.Parallel()
	tc, err := Find(t.Context(), Options{Dir: "testdata/fixture", Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for want, r := range map[string]TestRequest{
		"both kinds of quotes":         {Exec: []string{"ringo", `it's "quoted"`}, Vet: "off"},
		"-vet=nonsense is nothing":     {Vet: "nonsense"},
		"-race does not work":          {Build: []string{"-race=true"}},
		"-ldflags holds -linkmode":     {Build: []string{"-ldflags=-linkmode=external"}},
		"the overlay file of -overlay": {Build: []string{"-overlay=absent.json"}},
	} {
		if _, err := tc.Test(t.Context(), &Overlay{}, r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
