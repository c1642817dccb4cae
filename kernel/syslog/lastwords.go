package syslog

import (
	"time"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/machine"
)

// A Way sends datagrams when the program has died. Begin and Send are called on a system stack: they neither allocate nor
// wait, and store no pointers.
type Way interface {
	// Begin reports whether Send can be called.
	Begin() bool
	// Send sends p, and reports whether more can be sent.
	Send(p []byte) bool
}

// A waylaid Conn has a Way to the server that does without it.
type waylaid interface{ LastWay() Way }

// mostLastLine is the longest text of a line of the last words: with its header it fits into any frame.
const mostLastLine = 1000

// last is what the last words are made in. There is one log.
var last struct {
	piece   [256]byte
	line    [mostLastLine]byte
	used    int
	message [mostText + 512]byte
}

// lastWords sends, when the runtime has given up, the lines that wait, and what it has said about why. It runs as what
// machine.LastWords is given does.
func (l *Log) lastWords() {
	way := l.way.Load()
	if way == nil || !(*way).Begin() {
		return
	}
	// Who was just at it when the program died has what he has; so has the sender, and what he took may go twice.
	if l.queue.mu.TryLock() {
		if l.queue.handed && !l.sendLast(*way, &l.queue.hand) {
			return
		}
		for i := range l.queue.records {
			if !l.sendLast(*way, &l.queue.records[i]) {
				return
			}
		}
	}
	if l.runtime.mu.TryLock() {
		last.used = copy(last.line[:], l.runtime.part)
	}
	for truncated := false; ; {
		n, lost := machine.TakeOutput(last.piece[:])
		truncated = truncated || lost > 0 // behind what there is room for, which comes first
		for _, b := range last.piece[:n] {
			if b != '\n' && last.used < len(last.line) {
				last.line[last.used] = b
				last.used++
				continue
			}
			if !l.sendLine(*way) {
				return
			}
			if b != '\n' {
				last.line[0], last.used = b, 1
			}
		}
		if n == 0 {
			if l.sendLine(*way) && truncated {
				last.used = copy(last.line[:], "ringo: the rest is on the console")
				l.sendLine(*way)
			}
			return
		}
	}
}

// sendLine sends last.line, unless it is empty.
func (l *Log) sendLine(way Way) bool {
	text := trim(last.line[:last.used])
	last.used = 0
	if len(text) == 0 {
		return true
	}
	return l.sendLast(way, &record{time: time.Now(), priority: daemon | critical, kind: "fatal",
		text: unsafe.String(unsafe.SliceData(text), len(text))})
}

// sendLast sends r, unless it is too long for last.message: then append would allocate.
func (l *Log) sendLast(way Way, r *record) bool {
	const header = 512
	if r.cost() > len(last.message)-header {
		return true
	}
	return way.Send(r.append(last.message[:0], l.options.Hostname(), l.options.App))
}
