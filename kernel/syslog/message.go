package syslog

import (
	"strconv"
	"time"
)

// A priority is a facility and a severity (RFC 5424, 6.2.1). What the program writes is a daemon's: standard output
// is informational; standard error, where package log writes everything, is no error but worth a notice; the text of
// a panic is critical.
type priority int

const (
	kernel priority = 0 << 3
	user   priority = 1 << 3
	daemon priority = 3 << 3

	critical      priority = 2
	warning       priority = 4
	notice        priority = 5
	informational priority = 6

	lastPriority priority = 191
)

// A record is one message before it is sent.
type record struct {
	time     time.Time
	priority priority
	app      string // "" for the program
	process  string // "" for the program's, which is 1
	kind     string // "" for none
	text     string
	whole    []byte // the message itself, where the program has made it: then the others mean nothing
}

// cost is about how much memory r takes.
func (r *record) cost() int { return 128 + len(r.app) + len(r.process) + len(r.text) + len(r.whole) }

// Lengths of fields (RFC 5424, 6).
const (
	mostHostname = 255
	mostApp      = 48
	mostProcess  = 128
	mostKind     = 32
)

// append appends r as RFC 5424, 6 has it: a header, no structured data, the text.
func (r *record) append(b []byte, hostname, app string) []byte {
	if r.whole != nil {
		return append(b, r.whole...)
	}
	process := r.process
	if r.app != "" {
		app = r.app
	} else if process == "" {
		process = "1"
	}
	b = append(b, '<')
	b = strconv.AppendInt(b, int64(r.priority), 10)
	b = append(b, ">1 "...)
	b = r.time.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z07:00")
	b = appendField(b, hostname, mostHostname)
	b = appendField(b, app, mostApp)
	b = appendField(b, process, mostProcess)
	b = appendField(b, r.kind, mostKind)
	b = append(b, " - "...)
	return append(b, r.text...)
}

// appendField appends a space and s as a field of the header, which has no other characters than printing ones.
func appendField(b []byte, s string, most int) []byte {
	b = append(b, ' ')
	begin := len(b)
	for i := 0; i < len(s) && len(b)-begin < most; i++ {
		if s[i] > ' ' && s[i] <= '~' {
			b = append(b, s[i])
		}
	}
	if len(b) == begin {
		b = append(b, '-')
	}
	return b
}
