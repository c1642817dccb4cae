package inner_test

import (
	"os"
	"testing"

	"example.com/tests/inner"
)

func TestPasses(t *testing.T) {
	if text, err := os.ReadFile("../testdata/file.txt"); string(text) != "a file of the tests\n" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if inner.Three() != 3 {
		t.Error("Three is not 3")
	}
}
