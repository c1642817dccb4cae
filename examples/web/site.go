package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"sync/atomic"
)

//go:embed page
var files embed.FS

// mark is where the page has the machine's state in it when it is sent.
const mark = "{{machine}}"

// A site serves the page and what it shows.
type site struct {
	http.ServeMux
	machine  *machine
	requests atomic.Int64
	before   []byte // the page up to mark
	after    []byte
}

func newSite(m *machine) *site {
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic(err)
	}
	index, err := fs.ReadFile(page, "index.html")
	if err != nil {
		panic(err)
	}
	s := &site{machine: m}
	s.before, s.after, _ = bytes.Cut(index, []byte(mark))
	s.HandleFunc("GET /{$}", s.index)
	s.HandleFunc("GET /machine.json", s.state)
	s.HandleFunc("GET /hello", hello)
	s.Handle("GET /", http.FileServerFS(page))
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	s.ServeMux.ServeHTTP(w, r)
}

// index sends the page with the state of the machine in it: it shows something at once, and to
// curl too.
func (s *site) index(w http.ResponseWriter, r *http.Request) {
	state, ok := s.marshal(w)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(bytes.Join([][]byte{s.before, state, s.after}, nil))
}

// state sends the state of the machine.
func (s *site) state(w http.ResponseWriter, r *http.Request) {
	state, ok := s.marshal(w)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(state)
}

// marshal writes the state as JSON, in which json escapes what HTML would take for its own.
func (s *site) marshal(w http.ResponseWriter) (state []byte, ok bool) {
	look := s.machine.look()
	look.Requests = s.requests.Load()
	state, err := json.MarshalIndent(look, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return nil, false
	}
	return append(state, '\n'), true
}

// hello answers as soon as anything can: for benchmarks and health checks.
func hello(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello, world\n") }
