package test

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ringo-os/ringo/qemu"
)

// TestOvershoot: on an idle machine, what waits for a time goes on within a millisecond of it. The
// host may be busy for a while: so each kind of waiting has five chances.
func TestOvershoot(t *testing.T) {
	for _, machine := range []qemu.Machine{qemu.MicroVM, qemu.Q35} {
		best := map[string]time.Duration{}
		for range 5 {
			if overshoots(t, machine, best); len(best) == 16 && slices.Max(slices.Collect(maps.Values(best))) < time.Millisecond {
				break
			}
		}
		if len(best) != 16 {
			t.Errorf("%s: %d kinds of waiting", machine, len(best))
		}
		for kind, late := range best {
			if late >= time.Millisecond {
				t.Errorf("%s: %s: %v late by median", machine, kind, late)
			}
		}
	}
}

// overshoots boots once, and lowers what is in best.
func overshoots(t *testing.T, machine qemu.Machine, best map[string]time.Duration) {
	c := bare(t, "clock", "overshoot")
	c.Machine = machine
	r := boot(t, c)
	if r.status != 0 {
		t.Fatalf("%s: status %d\n%s", machine, r.status, r.output)
	}
	for s := bufio.NewScanner(strings.NewReader(r.output)); s.Scan(); {
		var kind, wait string
		var median, least, most time.Duration
		if _, err := fmt.Sscan(s.Text(), &kind, &wait, (*int64)(&median), (*int64)(&least), (*int64)(&most)); err != nil {
			t.Fatalf("%v: %s", err, r.output)
		}
		if least < 0 {
			t.Errorf("%s: %s of %s ended %v early", machine, kind, wait, -least)
		}
		kind += " of " + wait
		if known, ok := best[kind]; !ok || median < known {
			best[kind] = median
		}
	}
}

// TestRate: the machine's second is the host's.
func TestRate(t *testing.T) {
	for _, machine := range []qemu.Machine{qemu.MicroVM, qemu.Q35} {
		c := bare(t, "clock", "rate")
		c.Machine = machine
		m := start(t, c)
		for round := range 2 {
			m.expect("begin")
			begin := time.Now()
			m.expect("end")
			if took := time.Since(begin); round == 1 && (took < 2900*time.Millisecond || took > 3100*time.Millisecond) {
				t.Errorf("%s: 3 s of the machine took %v", machine, took)
			}
		}
		if r := m.wait(); r.status != 0 {
			t.Errorf("%s: status %d\n%s", machine, r.status, r.output)
		}
	}
}

func TestWallClock(t *testing.T) {
	t.Parallel()
	for _, machine := range qemu.Machines {
		c := bare(t, "clock", "wall")
		c.Machine = machine
		m := start(t, c)
		m.expect("wall ")
		now := time.Now()
		r := m.wait()
		word, _, _ := strings.Cut(strings.TrimPrefix(r.output, "wall "), " ")
		nanoseconds, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if apart := now.Sub(time.Unix(0, nanoseconds)).Abs(); apart > 2*time.Second {
			t.Errorf("%s: its clock is %v from the host's", machine, apart)
		}
	}
}

// TestSecond: the wall clock is set once more when a second begins by the clock that it was set from at boot, as that has no
// fractions. A machine that takes long to start may have done so before the program looks: so there are five chances.
func TestSecond(t *testing.T) {
	for _, machine := range qemu.Machines {
		t.Run(string(machine), func(t *testing.T) {
			t.Parallel()
			var step time.Duration
			for range 5 {
				c := bare(t, "clock", "step")
				c.Machine = machine
				r := boot(t, c)
				if _, err := fmt.Sscan(r.output, (*int64)(&step)); err != nil || step < 0 || step >= time.Second {
					t.Fatalf("status %d\n%s", r.status, r.output)
				}
				if step > 0 {
					return
				}
			}
			t.Error("the clock was not set again")
		})
	}
}

// TestFraction: under ringo run, the clock is right to fractions of a second. The program says what time it is five times, as
// the host may be busy.
func TestFraction(t *testing.T) {
	t.Parallel()
	program := image(t, "clock")
	machines <- struct{}{}
	defer func() { <-machines }()
	// QEMU's clock takes for the beginning of a second the moment at which QEMU starts: nearly a whole one late.
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(1900 * time.Millisecond)))
	cmd := exec.CommandContext(t.Context(), ringo, "run", "-q", program, "--", "fraction")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	behind := time.Hour
	for s := bufio.NewScanner(out); s.Scan(); {
		heard := time.Now()
		nanoseconds, err := strconv.ParseInt(s.Text(), 10, 64)
		if err != nil {
			t.Errorf("the time is said to be %q", s.Text())
		}
		behind = min(behind, heard.Sub(time.Unix(0, nanoseconds)))
	}
	if behind < 0 || behind > 800*time.Millisecond {
		t.Errorf("the clock is %v behind", behind)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestMonotonic(t *testing.T) {
	t.Parallel()
	passes(t, bare(t, "clock", "monotonic"))
}

func TestTimers(t *testing.T) {
	t.Parallel()
	passes(t, bare(t, "clock", "timers"))
}

// TestIdle: a machine that waits halts all its cores, and costs the host next to nothing: less than 2 % of
// one of its own.
func TestIdle(t *testing.T) {
	for _, machine := range []qemu.Machine{qemu.MicroVM, qemu.Q35} {
		for _, cores := range []int{1, 4} {
			c := bare(t, "net", "idle")
			c.Machine, c.Cores, c.NoNetwork = machine, cores, false
			m := start(t, c)
			m.expect("idle")
			// What is done after the start is over then, and so is the cores' last look at each other.
			time.Sleep(2500 * time.Millisecond)
			pid := qemuPID(t, m)
			before, begin := cpuTime(t, pid), time.Now()
			time.Sleep(3 * time.Second)
			used, took := cpuTime(t, pid)-before, time.Since(begin)
			m.Kill()
			m.VM.Wait()
			<-machines
			share := float64(used) / float64(took)
			t.Logf("%s, %d cores: %.1f %%", machine, cores, 100*share)
			if share >= 0.02 {
				t.Errorf("%s: an idle machine of %d cores takes %.1f %% of a core", machine, cores, 100*share)
			}
		}
	}
}

// qemuPID finds a machine's process: the one that has its status file among its arguments.
func qemuPID(t *testing.T, m *machine) int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Skip("the host has no /proc")
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); strings.Contains(string(line), m.status) {
			return pid
		}
	}
	t.Fatal("QEMU's process is not in /proc")
	return 0
}

// cpuTime is the processor time that a process has used: proc(5), fields utime and stime of stat,
// in hundredths of a second.
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	utime, _ := strconv.Atoi(fields[11])
	stime, _ := strconv.Atoi(fields[12])
	return time.Duration(utime+stime) * 10 * time.Millisecond
}
