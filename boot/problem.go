package boot

// A Problem is a sentence that says what is wrong and what to do about it; "" means that all is
// well. It is always a constant, because early code cannot build strings.
type Problem string
