package kernel

// A postprocessor turns what programs write into what a terminal needs (termios(3), OPOST).
type postprocessor struct{ column int }

// append adds b to output, as the settings say.
func (p *postprocessor) append(output, b []byte, settings uint32) []byte {
	if settings&outputProcess == 0 {
		return append(output, b...)
	}
	for _, c := range b {
		switch {
		case c == '\n' && settings&outputNewlineReturns != 0:
			output = append(output, '\r', '\n')
			p.column = 0
			continue
		case c == '\n' && settings&outputNewlineIsReturn != 0:
			p.column = 0
		case c == '\r' && settings&outputNoReturnAtStart != 0 && p.column == 0:
			continue
		case c == '\r' && settings&outputReturnIsNewline != 0:
			c = '\n'
			if settings&outputNewlineIsReturn != 0 {
				p.column = 0
			}
		case c == '\r':
			p.column = 0
		case c == '\t':
			width := 8 - p.column%8
			p.column += width
			if settings&outputTabs == outputTabs {
				output = append(output, "        "[:width]...)
				continue
			}
		case c == '\b':
			p.column = max(p.column-1, 0)
		case !isControl(c):
			p.column++
		}
		output = append(output, c)
	}
	return output
}
