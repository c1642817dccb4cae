package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ringo-os/ringo/qemu"
	"github.com/ringo-os/ringo/scripts/benchmark"
)

// A guest is what starts one of the examples.
type guest struct {
	benchmark.Guest
	web bool // it answers HTTP; otherwise it prints a line
}

// on returns the guest with a size, and with a port of the host's if it is a web server.
func (g *guest) on(memory qemu.Size, port int) *benchmark.Guest {
	sized := g.Guest
	sized.Memory, sized.Cores = memory, 1
	if g.web {
		device := "virtio-net-pci,netdev=net,romfile="
		if g.Machine == qemu.MicroVM {
			device = "virtio-net-device,netdev=net"
		}
		sized.Devices = []string{"-netdev", fmt.Sprintf("user,id=net,hostfwd=tcp:127.0.0.1:%d-:8080", port), "-device", device}
	}
	return &sized
}

// start boots the guest, waits until it does what it should (prints line, and answers HTTP if it is
// a web server), calls then, turns it off, and returns how long it took from starting QEMU until then.
func (g *guest) start(ctx context.Context, memory qemu.Size, line string, then func(m *benchmark.Machine, port int) error) (time.Duration, error) {
	port := 0
	if g.web {
		var err error
		if port, err = benchmark.FreePort(); err != nil {
			return 0, err
		}
	}
	m, err := g.on(memory, port).Start(ctx)
	if err != nil {
		return 0, err
	}
	defer m.Stop()
	if err := m.Lines(func(said string) bool { return !strings.Contains(said, line) }); err != nil {
		return 0, err
	}
	if g.web {
		go io.Copy(io.Discard, m.Console)
		if err := answers(ctx, port); err != nil {
			return 0, err
		}
	}
	took := time.Since(m.Started)
	return took, then(m, port)
}

// answers waits until the web server has sent its page. A connection that QEMU has taken but the
// guest has not yet seen may wait for seconds until it is tried again; so others are opened beside.
func answers(ctx context.Context, port int) error {
	const interval, most = 25 * time.Millisecond, 40
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // and no proxy
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	got := make(chan error, most)
	next := time.NewTimer(0)
	defer next.Stop()
	for started, ended := 0, 0; ; {
		select {
		case <-next.C:
			if started++; started < most {
				next.Reset(interval)
			}
			go func() { got <- get(ctx, &client, port) }()
		case err := <-got:
			if ended++; err == nil || ended == most {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// answerTime returns the median time of an answer, one after the other, once the server has become warm.
func answerTime(ctx context.Context, port int, keep bool) (time.Duration, error) {
	const warm, counted = 50, 200
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: !keep}}
	defer client.CloseIdleConnections()
	var times []time.Duration
	for i := range warm + counted {
		start := time.Now()
		if err := get(ctx, &client, port); err != nil {
			return 0, err
		}
		if i >= warm {
			times = append(times, time.Since(start))
		}
	}
	return benchmark.Median(times), nil
}

func get(ctx context.Context, client *http.Client, port int) error {
	request, err := http.NewRequestWithContext(ctx, "GET", fmt.Sprintf("http://127.0.0.1:%d/hello", port), nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK || len(body) == 0 {
		return fmt.Errorf("an odd answer: %s, %q, %v", response.Status, body, err)
	}
	return nil
}
