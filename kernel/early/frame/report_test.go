package frame

import "testing"

func TestReport(t *testing.T) {
	a := small(t, 0)
	for a.giveUp() {
	}
	untold := func() (all []uint64) {
		for {
			p, ok := a.TakeUntold()
			if !ok {
				return all
			}
			if p%(LargeFrames*Size) != 0 {
				t.Errorf("%#x is no large page", p)
			}
			all = append(all, p)
		}
	}
	give := func(pages []uint64) {
		for _, p := range pages {
			a.GiveTold(p)
		}
	}
	before := untold() // what Init has touched
	give(before)
	free := a.FreeFrames()
	if again := untold(); len(again) != 0 || a.Freed() != 0 {
		t.Errorf("%x is reported twice", again)
	}
	p, _ := a.AllocateRun(2*LargeFrames, LargeFrames)
	one, _ := a.Allocate()
	if now := untold(); len(now) != 0 {
		t.Errorf("%x is reported and in use", now)
	}
	a.FreeRun(p, 2*LargeFrames)
	if a.Freed() != 2*LargeFrames {
		t.Errorf("%d frames were freed", a.Freed())
	}
	now := untold()
	if len(now) != 2 || now[0] != p || now[1] != p+LargeFrames*Size {
		t.Errorf("%x is reported, %x was freed", now, p)
	}
	give(now[:1])
	a.FreeRun(now[1], 1) // as if it had not been told
	a.FreeRun(now[1]+Size, LargeFrames-1)
	if again := untold(); len(again) != 1 || again[0] != now[1] {
		t.Errorf("%x is reported", again)
	} else {
		give(again)
	}
	a.Free(one)
	give(untold())
	if a.FreeFrames() != free {
		t.Errorf("%d frames are free, %d were", a.FreeFrames(), free)
	}
}
