package syslog

import (
	"strconv"
	"time"

	"github.com/ringo-os/ringo/kernel/machine"
)

// A Conn is a way to the server.
type Conn interface {
	// Send sends p, as one datagram or as bytes of a stream. It waits only for so long that a server that is there
	// would have answered.
	Send(p []byte) error
	// Settle waits, but not for long, until the server has what was sent, and closes the connection.
	Settle()
	Close()
}

// How long to wait before the next attempt, at first and at most.
const (
	firstPause = 100 * time.Millisecond
	mostPause  = 5 * time.Second
)

// Connect sends what is in l and what will be, by connections that dial makes. It is called once.
func (l *Log) Connect(dial func() (Conn, error)) {
	s := &sender{log: l, dial: dial, stream: l.options.Target.Network == "tcp"}
	l.sending.Store(true)
	go s.run()
}

// A sender sends a log's messages. One goroutine does.
type sender struct {
	log    *Log
	dial   func() (Conn, error)
	stream bool
	conn   Conn // nil: not connected
	away   bool // the server was away when last tried
}

func (s *sender) run() {
	// A line that is the program's last finds a connection.
	s.connect()
	var b []byte
	for {
		r, ok := s.log.queue.take()
		if ok {
			b = r.append(b[:0], s.log.options.Hostname(), s.log.options.App)
			s.deliver(s.framed(b))
			continue
		}
		if s.conn != nil {
			s.conn.Settle()
			s.conn = nil
		}
		s.log.queue.settled()
	}
}

// framed returns a message as the transport has it: over TCP with its length before it (RFC 6587, 3.4.1), as a
// datagram of its own (RFC 5426, 3.1).
func (s *sender) framed(message []byte) []byte {
	if !s.stream {
		return message
	}
	return append(append(strconv.AppendInt(nil, int64(len(message)), 10), ' '), message...)
}

// deliver sends p, however long that takes.
func (s *sender) deliver(p []byte) {
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		err := s.try(p)
		if err == nil {
			if s.away {
				s.away = false
				tell("the log's server is back")
			}
			return
		}
		if !s.away {
			s.away = true
			tell("the log's server " + s.log.options.Target.String() + " cannot be reached: " + err.Error() +
				"; what there is to log waits, as long as there is room for it")
		}
		time.Sleep(pause)
	}
}

// connect connects to the server.
func (s *sender) connect() error {
	conn, err := s.dial()
	if err != nil {
		return err
	}
	s.conn = conn
	if c, ok := conn.(waylaid); ok {
		if way := c.LastWay(); way != nil {
			s.log.way.Store(&way)
		}
	}
	return nil
}

func (s *sender) try(p []byte) (err error) {
	if s.conn == nil {
		if err = s.connect(); err != nil {
			return err
		}
	}
	if err = s.conn.Send(p); err != nil {
		s.conn.Close()
		s.conn = nil
	}
	return err
}

// tell says something about the log on the console only.
func tell(sentence string) { machine.ConsoleWrite([]byte("ringo: " + sentence + "\n")) }
