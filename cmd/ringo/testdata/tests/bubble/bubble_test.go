package bubble

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// TestClock: time stands still in a bubble, but not for who serves its system calls.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		name := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		about, err := os.Stat(name)
		if err != nil || about.ModTime().Sub(start) < 20*365*24*time.Hour {
			t.Errorf("a file of %v, written at %v: %v", about.ModTime(), start, err)
		}
		time.Sleep(time.Hour)
		if slept := time.Since(start); slept != time.Hour {
			t.Errorf("slept for %v", slept)
		}
	})
}

// TestSockets: connections can be made in a bubble, and to one that listens outside; who waits for data
// does not make time pass.
func TestSockets(t *testing.T) {
	outside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 1<<20)) })
	go http.Serve(outside, answer)
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		inside, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := http.Server{Handler: answer}
		go server.Serve(inside)
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		for _, l := range []net.Listener{outside, inside} {
			r, err := client.Get("http://" + l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(r.Body); len(body) != 1<<20 || err != nil {
				t.Errorf("%d bytes, %v", len(body), err)
			}
			r.Body.Close()
		}
		server.Close()
		if passed := time.Since(start); passed != 0 {
			t.Errorf("%v passed", passed)
		}
	})
}

// TestPipe: a goroutine that waits for another's bytes is busy.
func TestPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan string)
		go func() {
			text, _ := io.ReadAll(r)
			got <- string(text)
		}()
		for range 100 {
			w.WriteString("0123456789")
		}
		w.Close()
		if text := <-got; len(text) != 1000 {
			t.Errorf("%d bytes", len(text))
		}
	})
}
