package inner_test

import (
	"net"
	"testing"

	"example.com/tested/inner"
)

func TestPasses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if inner.Two() != 2 {
		t.Error("Two is not 2")
	}
}
