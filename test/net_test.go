package test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringo-os/ringo/qemu"
	"github.com/u-root/u-root/pkg/cpio"
)

// hostAddress is what QEMU's user network calls the host.
const hostAddress = "10.0.2.2"

// networked is a machine with a network interface, whose port 80 is the returned port of this host.
func networked(t *testing.T, arguments ...string) (c qemu.Config, port uint16) {
	t.Helper()
	c = qemu.Config{Image: image(t, "net"), Memory: 128 << 20, Arguments: arguments}
	port = freePort(t, "tcp")
	c.Forwards = []qemu.Forward{{Host: port, Guest: 80}}
	return c, port
}

// nextPort is where freePort looks next.
var nextPort atomic.Uint32

// freePort finds a port of this host that nobody uses, and that nobody will get by chance before QEMU binds
// it: it lies below those that Linux gives to who asks for any (ip_local_port_range), and is returned once.
func freePort(t *testing.T, network string) uint16 {
	t.Helper()
	const first, end = 10240, 32768
	nextPort.CompareAndSwap(0, first+mathrand.Uint32N(end-first))
	for range end - first {
		port := first + (nextPort.Add(1)-first)%(end-first)
		address := fmt.Sprintf("127.0.0.1:%d", port)
		var l io.Closer
		var err error
		if network == "udp" {
			l, err = net.ListenPacket("udp4", address)
		} else {
			l, err = net.Listen("tcp4", address)
		}
		if err == nil {
			l.Close()
			return uint16(port)
		}
	}
	t.Fatal("this host has no free port")
	return 0
}

// client makes requests to machines, and to nobody in between.
var client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}

func fetch(t *testing.T, url string, body io.Reader) []byte {
	t.Helper()
	method := "GET"
	if body != nil {
		method = "POST"
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("%s: %s, %v", url, response.Status, err)
	}
	return data
}

// TestServer: a web server in the machine answers clients on the host.
func TestServer(t *testing.T) {
	for _, test := range []struct {
		machine qemu.Machine
		cores   int
	}{{qemu.PC, 1}, {qemu.Q35, 1}, {qemu.MicroVM, 1}, {qemu.MicroVM, 2}, {qemu.Q35, 4}, {qemu.MicroVM, 8}} {
		t.Run(fmt.Sprintf("%s/%d", test.machine, test.cores), func(t *testing.T) {
			t.Parallel()
			c, port := networked(t, "serve", ":80")
			c.Machine, c.Cores = test.machine, test.cores
			m := start(t, c)
			m.expect("serving")
			base := fmt.Sprintf("http://127.0.0.1:%d", port)
			if got := fetch(t, base+"/hello?name=machine", nil); string(got) != "hello, machine\n" {
				t.Errorf("%q", got)
			}
			if got := fetch(t, base+"/slow", nil); string(got) != "part 0\npart 1\npart 2\n" {
				t.Errorf("%q", got)
			}
			data := make([]byte, 4<<20)
			rand.Read(data)
			if got := fetch(t, base+"/echo", bytes.NewReader(data)); !bytes.Equal(got, data) {
				t.Errorf("an echo of %d bytes has %d, or differs", len(data), len(got))
			}
			want := fmt.Sprintf("%d %x <nil>", len(data), sha256.Sum256(data))
			if got := fetch(t, base+"/sum", bytes.NewReader(data)); string(got) != want {
				t.Errorf("%s instead of %s", got, want)
			}
			if got := fetch(t, base+"/bytes?n=10000000", nil); len(got) != 10_000_000 ||
				!bytes.Equal(got[9_999_984:], []byte("0123456789abcdef")) {
				t.Errorf("%d bytes", len(got))
			}
			var wg sync.WaitGroup
			for i := range 50 {
				wg.Go(func() {
					want := fmt.Sprintf("hello, %d\n", i)
					if got := fetch(t, fmt.Sprintf("%s/hello?name=%d", base, i), nil); string(got) != want {
						t.Errorf("%q instead of %q", got, want)
					}
				})
			}
			wg.Wait()
			client.CloseIdleConnections()
			fetch(t, base+"/quit", nil)
			client.CloseIdleConnections()
			if r := m.wait(); r.status != 0 || !strings.HasSuffix(r.output, "ok\n") {
				t.Errorf("status %d\n%s", r.status, r.output)
			}
		})
	}
}

