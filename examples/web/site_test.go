package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// fake is a site on a machine that does not exist.
func fake(t *testing.T) *site {
	t.Helper()
	files := fstest.MapFS{}
	for name, content := range map[string]string{
		"sys/kernel/ostype": "Tests\n", "sys/kernel/osrelease": "1.0\n",
		"version": "</script>\n", "uptime": "12.34 5.6\n",
		"stat": linuxStat, "meminfo": linuxMeminfo, "iomem": linuxMap, "interrupts": linuxInterrupts,
	} {
		files[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return newSite(&machine{files})
}

func get(s http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

func TestState(t *testing.T) {
	s := fake(t)
	get(s, "/hello")
	w := get(s, "/machine.json")
	var got look
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, error %v", w.Code, err)
	}
	if got.Kernel != "Tests 1.0" || got.Uptime != 12.34 || got.Requests != 2 || len(got.Processor.Cores) != 2 ||
		len(got.Map) != 4 || got.Memory.PageTables != 50<<10 || got.Interrupts.Total != 987654 {
		t.Errorf("got %+v", got)
	}
	if g := got.Go; g.Goroutines == 0 || g.Procs == 0 || g.Threads == 0 || g.Heap == 0 || g.Goal == 0 || g.Total < g.Heap {
		t.Errorf("package runtime/metrics no longer has something: %+v", g)
	}
}

// TestIndex: the page has the state in it, and nothing in the state can end the script around it.
func TestIndex(t *testing.T) {
	w := get(fake(t), "/")
	page := w.Body.String()
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || strings.Contains(page, mark) {
		t.Fatalf("status %d, header %v", w.Code, w.Header())
	}
	_, rest, _ := strings.Cut(page, `<script id="machine" type="application/json">`)
	state, _, _ := strings.Cut(rest, "</script>")
	var got look
	if err := json.Unmarshal([]byte(state), &got); err != nil || got.Version != "</script>" {
		t.Errorf("error %v, version %q", err, got.Version)
	}
}

// TestShown: the script knows everything that the page wants shown.
func TestShown(t *testing.T) {
	s := fake(t)
	script := get(s, "/script.js").Body.String()
	for _, m := range regexp.MustCompile(`data-show="([^"]+)"`).FindAllStringSubmatch(get(s, "/").Body.String(), -1) {
		if !strings.Contains(script, `"`+m[1]+`":`) && !strings.Contains(script, "all."+m[1]+" =") {
			t.Errorf("the script does not know %q", m[1])
		}
	}
}

func TestPaths(t *testing.T) {
	s := fake(t)
	for path, want := range map[string]int{"/": 200, "/style.css": 200, "/script.js": 200, "/hello": 200, "/none": 404, "/main.go": 404} {
		if got := get(s, path).Code; got != want {
			t.Errorf("%s: status %d, want %d", path, got, want)
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("POST", "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", w.Code)
	}
}

// TestNothingToSee: the page comes on a system without /proc too.
func TestNothingToSee(t *testing.T) {
	if w := get(newSite(&machine{fstest.MapFS{}}), "/"); w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
}

// TestStop: a server that is told to stop does, without an error.
func TestStop(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if t.Setenv("PORT", port); run(t.Context()) == nil {
		t.Error("no error on a port that is taken")
	}
	l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error)
	go func() { stopped <- run(ctx) }()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if r, err := http.Get("http://127.0.0.1:" + port + "/hello"); err == nil {
			r.Body.Close()
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
