package test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestManyClients: clients that come all at once, each with a connection of its own for every request, are all served.
// Through QEMU's own network some are not: the machine takes long enough to repeat its answer to some of them.
func TestManyClients(t *testing.T) {
	for _, cores := range []int{1, 4} {
		t.Run(fmt.Sprint(cores), func(t *testing.T) {
			t.Parallel()
			port := freePort(t, "tcp")
			ctx, cancel := context.WithTimeout(t.Context(), programTimeout)
			defer cancel()
			machines <- struct{}{}
			defer func() { <-machines }()
			cmd := exec.CommandContext(ctx, ringo, "run", "-q", "--smp", fmt.Sprint(cores), "-p", fmt.Sprintf("%d:80", port), image(t, "net"), "--", "serve", ":80")
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stderr = os.Stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Wait()
			defer cmd.Process.Signal(os.Interrupt)
			if line, err := bufio.NewReader(out).ReadString('\n'); !strings.Contains(line, "serving") {
				t.Fatalf("%q, %v", line, err)
			}
			clients := &http.Client{Timeout: programTimeout / 2, Transport: &http.Transport{DisableKeepAlives: true}}
			var wg sync.WaitGroup
			for range 100 {
				wg.Go(func() {
					for range 4 {
						answer, err := clients.Get(fmt.Sprintf("http://127.0.0.1:%d/hello?name=client", port))
						if err != nil {
							t.Error(err)
							return
						}
						if text, err := io.ReadAll(answer.Body); string(text) != "hello, client\n" {
							t.Errorf("%q, %v", text, err)
						}
						answer.Body.Close()
					}
				})
			}
			wg.Wait()
		})
	}
}

// TestRouter: a program under ringo run reaches what this host does, by TCP and UDP, and finds names by its name server.
func TestRouter(t *testing.T) {
	data := make([]byte, 3<<20)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(data) }))
	t.Cleanup(server.Close)
	url := fmt.Sprintf("http://%s:%d/", hostAddress, server.Listener.Addr().(*net.TCPAddr).Port)
	got := fmt.Sprintf("200 %d %x <nil>\nok\n", len(data), sha256.Sum256(data))
	for _, test := range []struct {
		name             string
		flags, arguments []string
		want             string
	}{
		{"get", nil, []string{"get", url}, got},
		{"get/q35", []string{"--machine", "q35"}, []string{"get", url}, got},
		{"resolver", nil, []string{"resolver"}, "nameserver 10.0.2.3\n"},
		{"refused", nil, []string{"refused", fmt.Sprintf("%s:%d", hostAddress, freePort(t, "tcp"))}, "connection refused"},
		{"user network", []string{"--network", "user"}, []string{"resolver"}, "nameserver 10.0.2.3\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			arguments := slices.Concat([]string{"-q"}, test.flags, []string{image(t, "net"), "--"}, test.arguments)
			if r := ringoRun(t, "", arguments...); r.status != 0 || !strings.Contains(r.output, test.want) {
				t.Errorf("%+v", r)
			}
		})
	}
	t.Run("a port and a tap", func(t *testing.T) {
		t.Parallel()
		if r := ringoRun(t, "", "-p", "8080", "--network", "tap,ifname=none", image(t, "net")); r.status != 1 || !strings.Contains(r.output, "-p does not work with --network tap") {
			t.Errorf("%+v", r)
		}
	})
}
