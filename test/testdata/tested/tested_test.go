package tested

import (
	"os"
	"testing"
)

func TestPasses(t *testing.T) {
	if One() != 1 {
		t.Error("One is not 1")
	}
}

func TestFiles(t *testing.T) {
	text, err := os.ReadFile("testdata/file.txt")
	if err != nil || string(text) != "a file of the test\n" {
		t.Errorf("%q, %v", text, err)
	}
	if err := os.WriteFile(t.TempDir()+"/new", text, 0o666); err != nil {
		t.Error(err)
	}
}

func TestEnvironment(t *testing.T) {
	if b, err := os.ReadFile("/proc/version"); err == nil {
		t.Logf("%s", b)
	}
}

func TestFails(t *testing.T) { t.Error("it fails") }

func TestPanics(t *testing.T) { panic("it panics") }

func BenchmarkOne(b *testing.B) {
	for b.Loop() {
		One()
	}
}
