package test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringo-os/ringo/qemu"
	"github.com/u-root/u-root/pkg/cpio"
)

// Servers of others, straight from the module proxy, each with several cores and clients on the host.
const (
	fileServer    = "github.com/caddyserver/caddy/v2/cmd/caddy@v2.11.9"
	messageServer = "github.com/nats-io/nats-server/v2@v2.15.2"
	callServer    = "google.golang.org/grpc/examples/helloworld/greeter_server@v0.0.0-20260825154716-030ee8becb20"
	callClient    = "google.golang.org/grpc/examples/helloworld/greeter_client@v0.0.0-20260825154716-030ee8becb20"
)

// server is a machine with a program of somebody else's, whose port is the returned one of this host.
func server(t *testing.T, image string, guest uint16, arguments ...string) (c qemu.Config, port uint16) {
	t.Helper()
	port = freePort(t, "tcp")
	return qemu.Config{Image: image, Memory: 256 << 20, Cores: 2, Arguments: arguments,
		Forwards: []qemu.Forward{{Host: port, Guest: guest}}}, port
}

// TestMessages: what one client of nats-server publishes another one gets, and an interrupt ends it.
func TestMessages(t *testing.T) {
	t.Parallel()
	c, port := server(t, thirdParty(t, messageServer), 4222)
	m := start(t, c)
	m.expect("Server is ready")
	address := fmt.Sprintf("127.0.0.1:%d", port)
	subscriber, publisher := natsClient(t, address), natsClient(t, address)
	subscriber.send("SUB news.* 1\r\nPING\r\n")
	subscriber.wait("PONG")
	const count = 500
	for i := range count {
		text := fmt.Sprintf("message %d", i)
		publisher.send(fmt.Sprintf("PUB news.%d %d\r\n%s\r\n", i, len(text), text))
	}
	for i := range count {
		text := fmt.Sprintf("message %d", i)
		if !subscriber.wait(fmt.Sprintf("MSG news.%d 1 %d", i, len(text))) || !subscriber.wait(text) {
			t.Errorf("message %d has not come", i)
			break
		}
	}
	m.Console.Send("\x03")
	if r := m.wait(); r.status != 0 || !strings.Contains(r.output, "Server Exiting..") {
		t.Errorf("status %d\n%s", r.status, r.output)
	}
}

// A natsConn speaks NATS's protocol, lines of text.
type natsConn struct {
	t     *testing.T
	conn  net.Conn
	lines *bufio.Reader
}

func natsClient(t *testing.T, address string) *natsConn {
	t.Helper()
	conn, err := net.Dial("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(programTimeout))
	c := &natsConn{t, conn, bufio.NewReader(conn)}
	c.send("CONNECT {\"verbose\":false}\r\nPING\r\n")
	c.wait("PONG")
	return c
}

func (c *natsConn) send(text string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(text)); err != nil {
		c.t.Error(err)
	}
}

// wait reads up to a line; the server's own pings are answered, and its greeting is passed over.
func (c *natsConn) wait(want string) bool {
	c.t.Helper()
	for {
		line, err := c.lines.ReadString('\n')
		switch line = strings.TrimRight(line, "\r\n"); {
		case err != nil:
			c.t.Errorf("waiting for %q: %v", want, err)
			return false
		case line == want:
			return true
		case line == "PING":
			c.send("PONG\r\n")
		case !strings.HasPrefix(line, "INFO "):
			c.t.Errorf("%q instead of %q", line, want)
			return false
		}
	}
}

// TestRemoteCalls: a gRPC client in one machine calls a server in another.
func TestRemoteCalls(t *testing.T) {
	t.Parallel()
	c, port := server(t, thirdParty(t, callServer), 50051)
	client := thirdParty(t, callClient)
	m := start(t, c)
	m.expect("server listening")
	for _, name := range []string{"world", "the other machine"} {
		r := ringoRun(t, "", "-q", client, "--", "-addr", fmt.Sprintf("%s:%d", hostAddress, port), "-name", name)
		if r.status != 0 || !strings.Contains(r.output, "Greeting: Hello "+name) {
			t.Errorf("%+v", r)
		}
	}
	m.Console.Send("\x03")
	if r := m.finish(); !strings.Contains(r.output, "Received: the other machine") {
		t.Errorf("%s", r.output)
	}
}

