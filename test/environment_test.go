package test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestRuntimeEnvironment: the runtime's environment variables do through ringo run -e what they do on
// Linux. want are what the output must match, in any order.
func TestRuntimeEnvironment(t *testing.T) {
	for _, test := range []struct {
		environment []string
		mode        string
		status      int
		want        []string
	}{
		{[]string{"GODEBUG=schedtrace=100"}, "work", 0, []string{
			`SCHED \d+ms: gomaxprocs=4 idleprocs=\d+ threads=\d+ spinningthreads=\d+ needspinning=\d+ idlethreads=\d+ runqueue=\d+ \[ `}},
		{[]string{"GODEBUG=schedtrace=100,scheddetail=1"}, "work", 0, []string{
			`SCHED \d+ms: gomaxprocs=4 .* sysmonwait=(true|false)`, `\n  P3: status=\d+ schedtick=\d+`, `\n  M0: p=\S+ curg=\S+`,
			`\n  G1: status=\d+\(.*\) m=\S+ lockedm=`}},
		{[]string{"GODEBUG=gctrace=1"}, "work", 0, []string{
			`(?m)^gc \d+ @\d+\.\d+s \d+%: [\d.+]+ ms clock, [\d.+/]+ ms cpu, \d+->\d+->\d+ MB, \d+ MB goal, \d+ MB stacks, \d+ MB globals, 4 P`}},
		{[]string{"GODEBUG=inittrace=1"}, "show", 0, []string{`init main @[\d.]+ ms, [\d.]+ ms clock, \d+ bytes, \d+ allocs`}},
		{[]string{"GOMAXPROCS=3"}, "show", 0, []string{`procs 3 of 4`}},
		{[]string{"GOMAXPROCS=9"}, "show", 0, []string{`procs 9 of 4`}},
		{nil, "show", 0, []string{`procs 4 of 4`, `percent 100\n`}},
		{[]string{"GOGC=37"}, "show", 0, []string{`percent 37\n`}},
		{[]string{"GOGC=off"}, "show", 0, []string{`percent -1\n`}},
		{[]string{"GOMEMLIMIT=23MiB"}, "show", 0, []string{fmt.Sprintf(`limit %d\n`, 23<<20)}},
		{[]string{"GOTRACEBACK=none"}, "panic", 2, []string{`^panic: on purpose\n$`}},
		{[]string{"GOTRACEBACK=single"}, "panic", 2, []string{`goroutine 1 \[running\]:\nmain\.main\(\)`}},
		{[]string{"GOTRACEBACK=all"}, "panic", 2, []string{`goroutine 1 \[running\]:`, `\ngoroutine \d+ \[chan receive\]:\nmain\.waiting\(`}},
		{[]string{"GOTRACEBACK=system"}, "panic", 2, []string{`main\.waiting\(`, `runtime\.gopark\(`, `goroutine 2 .*\[force gc \(idle\)\]`}},
		{[]string{"GOTRACEBACK=crash"}, "panic", 2, []string{`main\.waiting\(`, `runtime\.gopark\(`, `goroutine 2 .*\[force gc \(idle\)\]`}},
	} {
		t.Run(strings.Join(test.environment, " ")+"/"+test.mode, func(t *testing.T) {
			t.Parallel()
			arguments := []string{"--smp", "4", "-m", "128M"}
			for _, e := range test.environment {
				arguments = append(arguments, "-e", e)
			}
			r := ringoRun(t, "", append(arguments, image(t, "environment"), "--", test.mode)...)
			if r.status != test.status {
				t.Errorf("status %d\n%s", r.status, r.output)
			}
			for _, want := range test.want {
				if !regexp.MustCompile(want).MatchString(r.output) {
					t.Errorf("no %s in:\n%.4000s", want, r.output)
				}
			}
		})
	}
}
