package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress tells on stderr what takes long: on a terminal a line that is wiped out again, elsewhere
// one line for each step that takes more than a moment.
type progress struct {
	mu       sync.Mutex
	off      bool
	terminal bool
	bar      *progressbar.ProgressBar
	pending  *time.Timer
	ticker   chan struct{}
}

// A step that is over in a moment is not worth a line.
const moment = 700 * time.Millisecond

func newProgress(off bool) *progress {
	return &progress{off: off, terminal: term.IsTerminal(int(os.Stderr.Fd()))}
}

// step says that something begins, and so that what went before is over.
func (p *progress) step(what string) {
	p.stop()
	if p.off {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending = time.AfterFunc(moment, func() { p.show(what) })
}

func (p *progress) show(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pending == nil { // it was over just now
		return
	}
	if !p.terminal {
		fmt.Fprintf(os.Stderr, "ringo: %s\n", what)
		return
	}
	p.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(what),
		progressbar.OptionSpinnerType(14), progressbar.OptionSetElapsedTime(true), progressbar.OptionClearOnFinish())
	stop := make(chan struct{})
	p.ticker = stop
	go func() {
		for tick := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				p.mu.Lock()
				if p.bar != nil {
					p.bar.Add(1)
				}
				p.mu.Unlock()
			}
		}
	}()
}

// stop wipes the line out.
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pending != nil {
		p.pending.Stop()
		p.pending = nil
	}
	p.wipe()
}

// wipe is stop with the lock held, and lets the step go on without a line.
func (p *progress) wipe() {
	if p.bar != nil {
		p.bar.Clear()
		p.bar = nil
		close(p.ticker)
	}
}

// around returns a writer to w that does not mix with the line.
func (p *progress) around(w io.Writer) io.Writer { return &aside{p, w} }

type aside struct {
	p *progress
	w io.Writer
}

func (a *aside) Write(b []byte) (int, error) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	a.p.wipe()
	return a.w.Write(b)
}