// TestClient: a client in the machine reaches a web server on the host.
func TestClient(t *testing.T) {
	data := make([]byte, 3<<20)
	rand.Read(data)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			n, err := io.Copy(io.Discard, r.Body)
			fmt.Fprintln(w, n, err)
			return
		}
		w.Write(data)
	}))
	t.Cleanup(server.Close)
	url := fmt.Sprintf("http://%s:%d/", hostAddress, server.Listener.Addr().(*net.TCPAddr).Port)
	want := fmt.Sprintf("200 %d %x <nil>\n", len(data), sha256.Sum256(data))
	for name, change := range map[string]func(*qemu.Config){
		"dhcp":   func(c *qemu.Config) {},
		"static": func(c *qemu.Config) { c.Words = []string{"ip=10.0.2.77/24,10.0.2.2,10.0.2.3"} },
		"q35":    func(c *qemu.Config) { c.Machine = qemu.Q35 },
		"legacy": func(c *qemu.Config) {
			c.Machine, c.NoNetwork = qemu.PC, true
			c.Extra = []string{"-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n,romfile="}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := networked(t, "get", url, url)
			change(&c)
			if name == "legacy" {
				c.Forwards = nil
			}
			if r := boot(t, c); r.status != 0 || !strings.HasSuffix(r.output, want+want+"ok\n") {
				t.Errorf("status %d\n%s\nwant %s", r.status, r.output, want)
			}
		})
	}
	t.Run("post", func(t *testing.T) {
		t.Parallel()
		c, _ := networked(t, "post", url)
		if out := passes(t, c); !strings.Contains(out, "8388608 <nil>") {
			t.Error(out)
		}
	})
}

// TestTLS: a client trusts whom SSL_CERT_FILE names, and nobody else.
func TestTLS(t *testing.T) {
	certificate, authority := certificates(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello over", r.Proto)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	url := fmt.Sprintf("https://%s:%d/", hostAddress, server.Listener.Addr().(*net.TCPAddr).Port)
	files := archive(t, cpio.Directory("etc", 0o755), cpio.StaticFile("etc/test.pem", authority, 0o644))
	t.Run("trusted", func(t *testing.T) {
		t.Parallel()
		c, _ := networked(t, "get", url)
		c.Initrd, c.Environment = files, []string{"SSL_CERT_FILE=/etc/test.pem"}
		if out := passes(t, c); !strings.Contains(out, "200 20 ") {
			t.Error(out)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		t.Parallel()
		c, _ := networked(t, "get", url)
		if r := boot(t, c); r.status != 1 || !strings.Contains(r.output, "certificate signed by unknown authority") {
			t.Errorf("status %d\n%s", r.status, r.output)
		}
	})
	t.Run("roots", func(t *testing.T) {
		t.Parallel()
		c, _ := networked(t, "roots")
		r := boot(t, c)
		var n int
		if fmt.Sscan(r.output, &n); n < 100 || !strings.Contains(r.output, "2 of 2") {
			t.Error(r.output)
		}
	})
}

// certificates makes a server's certificate for the host as machines see it, and the certificate of
// the authority that signed it.
func certificates(t *testing.T) (server tls.Certificate, authority string) {
	t.Helper()
	sign := func(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if parentKey == nil {
			parentKey = key
		}
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
		if err != nil {
			t.Fatal(err)
		}
		return der, key
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caDER, caKey := sign(ca, ca, nil)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Test server"},
		IPAddresses: []net.IP{net.ParseIP(hostAddress)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, key := sign(leaf, ca, caKey)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}))
}

// TestHalfClose: each side of a connection ends for itself.
func TestHalfClose(t *testing.T) {
	t.Run("machine first", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			n, err := io.Copy(io.Discard, c)
			fmt.Fprintln(c, "got", n, err)
		}()
		c, _ := networked(t, "halfclose", fmt.Sprintf("%s:%d", hostAddress, l.Addr().(*net.TCPAddr).Port))
		if out := passes(t, c); !strings.Contains(out, "got 1048576 <nil>\n") {
			t.Error(out)
		}
	})
	t.Run("host first", func(t *testing.T) {
		t.Parallel()
		c, port := networked(t, "echo", ":80")
		m := start(t, c)
		m.expect("serving")
		conn, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		text := strings.Repeat("echo", 100_000)
		go func() {
			io.WriteString(conn, text)
			conn.(*net.TCPConn).CloseWrite()
		}()
		got, err := io.ReadAll(conn)
		if string(got) != text+"end after 400000" || err != nil {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if r := m.wait(); r.status != 0 {
			t.Errorf("status %d\n%s", r.status, r.output)
		}
	})
}

