package test

import (
	"regexp"
	"testing"
)

// TestSystemCallsTold: the user can see each system call, and a table of them at the end, however the
// program ends.
func TestSystemCallsTold(t *testing.T) {
	t.Parallel()
	traced := regexp.MustCompile(`(?m)^write\(1, 0x[0-9a-f]+, (\d+)\) = (\d+) <\d+ us>$`)
	counted := regexp.MustCompile(`(?m)^% time     seconds  usecs/call     calls    errors syscall\n[- ]+\n(?:.*\n)* *\d+\.\d\d +0\.\d{6} +\d+ +\d+ {11}write$`)
	c := bare(t, "hello")
	c.Words = append(c.Words, "syscalls=count,trace")
	r := boot(t, c)
	if m := traced.FindStringSubmatch(r.output); m == nil || m[1] != m[2] || !counted.MatchString(r.output) || r.status != 0 {
		t.Errorf("status %d\n%s", r.status, r.output)
	}
	c = bare(t, "panics", "log-fatal")
	c.Words = append(c.Words, "syscalls=count")
	if r := boot(t, c); !counted.MatchString(r.output) || traced.MatchString(r.output) || r.status != 1 {
		t.Errorf("status %d\n%s", r.status, r.output)
	}
}

// TestMemoryMap: the user can see at the end what lies where, and whose it is.
func TestMemoryMap(t *testing.T) {
	t.Parallel()
	c := bare(t, "hello")
	c.Words = append(c.Words, "debug=mappings")
	r := boot(t, c)
	for _, want := range []string{
		`^[^\n]*\nphysical 0x0-0x[0-9a-f]+ usable\n`, // after all that the program has printed
		`\nmapped 0x[0-9a-f]+-0x[0-9a-f]+ 4K rx image\n`, `\nmapped 0x[0-9a-f]+-0x[0-9a-f]+ 4K rw owned heap\n`,
		`\nmapped 0x[0-9a-f]+-0x[0-9a-f]+ 2048K rw direct map\n`, `\ntables \d+ pages; free \d+ of \d+ pages; `,
	} {
		if !regexp.MustCompile(want).MatchString(r.output) || r.status != 0 {
			t.Errorf("status %d, no %s in\n%s", r.status, want, r.output)
		}
	}
}
