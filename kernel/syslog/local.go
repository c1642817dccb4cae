package syslog

import (
	"strconv"
	"strings"
	"time"
)

// parseLocal reads what a program sends to /dev/log at the time now. That is either a whole message of RFC 5424,
// which is sent on as it is, or what syslog(3) and package log/syslog write:
//
//	<PRI>Mmm dd hh:mm:ss TAG[PID]: TEXT
//
// without the name of the host, which whoever sends it on must add (RFC 3164, 4.3). Each part may be missing.
func parseLocal(message []byte, now time.Time) record {
	message = message[:min(len(message), mostText)]
	text := strings.TrimRight(string(message), "\r\n\x00")
	r := record{time: now, priority: user | notice} // RFC 3164, 4.3.3
	if p, rest, ok := cutPriority(text); ok {
		if strings.HasPrefix(rest, "1 ") {
			r.whole = []byte(text)
			return r
		}
		r.priority, text = p, rest
	}
	text = cutTime(text)
	r.app, r.process, r.text = cutTag(text)
	return r
}

// cutPriority cuts <PRI> off text.
func cutPriority(text string) (p priority, rest string, ok bool) {
	number, rest, closed := strings.Cut(text, ">")
	if !closed || len(number) < 2 || len(number) > 4 || number[0] != '<' {
		return 0, text, false
	}
	n, err := strconv.ParseUint(number[1:], 10, 8)
	if err != nil || priority(n) > lastPriority {
		return 0, text, false
	}
	return priority(n), rest, true
}

// cutTime cuts the time off text, in one of the two forms that package log/syslog has. It says when the message was
// made, which is now, by a clock that has neither a year nor fractions.
func cutTime(text string) string {
	if n := len(time.Stamp); len(text) > n && text[n] == ' ' {
		if _, err := time.Parse(time.Stamp, text[:n]); err == nil {
			return text[n+1:]
		}
	}
	if stamp, rest, ok := strings.Cut(text, " "); ok {
		if _, err := time.Parse(time.RFC3339, stamp); err == nil {
			return rest
		}
	}
	return text
}

// cutTag cuts TAG[PID]: or TAG: off text.
func cutTag(text string) (tag, process, rest string) {
	tag, rest, ok := strings.Cut(text, ":")
	if !ok || tag == "" || len(tag) > mostApp+mostProcess || strings.ContainsAny(tag, " \t") {
		return "", "", text
	}
	if name, number, ok := strings.Cut(tag, "["); ok && strings.HasSuffix(number, "]") {
		tag, process = name, strings.TrimSuffix(number, "]")
	}
	return tag, process, strings.TrimPrefix(rest, " ")
}
