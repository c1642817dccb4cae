package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/u-root/u-root/pkg/cpio"

	"github.com/ringo-os/ringo/qemu"
)

func TestInitramfs(t *testing.T) {
	dir := t.TempDir()
	program, archive := filepath.Join(dir, "program"), filepath.Join(dir, "archive")
	if err := os.WriteFile(program, []byte("code"), 0o600); err != nil {
		t.Fatal(err)
	}
	modules := []cpio.Record{cpio.StaticFile("modules/0-a.ko", "module", 0o644)}
	if err := writeInitramfs(archive, modules, "init", program, "program", program); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := cpio.ReadAllRecords(cpio.Newc.Reader(f))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range records {
		if r.Name != "." { // cpio adds it
			names = append(names, r.Name)
		}
		if r.Name == "init" {
			content, _ := io.ReadAll(io.NewSectionReader(r, 0, int64(r.FileSize)))
			if r.Mode != cpio.S_IFREG|0o755 || string(content) != "code" {
				t.Errorf("init has mode %o, content %q", r.Mode, content)
			}
		}
	}
	if got := strings.Join(names, " "); got != "modules modules/0-a.ko init program" {
		t.Errorf("the archive has %s", got)
	}
}

func TestWaitFor(t *testing.T) {
	if said, err := waitFor(strings.NewReader("SeaBIOS\r\nhello\r\n"), "hello"); err != nil || said != "" {
		t.Errorf("%q, %v", said, err)
	}
	if said, err := waitFor(strings.NewReader("SeaBIOS\r\npanic"), "hello"); err == nil || said != "SeaBIOS\r\npanic" {
		t.Errorf("%q, %v", said, err)
	}
}

func TestMedian(t *testing.T) {
	for want, times := range map[time.Duration][]time.Duration{2: {9, 1, 2}, 3: {4, 2}, 7: {7}} {
		if got := median(times); got != want {
			t.Errorf("of %v: %v", times, got)
		}
	}
}

func TestReport(t *testing.T) {
	systems := func(linux, ringo time.Duration) (list []*system) {
		for i, took := range []time.Duration{linux, ringo} {
			g := guest{kernel: "k", words: "quiet", machine: qemu.PC}
			r := result{guest: g, size: "1.0 MiB", times: []time.Duration{took}, least: 13 << 19}
			list = append(list, &system{name: []string{"Linux", "Ringo"}[i], hello: r, web: r})
			list[i].web.guest.web = true
		}
		return list
	}
	text, missed := report(t.Context(), systems(4*time.Second, time.Second/5))
	for _, want := range []string{"**1/20.0**", "| 6.5 MiB | 6.5 MiB |", "at most 1/10: met", "hostfwd"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if missed {
		t.Error("a target is missed at exactly 1/20")
	}
	if text, missed := report(t.Context(), systems(4*time.Second, time.Second/4)); !missed || !strings.Contains(text, "1/16.0 of Linux's time; target at most 1/20: missed") {
		t.Errorf("1/16 of Linux's time is good enough:\n%s", text)
	}
}

func TestUpdateFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("a\n"+partStart+"old\n"+partEnd+"b\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := updateFile(file, "new\n"); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := os.ReadFile(file); string(got) != "a\n"+partStart+"\nnew\n\n"+partEnd+"b\n" {
		t.Errorf("the file is %q", got)
	}
	os.WriteFile(file, []byte("nothing"), 0o644)
	if updateFile(file, "new") == nil {
		t.Error("no error without a place")
	}
}
