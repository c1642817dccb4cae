// Net uses the network: each mode is a server or a client, and the host is at the other end.
package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

var modes = map[string]func(args []string){
	"idle":       func([]string) { fmt.Println("idle"); time.Sleep(time.Hour) },
	"serve":      serve,
	"get":        get,
	"post":       post,
	"echo":       echo,
	"udp":        udp,
	"halfclose":  halfClose,
	"interfaces": interfaces,
	"resolver":   func([]string) { fmt.Printf("%s", must(os.ReadFile("/etc/resolv.conf"))) },
	"lookup":     lookup,
	"nameserver": nameServer,
	"roots":      roots,
	"deadlines":  deadlines,
	"refused":    refused,
	"loopback":   loopback,
	"unix":       unixSockets,
	"many":       many,
	"deadlock":   deadlock,
	"accept":     accept,
	"shutdown":   shutdown,
	"ports":      ports,
	"proc":       proc,
	"arp":        arp,
	"sources":    sources,
	"short":      short,
}

func main() { modes[os.Args[1]](os.Args[2:]) }

// ports looks up what services and protocols are called.
func ports([]string) {
	for _, test := range []struct {
		network, name string
		want          int
	}{{"tcp", "http", 80}, {"tcp", "www", 80}, {"tcp", "postgresql", 5432}, {"udp", "syslog", 514}, {"tcp", "amqp", 5672}, {"udp", "https", 443}} {
		port := must(net.LookupPort(test.network, test.name))
		check(port == test.want, "%s/%s is %d", test.name, test.network, port)
	}
	_, err := net.LookupPort("tcp", "no-such-service")
	check(err != nil, "a service that nobody knows")
	// /etc/protocols knows it, TCP/IP here does not.
	_, err = net.ListenPacket("ip4:hmp", "127.0.0.1")
	check(errors.Is(err, syscall.EPROTONOSUPPORT), "HMP: %v", err)
	fmt.Println("ok")
}

func check(ok bool, format string, args ...any) {
	if !ok {
		fmt.Printf(format+"\n", args...)
		os.Exit(1)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	return v
}

func done(err error) { must(0, err) }

// echo serves one TCP connection: it sends back what it gets until the end, then one word more.
func echo(args []string) {
	l := must(net.Listen("tcp", args[0]))
	fmt.Println("serving")
	c := must(l.Accept())
	n := must(io.Copy(c, c))
	must(fmt.Fprintf(c, "end after %d", n))
	done(c.(*net.TCPConn).CloseWrite())
	fmt.Println("ok")
}

// udp sends back what it gets, in capitals, until the word "end".
func udp(args []string) {
	c := must(net.ListenPacket("udp", args[0]))
	fmt.Println("serving")
	b := make([]byte, 2000)
	for {
		n, from, err := c.ReadFrom(b)
		done(err)
		must(c.WriteTo(bytes.ToUpper(b[:n]), from))
		if string(b[:n]) == "end" {
			time.Sleep(50 * time.Millisecond)
			fmt.Println("ok")
			return
		}
	}
}

// halfClose sends, closes its side, and still gets the answer.
func halfClose(args []string) {
	c := must(net.Dial("tcp", args[0])).(*net.TCPConn)
	done(c.SetNoDelay(true))
	done(c.SetKeepAlive(true))
	must(io.Copy(c, io.LimitReader(&counter{}, 1<<20)))
	done(c.CloseWrite())
	_, err := c.Write([]byte("x"))
	check(err != nil, "writing after CloseWrite went through")
	fmt.Println(string(must(io.ReadAll(c))))
	fmt.Println("ok")
}

func interfaces([]string) {
	type one struct {
		Name, Flags, Hardware string
		MTU, Index            int
		Addresses             []string
	}
	var all []one
	for _, i := range must(net.Interfaces()) {
		o := one{i.Name, i.Flags.String(), i.HardwareAddr.String(), i.MTU, i.Index, nil}
		for _, a := range must(i.Addrs()) {
			o.Addresses = append(o.Addresses, a.String())
		}
		all = append(all, o)
	}
	fmt.Println(string(must(json.Marshal(all))))
}

// roots: TLS clients have the world's root certificates.
func roots([]string) {
	pool := must(x509.SystemCertPool())
	subjects := pool.Subjects() //lint:ignore SA1019 it is right for a pool that is not the platform's
	found := 0
	for _, s := range subjects {
		if bytes.Contains(s, []byte("ISRG Root X1")) || bytes.Contains(s, []byte("DigiCert Global Root G2")) {
			found++
		}
	}
	fmt.Println(len(subjects), "roots,", found, "of 2")
}

// deadlines: what takes too long ends with an error, and the connection can be used again.
func deadlines(args []string) {
	l := must(net.Listen("tcp", "127.0.0.1:0")).(*net.TCPListener)
	late := func(what string, err error, begin time.Time, d time.Duration) {
		var timeout net.Error
		took := time.Since(begin)
		check(errors.As(err, &timeout) && timeout.Timeout() && errors.Is(err, os.ErrDeadlineExceeded), "%s: %v", what, err)
		check(took >= d && took < d+500*time.Millisecond, "%s took %v", what, took)
	}
	begin := time.Now()
	done(l.SetDeadline(begin.Add(30 * time.Millisecond)))
	_, err := l.Accept()
	late("Accept", err, begin, 30*time.Millisecond)
	done(l.SetDeadline(time.Time{}))

	accepted := make(chan net.Conn, 1)
	go func() { accepted <- must(l.Accept()) }()
	c := must(net.Dial("tcp", l.Addr().String()))
	server := <-accepted
	for range 3 {
		begin = time.Now()
		done(c.SetReadDeadline(begin.Add(30 * time.Millisecond)))
		_, err = c.Read(make([]byte, 1))
		late("Read", err, begin, 30*time.Millisecond)
	}
	done(c.SetReadDeadline(time.Time{}))
	must(server.Write([]byte("x")))
	must(c.Read(make([]byte, 1)))

	begin = time.Now()
	done(c.SetWriteDeadline(begin.Add(200 * time.Millisecond)))
	_, err = io.Copy(c, &counter{}) // until all buffers are full
	late("Write", err, begin, 200*time.Millisecond)

	go func() { time.Sleep(30 * time.Millisecond); server.Close() }()
	_, err = server.Read(make([]byte, 1024))
	for err == nil {
		_, err = server.Read(make([]byte, 64<<10))
	}
	check(errors.Is(err, net.ErrClosed), "closed while reading: %v", err)
	runtime.KeepAlive(c) // a connection that nobody has any more is closed

	u := must(net.ListenPacket("udp", "127.0.0.1:0"))
	begin = time.Now()
	done(u.SetReadDeadline(begin.Add(30 * time.Millisecond)))
	_, _, err = u.ReadFrom(make([]byte, 1))
	late("ReadFrom", err, begin, 30*time.Millisecond)

	// A host that does not answer: nothing listens to this address in QEMU's network.
	begin = time.Now()
	_, err = (&net.Dialer{Timeout: 100 * time.Millisecond}).Dial("tcp", args[0])
	var timeout net.Error
	check(errors.As(err, &timeout), "Dial: %v", err)
	check(time.Since(begin) < 5*time.Second, "Dial took %v", time.Since(begin))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	request := must(http.NewRequestWithContext(ctx, "GET", "http://"+args[0]+"/", nil))
	_, err = http.DefaultClient.Do(request)
	check(err != nil, "a request to nobody went through")
	fmt.Println("ok")
}

func refused(args []string) {
	_, err := net.Dial("tcp", "127.0.0.1:9")
	fmt.Println(err)
	_, err = net.Dial("tcp", args[0])
	fmt.Println(err)
	l := must(net.Listen("tcp", "127.0.0.1:7777"))
	_, err = net.Listen("tcp", "127.0.0.1:7777")
	fmt.Println(err)
	l.Close()
	_, err = l.Accept()
	fmt.Println(err)
	_, err = net.Dial("tcp", "no-such-name.invalid:80")
	check(err != nil, "a name that does not exist")
	fmt.Println("ok")
}

// loopback is client and server at once.
func loopback([]string) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", "localhost:0", ":0"} {
		l := must(net.Listen("tcp", address))
		server := &http.Server{Handler: site(nil)}
		go server.Serve(l)
		_, port, _ := net.SplitHostPort(l.Addr().String())
		host, _, _ := net.SplitHostPort(address)
		if host == "" {
			host = "127.0.0.1"
		}
		base := "http://" + net.JoinHostPort(host, port)
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				text := fmt.Sprint("text ", i)
				r := must(http.Post(base+"/echo", "text/plain", strings.NewReader(text)))
				b := must(io.ReadAll(r.Body))
				r.Body.Close()
				check(string(b) == text, "%q instead of %q", b, text)
			})
		}
		wg.Wait()
		r := must(http.Get(base + "/bytes?n=10000000"))
		check(must(io.Copy(io.Discard, r.Body)) == 10_000_000, "a download")
		done(server.Close())
	}
	fmt.Println("ok")
}

