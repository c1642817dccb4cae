// Measured is what bench-network boots: an ordinary Go program that measures connections to itself.
package main

import (
	"io"
	"net"
	"net/http"

	"github.com/ringo-os/ringo/scripts/benchmark/measure"
)

func main() {
	measure.Main([]measure.Result{
		{Name: "tcp-ping-pong", Measure: func() float64 { return pingPong(stream("tcp", "127.0.0.1:0")) }},
		{Name: "tcp-connect", Measure: connect},
		{Name: "tcp-stream", Measure: transfer},
		{Name: "udp-ping-pong", Measure: func() float64 { return pingPong(datagrams()) }},
		{Name: "unix-ping-pong", Measure: func() float64 { return pingPong(stream("unix", "@measured")) }},
		{Name: "http-request", Measure: func() float64 { return request(true) }},
		{Name: "http-connection", Measure: func() float64 { return request(false) }},
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func done(err error) { must(0, err) }

// stream returns the two ends of a connection.
func stream(network, address string) (a, b net.Conn) {
	l := must(net.Listen(network, address))
	defer l.Close()
	accepted := make(chan net.Conn)
	go func() { accepted <- must(l.Accept()) }()
	a = must(net.Dial(network, l.Addr().String()))
	return a, <-accepted
}

// datagrams returns two UDP sockets that are connected to each other.
func datagrams() (a, b net.Conn) {
	const first, second = 20001, 20002
	at := func(port int) *net.UDPAddr { return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port} }
	return must(net.DialUDP("udp4", at(first), at(second))), must(net.DialUDP("udp4", at(second), at(first)))
}

func pingPong(a, b net.Conn) float64 {
	defer a.Close()
	defer b.Close()
	go func() {
		p := make([]byte, 1)
		for {
			if _, err := b.Read(p); err != nil {
				return
			}
			if _, err := b.Write(p); err != nil {
				return
			}
		}
	}()
	p := make([]byte, 1)
	return measure.PerOperation(func(n int) {
		for range n {
			must(a.Write(p))
			must(a.Read(p))
		}
	})
}

func connect() float64 {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	p := make([]byte, 1)
	return measure.PerOperation(func(n int) {
		for range n {
			c := must(net.Dial("tcp", l.Addr().String()))
			if _, err := c.Read(p); err != io.EOF {
				panic(err)
			}
			c.Close()
		}
	})
}

func transfer() float64 {
	const total, piece = 16 << 20, 64 << 10
	a, b := stream("tcp", "127.0.0.1:0")
	defer a.Close()
	defer b.Close()
	go func() {
		p := make([]byte, piece)
		for {
			if _, err := a.Write(p); err != nil {
				return
			}
		}
	}()
	p := make([]byte, piece)
	return measure.Median(5, func() float64 {
		return measure.Time(func() {
			for got := 0; got < total; {
				got += must(b.Read(p))
			}
		})
	})
}

func request(keep bool) float64 {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello, world\n") })}
	defer server.Close()
	go server.Serve(l)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: !keep}}
	defer client.CloseIdleConnections()
	url := "http://" + l.Addr().String()
	return measure.PerOperation(func(n int) {
		for range n {
			answer := must(client.Get(url))
			must(io.Copy(io.Discard, answer.Body))
			done(answer.Body.Close())
		}
	})
}
