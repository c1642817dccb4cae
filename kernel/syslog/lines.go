package syslog

import (
	"bytes"
	"time"
)

// mostText is the longest text of one message: longer lines are cut. RFC 5424, 6.1, has every receiver take 480
// bytes with the header and most take 2048; the servers in use take 8192.
const mostText = 8000

// Write takes what was written, and logs the lines in it that have ended. A nil Stream takes nothing.
func (s *Stream) Write(p []byte) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(p) > 0 {
		line, rest, ended := bytes.Cut(p, []byte{'\n'})
		if room := mostText - len(s.part); len(line) > room {
			line, rest, ended = p[:room], p[room:], true
		}
		p = rest
		if s.part = append(s.part, line...); ended {
			s.end()
		}
	}
}

// end logs the line that is in s.part. s.mu is held.
func (s *Stream) end() {
	s.log.add(record{time: time.Now(), priority: s.priority, kind: s.kind, text: string(trim(s.part))})
	if s.part = s.part[:0]; cap(s.part) > 1024 {
		s.part = nil
	}
}

// flush logs the line that has not ended.
func (s *Stream) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.part) > 0 {
		s.end()
	}
}

// trim returns line without what ends it.
func trim(line []byte) []byte { return bytes.TrimRight(line, "\r\n") }