func unixSockets([]string) {
	name := filepath.Join(must(os.MkdirTemp("", "")), "socket")
	l := must(net.Listen("unix", name))
	go func() {
		c := must(l.Accept())
		must(io.Copy(c, c))
		c.Close()
	}()
	c := must(net.Dial("unix", name)).(*net.UnixConn)
	must(c.Write([]byte("through a socket")))
	done(c.CloseWrite())
	check(string(must(io.ReadAll(c))) == "through a socket", "a socket has changed what went through")
	l.Close()
	_, err := os.Stat(name)
	check(errors.Is(err, os.ErrNotExist), "the socket is still there: %v", err)
	fmt.Println("ok")
}

// many has three hundred connections open at a time.
func many([]string) {
	const n = 300
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	var opened, wg sync.WaitGroup
	opened.Add(n)
	for i := range n {
		wg.Go(func() {
			c := must(net.Dial("tcp", l.Addr().String()))
			opened.Done()
			opened.Wait()
			text := fmt.Sprint("connection ", i)
			must(c.Write([]byte(text)))
			b := make([]byte, len(text))
			must(io.ReadFull(c, b))
			check(string(b) == text, "%q instead of %q", b, text)
			c.Close()
		})
	}
	wg.Wait()
	l.Close()
	fmt.Println("ok")
}

// deadlock uses the network, and then nobody waits for it.
func deadlock([]string) {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	accepted := make(chan net.Conn)
	go func() { accepted <- must(l.Accept()) }()
	c := must(net.Dial("tcp", l.Addr().String()))
	fmt.Fprint(c, "x")
	must(io.ReadFull(<-accepted, make([]byte, 1)))
	time.AfterFunc(50*time.Millisecond, func() { fmt.Println("time") })
	<-accepted
}

// accept waits for a connection, while nothing else is there to do.
func accept([]string) {
	l := must(net.Listen("tcp", ":80"))
	fmt.Println("listening")
	c := must(l.Accept())
	must(io.Copy(os.Stdout, c))
	fmt.Println("ok")
}
