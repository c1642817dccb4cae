// Package syslog sends what the program writes to standard output and error, and what the kernel says, to a log
// server, line by line (the word log= on the kernel command line). All of it stays on the console, too.
//
//	lines.go    lines of what is written
//	queue.go    where they wait, as long as there is room: the program never waits for the server
//	message.go  lines as RFC 5424 has them
//	local.go    what the program itself sends to /dev/log
//	sender.go   to the server
//	lastwords.go  what is left to say when the program has died
//
// Late code. How bytes get to the server is a matter of whoever calls Connect: a program without a network has this
// package, too.
package syslog

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringo-os/ringo/kernel/machine"
)

// Options is what a Log needs to know.
type Options struct {
	Target   Target
	App      string        // the program's name
	Hostname func() string // as it is when a line is sent
	Room     int           // bytes that lines may take while they wait
}

// A Log is the way to one server.
type Log struct {
	options Options
	queue   queue
	output  *Stream // see Stream
	errors  *Stream
	runtime *Stream
	sending atomic.Bool
	way     atomic.Pointer[Way] // nil if there is none
	givenUp atomic.Bool         // Flush has, and does not wait again
}

// current is the machine's, nil without log=.
var current atomic.Pointer[Log]

// New makes a log. Lines wait in it until Connect is called.
func New(o Options) *Log {
	l := &Log{options: o}
	l.queue.init(o.Room)
	l.output = &Stream{log: l, priority: daemon | informational, kind: "stdout"}
	l.errors = &Stream{log: l, priority: daemon | notice, kind: "stderr"}
	l.runtime = &Stream{log: l, priority: daemon | notice, kind: "runtime"}
	return l
}

// Begin makes l the machine's log: what the kernel says and the runtime prints goes there from now on, and so does
// the text of a panic. It is called once.
func (l *Log) Begin() {
	current.Store(l)
	machine.OnPanic(l.panics)
	machine.LastWords(l.lastWords)
	source := machine.TapOutput(make([]byte, tapSize))
	go func() {
		for {
			l.takeRuntime()
			source.Wait()
			time.Sleep(tapPause)
		}
	}()
}

// tapPause is how long what the runtime prints stays where it is: if it is why the program dies, this goroutine does not
// come back, and all of it is there for lastWords. Until the runtime has stopped the other cores that may take tens of
// milliseconds, where they are emulated.
const tapPause = 250 * time.Millisecond

// tapSize is how much of what the runtime prints may wait to be taken: several threads that run out of memory at once
// say some 20 KiB.
const tapSize = 64 << 10

// Target returns where l leads.
func (l *Log) Target() Target { return l.options.Target }

// Output and Errors are for what the program writes to standard output and error: nil of a nil Log.
func (l *Log) Output() *Stream {
	if l == nil {
		return nil
	}
	return l.output
}

func (l *Log) Errors() *Stream {
	if l == nil {
		return nil
	}
	return l.errors
}

// takeRuntime takes what the runtime has written.
func (l *Log) takeRuntime() {
	var p [1024]byte
	for {
		n, lost := machine.TakeOutput(p[:])
		if n == 0 && lost == 0 {
			return
		}
		l.runtime.Write(p[:n])
		l.queue.drop(lost)
	}
}

// panics logs the text of a panic.
func (l *Log) panics(text []byte) {
	now := time.Now()
	for line := range bytes.Lines(text) {
		l.add(record{time: now, priority: daemon | critical, kind: "panic", text: string(trim(line))})
	}
}

// Local logs what was sent to /dev/log.
func (l *Log) Local(message []byte) { l.add(parseLocal(message, time.Now())) }

// add queues r, unless it says nothing.
func (l *Log) add(r record) {
	if r.text != "" || r.whole != nil {
		l.queue.put(r)
	}
}

// Flush waits until what was written has reached the server, or patience is at an end, as it is for all times then.
func (l *Log) Flush(patience time.Duration) {
	l.takeRuntime()
	for _, s := range []*Stream{l.output, l.errors, l.runtime} {
		s.flush()
	}
	if l.sending.Load() && !l.givenUp.Load() && !l.queue.drain(patience) {
		l.givenUp.Store(true)
		tell("not all there was to log has reached the server")
	}
}

// Say writes a sentence of the kernel's to the console, and logs it.
func Say(sentence string) {
	line := "ringo: " + sentence
	machine.ConsoleWrite([]byte(line + "\n"))
	if l := current.Load(); l != nil {
		l.add(record{time: time.Now(), priority: kernel | warning, kind: "kernel", text: line})
	}
}

// A Stream is a file that the program writes lines to.
type Stream struct {
	log      *Log
	priority priority
	kind     string

	mu   sync.Mutex
	part []byte // of a line that has not ended; guarded by mu
}
