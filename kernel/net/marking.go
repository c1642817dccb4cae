package net

import (
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// A marking is what packets say about how they are to be treated: the type of service (IPv4) and the traffic class
// (IPv6), whose lowest two bits are ECN's (RFC 3168). Both are options of a socket, and a control message can bring one
// for a single datagram. The stack knows the option only: it is changed before such a datagram is sent, and again for
// the next without.
type marking struct {
	// active says that a control message has brought one. From then on mu is held while a datagram is sent. It guards
	// what follows, each for IPv4 and IPv6, and comes before the stack's locks.
	active atomic.Bool
	mu     sync.Mutex
	option [2]int // as the program has set it
	stack  [2]int // as the stack has it
}

// The two kinds of marks, and the options of the stack that they are.
const (
	markTOS = iota
	markClass
)

var markOptions = [2]tcpip.SockOptInt{tcpip.IPv4TOSOption, tcpip.IPv6TrafficClassOption}

// noMark says that a datagram brings none of its own.
const noMark = -1

// markOption is IP_TOS or IPV6_TCLASS.
func markOption(kind int) intOption {
	o := number(markOptions[kind], 0, 255)
	return intOption{
		get: func(s *inet) (int, tcpip.Error) {
			s.marking.mu.Lock()
			defer s.marking.mu.Unlock()
			if s.marking.active.Load() {
				return s.marking.option[kind], nil
			}
			return o.get(s)
		},
		set: func(s *inet, v int) tcpip.Error {
			s.marking.mu.Lock()
			defer s.marking.mu.Unlock()
			err := o.set(s, v)
			if err == nil {
				s.marking.option[kind], s.marking.stack[kind] = v, v
			}
			return err
		},
	}
}

// mark makes the stack mark the next datagram with marks, or where there is none with the socket's own. The marking's
// lock is held.
func (s *inet) mark(marks [2]int) {
	m := &s.marking
	if !m.active.Load() {
		for kind, o := range markOptions {
			m.option[kind], _ = s.endpoint.GetSockOptInt(o)
			m.stack[kind] = m.option[kind]
		}
		m.active.Store(true)
	}
	for kind, v := range marks {
		if v == noMark {
			v = m.option[kind]
		}
		if m.stack[kind] != v && s.endpoint.SetSockOptInt(markOptions[kind], v) == nil {
			m.stack[kind] = v
		}
	}
}
