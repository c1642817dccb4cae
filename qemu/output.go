package qemu

import (
	"io"
	"os"
	"time"
)

// An output is the way from the machine's console.
//
// QEMU gets a regular file as it is. Anything else it gets through a pipe of ours: it would make the
// user's terminal non-blocking, for all who use it, and it throws away what nobody reads any more,
// where a program of Linux would be stopped.
type output struct {
	file *os.File // QEMU's

	to     io.Writer
	from   *os.File      // what QEMU writes; nil if it does so itself
	done   chan struct{} // closed when all is written
	failed chan struct{} // closed when writing has failed
	err    error         // why
}

func openOutput(to io.Writer) (*output, error) {
	o := &output{to: to, done: make(chan struct{}), failed: make(chan struct{})}
	if to == nil {
		return o, nil
	}
	if f, ok := to.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			o.file = f
			return o, nil
		}
	}
	var err error
	o.from, o.file, err = os.Pipe()
	return o, err
}

// start passes on what QEMU writes. QEMU has been started, or has not.
func (o *output) start() {
	if o.from == nil {
		close(o.done)
		return
	}
	o.file.Close()
	go func() {
		defer close(o.done)
		defer o.from.Close()
		if o.err = o.copy(); o.err != nil {
			close(o.failed)
		}
	}()
}

// copy copies. QEMU writes single bytes: while there are many, they are collected for a moment.
func (o *output) copy() error {
	const moment, few = time.Millisecond, 1 << 10
	var last time.Time
	for p := make([]byte, 64<<10); ; {
		n, err := o.from.Read(p)
		if _, err := o.to.Write(p[:n]); err != nil {
			return err
		}
		if err != nil {
			return nil // the end
		}
		if now := time.Now(); n < few && now.Sub(last) < 2*moment {
			time.Sleep(moment)
		}
		last = time.Now()
	}
}

// broken returns why writing has failed.
func (o *output) broken() error {
	select {
	case <-o.failed:
		return o.err
	default:
		return nil
	}
}
