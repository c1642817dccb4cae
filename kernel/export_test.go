package kernel

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/fs/newc"
	"github.com/ringo-os/ringo/kernel/machine"
)

// TestExport: the files that are there at the end are sent, once, whoever ends the program.
func TestExport(t *testing.T) {
	files := fs.New(1 << 20)
	var sent bytes.Buffer
	exportDevice = func() (io.Writer, error) { return &sent, nil }
	end := export(files, []string{"/out", "/absent"})
	f, errno := files.Open(files.Root(), "/out", syscall.O_CREAT|syscall.O_WRONLY, 0o600)
	if errno != 0 {
		t.Fatal(errno)
	}
	f.Write([]byte("later"))
	if sent.Len() > 0 {
		t.Error("something was sent before the end")
	}
	var ends sync.WaitGroup
	for range 3 {
		ends.Go(end)
	}
	ends.Wait()
	r := newc.Reader{Data: sent.Bytes()}
	for _, want := range []string{"out later", newc.Trailer + " "} {
		if got, err := r.Read(); got.Name+" "+string(got.Content) != want || err != nil {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if _, err := r.Read(); err == nil {
		t.Error("there is more than one archive")
	}
}

// TestExportFails: the program ends all the same.
func TestExportFails(t *testing.T) {
	var said []byte
	old := machine.Output
	machine.Output = func(p []byte) { said = append(said, p...) }
	defer func() { machine.Output = old }()
	for _, to := range []io.Writer{broken{}, nil} {
		said = nil
		exportDevice = func() (io.Writer, error) { return to, nil }
		export(fs.New(1<<20), []string{"/"})()
		if !strings.Contains(string(said), "ringo: not all of export= has reached the host: ") {
			t.Errorf("%q", said)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }
