package boot

import "testing"

func TestParseObserved(t *testing.T) {
	for value, want := range map[string]Observed{
		"count": {Count: true}, "trace": {Trace: true}, "count,trace": {Count: true, Trace: true}, "trace,count": {Count: true, Trace: true},
	} {
		if got, ok := ParseObserved([]byte(value)); !ok || got != want {
			t.Errorf("%s: %v %v", value, got, ok)
		}
	}
	for _, value := range []string{"", ",", "count,", "all", "count trace"} {
		if _, ok := ParseObserved([]byte(value)); ok {
			t.Errorf("%q is taken", value)
		}
	}
}
