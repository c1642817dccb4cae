package qemu

import (
	"encoding/json"
	"errors"
	"net"
	"time"
)

// MonitorArgs are the arguments that give QEMU a monitor on a Unix socket.
func MonitorArgs(socket string) []string {
	return []string{"-chardev", "socket,id=monitor,server=on,wait=off,path=" + comma(socket), "-mon", "chardev=monitor,mode=control"}
}

// A Monitor is a connection to QEMU's monitor (docs/interop/qmp-spec.rst), which answers each command.
type Monitor struct {
	conn     net.Conn
	answers  *json.Decoder
	commands *json.Encoder
}

// DialMonitor connects to the monitor on a socket. All that follows must be over within a time.
func DialMonitor(socket string, limit time.Duration) (*Monitor, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(limit))
	m := &Monitor{conn, json.NewDecoder(conn), json.NewEncoder(conn)}
	if err = m.answers.Decode(new(any)); err == nil { // the greeting
		_, err = m.execute(map[string]any{"execute": "qmp_capabilities"})
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return m, nil
}

// Close ends the connection.
func (m *Monitor) Close() error { return m.conn.Close() }

// Say gives QEMU a command as a person writes it ("nmi"), and returns what QEMU says to that.
func (m *Monitor) Say(line string) (answer string, err error) {
	value, err := m.execute(map[string]any{"execute": "human-monitor-command", "arguments": map[string]string{"command-line": line}})
	answer, _ = value.(string)
	return answer, err
}

// execute gives a command, and returns the answer, before which there may be news.
func (m *Monitor) execute(command any) (any, error) {
	if err := m.commands.Encode(command); err != nil {
		return nil, err
	}
	for {
		var answer struct {
			Return any
			Event  string
			Error  struct{ Desc string }
		}
		switch err := m.answers.Decode(&answer); {
		case err != nil:
			return nil, err
		case answer.Error.Desc != "":
			return nil, errors.New(answer.Error.Desc)
		case answer.Event == "":
			return answer.Return, nil
		}
	}
}

// interrupt sends the machine's cores a non-maskable interrupt. It does what it can: whoever calls it has another way to
// end the machine.
func interrupt(socket string) {
	if m, err := DialMonitor(socket, time.Second); err == nil {
		defer m.Close()
		m.Say("nmi")
	}
}
