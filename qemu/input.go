package qemu

import (
	"io"
	"sync"

	"github.com/ringo-os/ringo/boot"
)

// An input is the way to the machine's console.
type input struct {
	quoted bool // the console's input is a pipe

	mu    sync.Mutex
	to    io.Writer
	ready func() // waits until the console takes input; called once

	// pressed gets how many Ctrl-Cs have been typed in a row, whenever that changes, until off.
	pressed chan int
	off     chan struct{}
}

// copy passes on what in holds, and its end.
func (i *input) copy(in io.Reader) {
	row := 0
	if in != nil {
		for p := make([]byte, 16<<10); ; {
			n, err := in.Read(p)
			data := p[:n]
			if i.quoted {
				data = quoteBytes(data)
			} else {
				row = i.count(row, data)
			}
			if i.write(data) != nil {
				return
			}
			if err != nil {
				break
			}
		}
	}
	if in != nil || i.quoted {
		i.signal(boot.PipeEnd) // which is Ctrl-D too
	}
}

// count looks for Ctrl-C in what is typed. Pressed once it is the program's.
func (i *input) count(row int, typed []byte) int {
	before := row
	for _, b := range typed {
		if b != boot.PipeInterrupt {
			row = 0
		} else if row++; row > 1 {
			i.tell(row)
			before = row
		}
	}
	if row != before {
		i.tell(row)
	}
	return row
}

func (i *input) tell(row int) {
	select {
	case i.pressed <- row:
	case <-i.off:
	}
}

// signal sends one of the bytes that mean something. On a terminal, the keys that mean the same have
// the same codes, but for SIGTERM.
func (i *input) signal(b byte) {
	if b == boot.PipeTerminate && !i.quoted {
		b = boot.PipeInterrupt
	}
	i.write([]byte{b})
}

func (i *input) write(p []byte) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ready()
	_, err := i.to.Write(p)
	return err
}

// quoteBytes quotes what is not to be taken for a signal.
func quoteBytes(data []byte) []byte {
	out := make([]byte, 0, len(data)+len(data)/16)
	for _, b := range data {
		switch b {
		case boot.PipeInterrupt, boot.PipeEnd, boot.PipeTerminate, boot.PipeQuote, boot.PipeQuit:
			out = append(out, boot.PipeQuote)
		}
		out = append(out, b)
	}
	return out
}
