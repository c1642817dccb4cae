package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A load is what the clients outside do.
type load struct {
	address        string // of the machine, on this host
	served, failed atomic.Int64
	slow           atomic.Int64 // took longer than slowness
	slowest        atomic.Int64 // nanoseconds
	began          time.Time
}

const slowness = 2 * time.Second

// programPort is where the program serves HTTP.
const programPort = 8080

func (l *load) String() string {
	return fmt.Sprintf("%d requests from outside, %d failed, %d took more than %v, the slowest %v",
		l.served.Load(), l.failed.Load(), l.slow.Load(), slowness, time.Duration(l.slowest.Load()).Round(time.Millisecond))
}

// shownFailures is how many failures are told, each when it happens.
const shownFailures = 20

// start starts clients, until ctx is done. Each uses its connection for a while, then a new one.
func (l *load) start(ctx context.Context, wg *sync.WaitGroup, clients int) {
	l.began = time.Now()
	for range clients {
		wg.Go(func() {
			for ctx.Err() == nil {
				transport := new(http.Transport)
				client := http.Client{Transport: transport, Timeout: time.Minute}
				for range 1 + rand.N(100) {
					if ctx.Err() != nil {
						break
					}
					start := time.Now()
					err := l.request(ctx, &client)
					if ctx.Err() != nil {
						break // the machine goes away
					}
					l.count(time.Since(start), err)
					time.Sleep(rand.N(10 * time.Millisecond))
				}
				transport.CloseIdleConnections()
			}
		})
	}
}

func (l *load) count(took time.Duration, err error) {
	if err != nil {
		if l.failed.Add(1) <= shownFailures {
			fmt.Fprintf(os.Stderr, "soak: %v after the start, having waited %v: %v\n", time.Since(l.began).Round(time.Millisecond), took.Round(time.Millisecond), err)
		}
		return
	}
	l.served.Add(1)
	if took > slowness {
		l.slow.Add(1)
	}
	for old := l.slowest.Load(); int64(took) > old && !l.slowest.CompareAndSwap(old, int64(took)); {
		old = l.slowest.Load()
	}
}

// request sends something and checks the answer. An error tells the connection, to be found in a capture.
func (l *load) request(ctx context.Context, client *http.Client) error {
	from := "no connection"
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) {
		from = fmt.Sprintf("connection from %v, used before: %t", c.Conn.LocalAddr(), c.Reused)
	}})
	if err := l.exchange(ctx, client); err != nil {
		return fmt.Errorf("%w (%s)", err, from)
	}
	return nil
}

func (l *load) exchange(ctx context.Context, client *http.Client) error {
	method, body := http.MethodGet, []byte(nil)
	if rand.N(2) == 0 {
		method, body = http.MethodPost, bytes.Repeat([]byte{byte(rand.Uint32())}, rand.N(20_000))
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+l.address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	switch want := fmt.Appendf(nil, "%d %x\n", len(body), sha256.Sum256(body)); {
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("status %s", answer.Status)
	case method == http.MethodPost && !bytes.Equal(got, want):
		return fmt.Errorf("the answer to %d bytes is %.100q", len(body), got)
	case method == http.MethodGet && len(bytes.ReplaceAll(got, []byte("soak"), nil)) != 0:
		return fmt.Errorf("the answer is %.100q", got)
	}
	return nil
}
