package syslog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Target is a log server.
type Target struct {
	Network string // "udp" or "tcp"
	Host    string // an address, without brackets, or a name
	Port    uint16
}

func (t Target) String() string {
	host := t.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return t.Network + "://" + host + ":" + strconv.FormatUint(uint64(t.Port), 10)
}

// The ports of servers of which the command line names none: that of RFC 5426, 3.3, and syslog-conn in IANA's list.
const (
	portUDP = 514
	portTCP = 601
)

// ParseTarget reads the value of log=: udp://HOST[:PORT] or tcp://HOST[:PORT], where HOST is a name or an address, one
// of IPv6 in brackets. Whether it is one of these is for who connects to say.
func ParseTarget(text string) (t Target, err error) {
	network, rest, ok := strings.Cut(text, "://")
	t.Network, t.Port = network, portUDP
	switch {
	case !ok:
		return Target{}, errors.New("it must have the form udp://HOST:PORT or tcp://HOST:PORT")
	case network == "tcp":
		t.Port = portTCP
	case network != "udp":
		return Target{}, fmt.Errorf("logs go by udp or tcp, not by %q", network)
	}
	var port string
	if inBrackets, behind, closed := strings.Cut(rest, "]"); strings.HasPrefix(rest, "[") && closed {
		t.Host, rest = inBrackets[1:], behind
		if rest == "" {
			return t, t.checked()
		}
		var empty string
		if empty, port, ok = strings.Cut(rest, ":"); !ok || empty != "" {
			return Target{}, fmt.Errorf("%q behind the address is no port", rest)
		}
	} else if t.Host, port, ok = strings.Cut(rest, ":"); !ok {
		return t, t.checked()
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return Target{}, fmt.Errorf("%q is no port (an IPv6 address must be in brackets)", port)
	}
	t.Port = uint16(n)
	return t, t.checked()
}

func (t Target) checked() error {
	if t.Host == "" {
		return errors.New("the server is missing")
	}
	return nil
}
