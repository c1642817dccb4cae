package boot

// Observed says what to tell of the program's system calls.
type Observed struct {
	Count bool // a table of them all at the end
	Trace bool // each of them
}

// ParseObserved reads the value of syscalls=: "count", "trace", or both with a comma between them.
func ParseObserved(value []byte) (o Observed, ok bool) {
	for {
		word, comma := value, index(value, ',')
		if comma >= 0 {
			word, value = value[:comma], value[comma+1:]
		}
		switch string(word) {
		case "count":
			o.Count = true
		case "trace":
			o.Trace = true
		default:
			return Observed{}, false
		}
		if comma < 0 {
			return o, true
		}
	}
}
