// Http3 serves and fetches over HTTP/3, with quic-go.
//
//	http3 serve ADDRESS
//	http3 get AUTHORITY [LARGE]
package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// large is the size of the longest body.
const large = 4 << 20

func main() {
	log.SetFlags(0)
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2])
	case "get":
		get("https://" + os.Args[2])
	}
	fmt.Println("ok")
}

// body is what is sent: pieces at the beginning of it, too.
func body() []byte {
	b := make([]byte, large)
	for i := range b {
		b[i] = byte(i*i>>8 ^ i)
	}
	return b
}

func serve(address string) {
	mux := http.NewServeMux()
	whole := body()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello by ", r.Proto) })
	mux.HandleFunc("/large", func(w http.ResponseWriter, r *http.Request) { w.Write(whole) })
	mux.HandleFunc("/sum", func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		n, err := io.Copy(h, r.Body)
		fmt.Fprintf(w, "%d %x %v", n, h.Sum(nil), err)
	})
	listener, err := net.ListenPacket("udp", address)
	must(err)
	server := &http3.Server{Handler: mux, TLSConfig: http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{certificate()}})}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stop
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(ctx)
	}()
	fmt.Println("serving")
	if err := server.Serve(listener); err != http.ErrServerClosed {
		must(err)
	}
}

func get(base string) {
	transport := &http3.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "machine.test"},
		QUICConfig:      &quic.Config{},
	}
	defer transport.Close()
	client := http.Client{Transport: transport, Timeout: 40 * time.Second}
	check := func(answer *http.Response, err error) []byte {
		must(err)
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		must(err)
		if answer.ProtoMajor != 3 || answer.StatusCode != 200 {
			must(fmt.Errorf("%s %s", answer.Proto, answer.Status))
		}
		return b
	}
	if len(os.Args) > 3 { // a server of somebody else's
		request, err := http.NewRequest("GET", base+os.Args[3], nil)
		must(err)
		request.Host = "machine.test"
		b := check(client.Do(request))
		fmt.Printf("%d %x\n", len(b), sha256.Sum256(b))
		return
	}
	if got := string(check(client.Get(base + "/hello"))); got != "hello by HTTP/3.0" {
		must(fmt.Errorf("%q", got))
	}
	whole := body()
	if !bytes.Equal(check(client.Get(base+"/large")), whole) {
		must(fmt.Errorf("the large body is not what was sent"))
	}
	want := fmt.Sprintf("%d %x <nil>", len(whole), sha256.Sum256(whole))
	if got := string(check(client.Post(base+"/sum", "", bytes.NewReader(whole)))); got != want {
		must(fmt.Errorf("%q", got))
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { check(client.Get(base + "/hello")) })
	}
	wg.Wait()
}

// certificate makes one for machine.test.
func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"machine.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func must(err error) {
	if err != nil {
		log.Fatal("error: ", err)
	}
}