// TestShortConnections: a machine with little memory does not run out of it because of connections that are over.
func TestShortConnections(t *testing.T) {
	t.Parallel()
	c := bare(t, "net", "short")
	c.Memory = 24 << 20
	passes(t, c)
}

// TestSources: a datagram comes from the address that its control message names.
func TestSources(t *testing.T) { asOnLinux(t, "net", "sources") }

func TestUDP(t *testing.T) {
	t.Parallel()
	c, _ := networked(t, "udp", ":5353")
	port := freePort(t, "udp")
	c.Forwards = []qemu.Forward{{Host: port, Guest: 5353, UDP: true}}
	m := start(t, c)
	m.expect("serving")
	conn, err := net.Dial("udp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, text := range []string{"hello", "", strings.Repeat("x", 1400), "end"} {
		answered := false
		for range 5 { // packets may get lost
			conn.Write([]byte(text))
			conn.SetReadDeadline(time.Now().Add(2 * time.Second))
			b := make([]byte, 2000)
			n, err := conn.Read(b)
			if answered = err == nil && string(b[:n]) == strings.ToUpper(text); answered {
				break
			}
		}
		if !answered {
			t.Errorf("no answer to %d bytes", len(text))
		}
	}
	if r := m.wait(); r.status != 0 {
		t.Errorf("status %d\n%s", r.status, r.output)
	}
}

// TestWeb: the example answers in a machine of 32 MiB.
func TestWeb(t *testing.T) {
	for _, machine := range qemu.Machines {
		t.Run(string(machine), func(t *testing.T) {
			t.Parallel()
			file := images.do(t, "examples/web", func() (string, error) {
				return buildImage(filepath.Join("..", "examples", "web"), ".", "image-web")
			})
			c := qemu.Config{Machine: machine, Image: file, Memory: 32 << 20}
			port := freePort(t, "tcp")
			c.Forwards = []qemu.Forward{{Host: port, Guest: 8080}}
			m := start(t, c)
			m.expect("listening")
			url := fmt.Sprintf("http://127.0.0.1:%d/", port)
			for range 20 {
				if got := fetch(t, url, nil); !bytes.Contains(bytes.ToLower(got), []byte("<html")) {
					t.Fatalf("%.200q", got)
				}
			}
			client.CloseIdleConnections()
			m.Console.Send("\x03") // Ctrl-C
			if r := m.wait(); r.status != 0 {
				t.Errorf("status %d\n%s", r.status, r.output)
			}
		})
	}
}

// archive writes an archive of files for a machine.
func archive(t *testing.T, records ...cpio.Record) string {
	t.Helper()
	var b bytes.Buffer
	for _, r := range records {
		// A writer each: one leaves out names that it has written before.
		if err := cpio.Newc.Writer(&b).WriteRecord(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := cpio.WriteTrailer(cpio.Newc.Writer(&b)); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "files.cpio")
	writeFile(t, name, b.String())
	return name
}

// TestDeadlock: TCP/IP's timers and the lease of the machine's address do not keep a program alive that
// waits for nothing from outside.
func TestDeadlock(t *testing.T) {
	for _, cores := range []int{1, 4} {
		t.Run(fmt.Sprint(cores), func(t *testing.T) {
			t.Parallel()
			c, _ := networked(t, "deadlock")
			c.Cores = cores
			compare(t, c, "net")
		})
	}
}

// TestAccept: a program that waits for somebody outside is not deadlocked, whoever looks after the network at
// that moment.
func TestAccept(t *testing.T) {
	for _, cores := range []int{1, 2, 4, 8} {
		t.Run(fmt.Sprint(cores), func(t *testing.T) {
			t.Parallel()
			for range 4 {
				c, port := networked(t, "accept")
				c.Cores = cores
				m := start(t, c)
				m.expect("listening")
				time.Sleep(100 * time.Millisecond)
				client, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
				if err != nil {
					t.Error(err)
				} else {
					fmt.Fprintln(client, "from outside")
					client.Close()
				}
				if r := m.wait(); r.status != 0 || !strings.HasSuffix(r.output, "from outside\nok\n") {
					t.Errorf("status %d\n%.2000s", r.status, r.output)
				}
			}
		})
	}
}
