package boot

// Pipes says what of the console is no terminal but a pipe. On its way in, PipeQuote makes the byte
// behind it one of the data; the bytes below mean something unless they are quoted so; all other bytes
// are data. On its way out every byte is what the program has written.
type Pipes struct{ Input, Output bool }

// The bytes that mean something on the console's input when it is a pipe.
const (
	PipeInterrupt = 3  // SIGINT, as Ctrl-C
	PipeEnd       = 4  // the end of the input, as Ctrl-D; nothing but signals can follow it
	PipeTerminate = 15 // SIGTERM
	PipeQuote     = 16 // the next byte is data
	PipeQuit      = 28 // SIGQUIT, as Ctrl-\
)

// ParsePipes reads the value of pipe=: "stdin", "stdout", or both with a comma between them.
func ParsePipes(value []byte) (pipes Pipes, ok bool) {
	for {
		word, comma := value, index(value, ',')
		if comma >= 0 {
			word, value = value[:comma], value[comma+1:]
		}
		switch string(word) {
		case "stdin":
			pipes.Input = true
		case "stdout":
			pipes.Output = true
		default:
			return Pipes{}, false
		}
		if comma < 0 {
			return pipes, true
		}
	}
}
