package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

var (
	echo   net.Listener // gives back what comes
	served atomic.Int64 // requests from outside
)

// listen starts the servers: one inside, and one for whoever is outside.
func listen() {
	var err error
	echo, err = net.Listen("tcp", "127.0.0.1:0")
	check(err == nil, "%v", err)
	go func() {
		for {
			c, err := echo.Accept()
			check(err == nil, "%v", err)
			go func() {
				io.Copy(c, c)
				c.Close()
			}()
		}
	}()
	// The answer to a POST is the length and the hash of its body, that to a GET something to hash.
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // whoever it was has gone
		}
		if r.Method == http.MethodGet {
			body = bytes.Repeat([]byte("soak"), rand.N(5000))
			w.Write(body)
		} else {
			fmt.Fprintf(w, "%d %x\n", len(body), sha256.Sum256(body))
		}
		served.Add(1)
	})
	outside, err := net.Listen("tcp", ":8080")
	check(err == nil, "%v", err)
	go func() { fail("%v", http.Serve(outside, nil)) }()
	// Who is outside can come when there is an address.
	for start := time.Now(); !reachable(); time.Sleep(10 * time.Millisecond) {
		check(time.Since(start) < 20*time.Second, "there is no network")
	}
}

func reachable() bool {
	addresses, err := net.InterfaceAddrs()
	check(err == nil, "%v", err)
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return true
		}
	}
	return false
}

// streams sends data to the echo server and compares what comes back.
func streams() {
	c, err := net.Dial("tcp", echo.Addr().String())
	check(err == nil, "%v", err)
	defer c.Close()
	data := make([]byte, 1+rand.N(200_000))
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		n, err := c.Write(data)
		check(err == nil, "%d of %d bytes were sent: %v", n, len(data), err)
		c.(*net.TCPConn).CloseWrite()
	})
	got, err := io.ReadAll(c)
	check(err == nil && bytes.Equal(got, data), "%d bytes of %d came back: %v", len(got), len(data), err)
	wg.Wait()
}

// datagrams exchanges datagrams, which may get lost.
func datagrams() {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	check(err == nil, "%v", err)
	defer server.Close()
	go func() {
		b := make([]byte, 2000)
		for {
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return
			}
			server.WriteTo(b[:n], from)
		}
	}()
	c, err := net.Dial("udp", server.LocalAddr().String())
	check(err == nil, "%v", err)
	defer c.Close()
	b := make([]byte, 2000)
	for i := range 50 {
		message := fmt.Appendf(nil, "datagram %d %s", i, bytes.Repeat([]byte("x"), rand.N(1000)))
		_, err := c.Write(message)
		check(err == nil, "%v", err)
		c.SetReadDeadline(time.Now().Add(time.Second))
		if n, err := c.Read(b); err == nil {
			check(bytes.HasPrefix(b[:n], []byte("datagram ")), "%q came back", b[:n])
		}
	}
	time.Sleep(rand.N(10 * time.Millisecond))
}
