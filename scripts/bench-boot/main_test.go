package main

import (
	"strings"
	"testing"
	"time"

	"github.com/ringo-os/ringo/qemu"
	"github.com/ringo-os/ringo/scripts/benchmark"
)

func TestReport(t *testing.T) {
	systems := func(linux, ringo time.Duration, idle qemu.Size) (list []*system) {
		for i, took := range []time.Duration{linux, ringo} {
			g := guest{Guest: benchmark.Guest{Kernel: "k", Words: "quiet", Machine: qemu.PC}}
			r := result{guest: g, size: "1.0 MiB", times: []time.Duration{took}, least: 13 << 19, idle: []qemu.Size{[]qemu.Size{80 << 20, idle}[i]},
				kept: []time.Duration{took / 1000}, single: []time.Duration{took / 500}}
			list = append(list, &system{name: []string{"Linux", "Ringo"}[i], hello: r, web: r})
			list[i].web.guest.web = true
		}
		return list
	}
	text, missed := report(t.Context(), systems(4*time.Second, time.Second/5, 40<<20))
	for _, want := range []string{"**1/20.0**", "| 6.5 MiB | 6.5 MiB |", "at most 1/10: met", "4.00 ms to 4.00 ms", "hostfwd", "40 MiB, **1/2.0**", "1/2.0 of Linux's memory; target at most 1/4: missed"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if !missed {
		t.Error("half of Linux's memory is good enough")
	}
	if text, missed := report(t.Context(), systems(4*time.Second, time.Second/5, 20<<20)); missed {
		t.Errorf("a target is missed at exactly 1/20 and 1/4:\n%s", text)
	}
	if text, missed := report(t.Context(), systems(4*time.Second, time.Second/4, 20<<20)); !missed || !strings.Contains(text, "1/16.0 of Linux's time; target at most 1/20: missed") {
		t.Errorf("1/16 of Linux's time is good enough:\n%s", text)
	}
}
