package tests

import (
	"flag"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"example.com/tests/inner"
)

var update = flag.Bool("update", false, "write testdata/golden")

func TestPasses(t *testing.T) {
	if Sum(1, 2, inner.Three()) != 6 {
		t.Error("the sum is wrong")
	}
}

func TestFails(t *testing.T) { t.Error("it fails") }

func TestPanics(t *testing.T) { panic("it panics") }

func TestExits(t *testing.T) {
	os.WriteFile(filepath.Join(t.ArtifactDir(), "artifact"), []byte("kept"), 0o666)
	os.Exit(1)
}

func TestDies(t *testing.T) { log.Fatal("the last word") }

func TestLoops(t *testing.T) {
	for {
	}
}

// TestStubborn does not end on SIGQUIT.
func TestStubborn(t *testing.T) {
	signal.Ignore(syscall.SIGQUIT)
	os.Stdout.WriteString("stubborn\n")
	for {
	}
}

func TestLooping(t *testing.T) {
	os.Stdout.WriteString("looping\n")
	for {
	}
}

// TestFiles looks for the module's files, from the package's folder.
func TestFiles(t *testing.T) {
	for _, name := range []string{"testdata/file.txt", "go.mod", "inner/inner.go", "tests_test.go"} {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(dir, runtime.GOMAXPROCS(0), os.Getenv("OF_THE_TEST"), flag.Args())
	if err := os.WriteFile("new", nil, 0o666); err != nil {
		t.Error(err)
	}
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", "golden"), []byte("golden\n"), 0o666); err != nil {
			t.Error(err)
		}
	}
}

func TestArtifacts(t *testing.T) {
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), "artifact"), []byte("kept"), 0o666); err != nil {
		t.Error(err)
	}
}

func TestLong(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long")
	}
}

var sink int

func TestWorks(t *testing.T) {
	for start := time.Now(); time.Since(start) < 300*time.Millisecond; {
		sink += work(1000)
	}
}

//go:noinline
func work(n int) (sum int) {
	for i := range n {
		sum += i * i
	}
	return sum
}

func BenchmarkSum(b *testing.B) {
	for b.Loop() {
		sink += Sum(1, 2, 3)
	}
}

func FuzzSum(f *testing.F) {
	f.Add(1, 2)
	f.Fuzz(func(t *testing.T, a, b int) {
		if Sum(a, b) != a+b {
			t.Error(a, b)
		}
	})
}
