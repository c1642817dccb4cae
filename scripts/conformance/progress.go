package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"
)

// progress shows on a terminal how far the tests of a package are, in the line that says which it is.
type progress struct {
	terminal bool
	next     time.Time
	shown    string
}

func newProgress() *progress { return &progress{terminal: term.IsTerminal(int(os.Stdout.Fd()))} }

func (p *progress) show(r *result) {
	if now := time.Now(); p.terminal && now.After(p.next) {
		p.next = now.Add(time.Second / 5)
		p.clear()
		p.shown = fmt.Sprintf("%d passed, %d failed, %d skipped", r.count("pass"), r.count("fail"), r.count("skip"))
		fmt.Print(p.shown)
	}
}

// clear takes back what show has shown.
func (p *progress) clear() {
	for range p.shown {
		fmt.Print("\b \b")
	}
	p.shown = ""
}
