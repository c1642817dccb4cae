package test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/ringo-os/ringo/qemu"
)

// TestHTTP3: quic-go serves a client on the host from a machine, and fetches from a server on the host, by datagrams
// sent many at once (UDP_SEGMENT), with their lengths probed and their congestion marks read.
func TestHTTP3(t *testing.T) {
	for _, cores := range []int{1, 2, 4, 8} {
		t.Run(fmt.Sprint("server/", cores), func(t *testing.T) {
			t.Parallel()
			port := freePort(t, "udp")
			m := start(t, qemu.Config{Image: image(t, "http3"), Memory: 256 << 20, Cores: cores, Arguments: []string{"serve", ":443"},
				Forwards: []qemu.Forward{{Host: port, Guest: 443, UDP: true}}})
			m.expect("serving")
			if r := onLinux(t, "http3", nil, "", "get", fmt.Sprintf("127.0.0.1:%d", port)); r != (result{"ok\n", 0}) {
				t.Errorf("%+v", r)
			}
			m.Console.Send("\x03")
			if r := m.wait(); r.status != 0 || !strings.HasSuffix(r.output, "ok\n") {
				t.Errorf("%+v", r)
			}
		})
	}
	t.Run("client", func(t *testing.T) {
		t.Parallel()
		port := freePort(t, "udp")
		server := exec.CommandContext(t.Context(), binary(t, "http3"), "serve", fmt.Sprintf("127.0.0.1:%d", port))
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { server.Process.Kill(); server.Wait() }()
		passes(t, qemu.Config{Image: image(t, "http3"), Memory: 256 << 20, Cores: 2,
			Arguments: []string{"get", fmt.Sprintf("%s:%d", hostAddress, port)}})
	})
}
