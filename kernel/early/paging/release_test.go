package paging

import (
	"testing"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/frame"
)

// TestReleaseHere: few small pages, and the tables of them, stay with the core that unmaps them; others do not.
func TestReleaseHere(t *testing.T) {
	w := newWorld(t, 16*mib, everything)
	core := new(frame.Core)
	w.frames.SetNodes(new(boot.Nodes), func() *frame.Core { return core })
	w.frames.AddCore(core)
	const at = 1 << 40
	var s Stale
	unmapped := func(size, part uint64) {
		t.Helper()
		if p := w.tables.Fill(at, size, Write); p != "" {
			t.Fatal(p)
		}
		if p := w.tables.Unmap(at, part, &s); p != "" {
			t.Fatal(p)
		}
	}
	if !w.tables.ReleaseHere(&s) {
		t.Error("nothing is too much")
	}
	unmapped(5*Page4K, 5*Page4K)
	free := w.frames.FreeFrames()
	if s.Frames != 8 || !w.tables.ReleaseHere(&s) || !s.Empty() || w.frames.FreeFrames() != free+8 {
		t.Errorf("%d frames are free, %d were, %+v", w.frames.FreeFrames(), free, s)
	}
	for _, size := range []uint64{Page2M, Page2M - Page4K} { // one page, and many
		unmapped(size, size)
		free = w.frames.FreeFrames()
		if count := s.Frames; w.tables.ReleaseHere(&s) || s.Frames != count || w.frames.FreeFrames() != free {
			t.Errorf("%#x bytes stay here", size)
		}
		if p := w.tables.Release(&s); p != "" {
			t.Error(p)
		}
	}
	if free := w.frames.FreeFrames(); free != w.total-1 {
		t.Errorf("%d frames are free, not %d", free, w.total-1)
	}
	// Every frame is there, and once.
	seen := map[uint64]bool{}
	for f, ok := w.frames.Allocate(); ok; f, ok = w.frames.Allocate() {
		if seen[f] {
			t.Fatalf("%#x twice", f)
		}
		seen[f] = true
	}
	if uint64(len(seen)) != w.total-2 { // a root, and one in reserve
		t.Errorf("%d frames of %d", len(seen), w.total)
	}
	// One that is freed twice is noticed in the end.
	for f := range seen {
		w.frames.Cache(f, f, 1)
		w.frames.Free(f)
		break
	}
	w.frames.AllocateRun(2, 1)
	if p := w.tables.Release(&s); p != badFrame {
		t.Errorf("a frame that was freed twice: %q", p)
	}
}