// TestFileServer: caddy serves files over HTTPS, with a certificate that it makes itself, by HTTP/1.1, HTTP/2 and
// HTTP/3, and ends when the power button is pressed.
func TestFileServer(t *testing.T) {
	t.Parallel()
	c, port := server(t, thirdParty(t, fileServer), 443, "run", "--config", "/Caddyfile")
	c.Memory = 512 << 20
	c.Forwards = append(c.Forwards, qemu.Forward{Host: port, Guest: 443, UDP: true})
	data := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	c.Initrd = archive(t, cpio.StaticFile("site/data", string(data), 0o644), cpio.StaticFile("site/index.html", "<p>files", 0o644),
		cpio.StaticFile("Caddyfile", `{
	admin off
	skip_install_trust
}
https://machine.test {
	tls internal
	root * /site
	file_server
}
`, 0o644))
	m := start(t, c)
	m.expect("certificate obtained successfully")
	for version := 1; version <= 2; version++ {
		transport := &http.Transport{
			ForceAttemptHTTP2: version == 2,
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true, ServerName: "machine.test"},
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "tcp4", fmt.Sprintf("127.0.0.1:%d", port))
			},
		}
		client := http.Client{Transport: transport, Timeout: programTimeout}
		for file, want := range map[string]string{"": "<p>files", "data": string(data)} {
			answer, err := client.Get("https://machine.test/" + file)
			if err != nil {
				t.Error(err)
				continue
			}
			got, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if string(got) != want || err != nil || answer.ProtoMajor != version {
				t.Errorf("/%s by %s: %d bytes, %v", file, answer.Proto, len(got), err)
			}
		}
		transport.CloseIdleConnections()
	}
	want := fmt.Sprintf("%d %x\nok\n", len(data), sha256.Sum256(data))
	if r := onLinux(t, "http3", nil, "", "get", fmt.Sprintf("127.0.0.1:%d", port), "/data"); r != (result{want, 0}) {
		t.Errorf("by HTTP/3: %+v", r)
	}
	m.tell("system_powerdown")
	if r := m.wait(); r.status != 0 || !strings.Contains(r.output, "shutdown complete") {
		t.Errorf("status %d\n%s", r.status, r.output)
	}
}

// TestNameServer: miekg/dns answers questions over UDP and TCP.
func TestNameServer(t *testing.T) {
	t.Parallel()
	c, port := server(t, image(t, "dns"), 53)
	c.Forwards = append(c.Forwards, qemu.Forward{Host: port, Guest: 53, UDP: true})
	m := start(t, c)
	m.expect("serving")
	m.expect("serving")
	ctx, cancel := context.WithTimeout(t.Context(), programTimeout)
	defer cancel()
	for _, network := range []string{"udp", "tcp"} {
		resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", port))
		}}
		if got, err := resolver.LookupNetIP(ctx, "ip4", "machine.test."); len(got) != 1 || got[0].String() != "192.0.2.7" || err != nil {
			t.Errorf("over %s: %v, %v", network, got, err)
		}
		if got, err := resolver.LookupTXT(ctx, "other.test."); len(got) != 1 || got[0] != "over "+network || err != nil {
			t.Errorf("over %s: %q, %v", network, got, err)
		}
		if got, err := resolver.LookupNetIP(ctx, "ip4", "missing.test."); err == nil {
			t.Errorf("over %s, a name that is not there: %v", network, got)
		}
	}
	m.Console.Send("\x03")
	if r := m.wait(); r.status != 0 || !strings.HasSuffix(r.output, "ok\n") {
		t.Errorf("status %d\n%s", r.status, r.output)
	}
}
