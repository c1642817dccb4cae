package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The modes that serve and use HTTP.

// site is a web server; its handler for /quit stops it.
func site(quit func()) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello,", r.URL.Query().Get("name")) })
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	mux.HandleFunc("/sum", func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		n, err := io.Copy(h, r.Body)
		fmt.Fprintf(w, "%d %x %v", n, h.Sum(nil), err)
	})
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		w.Header().Set("Content-Length", strconv.Itoa(n))
		chunk := []byte(strings.Repeat("0123456789abcdef", 4096))
		for n > 0 {
			m, err := w.Write(chunk[:min(n, len(chunk))])
			if n -= m; err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		for i := range 3 {
			fmt.Fprintln(w, "part", i)
			w.(http.Flusher).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	})
	mux.HandleFunc("/quit", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "bye"); go quit() })
	return mux
}

func serve(args []string) {
	l := must(net.Listen("tcp", args[0]))
	fmt.Println("serving")
	server := &http.Server{}
	stopped := make(chan bool)
	server.Handler = site(func() { done(server.Shutdown(context.Background())); close(stopped) })
	err := server.Serve(l)
	check(errors.Is(err, http.ErrServerClosed), "%v", err)
	<-stopped
	fmt.Println("ok")
}

// shutdown serves until SIGTERM: a request that has come by then is answered.
func shutdown([]string) {
	terminated, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	l := must(net.Listen("tcp", ":80"))
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "begun")
		w.(http.Flusher).Flush()
		<-terminated.Done()
		time.Sleep(100 * time.Millisecond)
		fmt.Fprintln(w, "complete")
	})}
	ended := make(chan error)
	go func() { ended <- server.Serve(l) }()
	fmt.Println("serving")
	<-terminated.Done()
	fmt.Println("terminating")
	done(server.Shutdown(context.Background()))
	check(errors.Is(<-ended, http.ErrServerClosed), "the server has ended otherwise")
	fmt.Println("ok")
}

// get gets each URL, and says how it went.
func get(urls []string) {
	client := &http.Client{Timeout: 20 * time.Second}
	for _, url := range urls {
		r, err := client.Get(url)
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		h := sha256.New()
		n, err := io.Copy(h, r.Body)
		r.Body.Close()
		fmt.Printf("%d %d %x %v\n", r.StatusCode, n, h.Sum(nil), err)
	}
	fmt.Println("ok")
}

// post sends much.
func post(args []string) {
	r := must(http.Post(args[0], "text/plain", io.LimitReader(&counter{}, 8<<20)))
	fmt.Println(string(must(io.ReadAll(r.Body))))
	fmt.Println("ok")
}

// A counter is a stream of bytes that repeats after 251.
type counter struct{ n int }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c.n % 251)
		c.n++
	}
	return len(p), nil
}
