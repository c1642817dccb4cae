package file

// A Ring holds bytes between one who writes and one who reads. Its memory is made when there is something to hold,
// and grows with it. The zero value is empty. It has no lock.
type Ring struct {
	memory        []byte
	start, length int
}

// firstRing is what a ring begins with.
const firstRing = 4096

// Length is how many bytes r holds.
func (r *Ring) Length() int { return r.length }

// Put appends p, of which r holds at most limit bytes in all then, and returns how many bytes it has taken.
func (r *Ring) Put(p []byte, limit int) (n int) {
	p = p[:max(min(len(p), limit-r.length), 0)]
	if need := r.length + len(p); need > len(r.memory) {
		size := max(len(r.memory), firstRing)
		for size < need {
			size *= 2
		}
		r.resize(min(size, max(limit, r.length)))
	}
	for n < len(p) {
		at := r.wrapped(r.start + r.length)
		k := copy(r.memory[at:min(at+len(r.memory)-r.length, len(r.memory))], p[n:])
		r.length += k
		n += k
	}
	return n
}

// Take moves bytes from r to p and returns how many.
func (r *Ring) Take(p []byte) (n int) {
	n = r.Peek(p)
	r.Drop(n)
	return n
}

// Peek copies bytes from r to p and returns how many.
func (r *Ring) Peek(p []byte) (n int) {
	end := r.start + r.length
	n = copy(p, r.memory[r.start:min(end, len(r.memory))])
	if end > len(r.memory) {
		n += copy(p[n:], r.memory[:end-len(r.memory)])
	}
	return n
}

// Drop removes n bytes, which r must hold.
func (r *Ring) Drop(n int) {
	r.start, r.length = r.wrapped(r.start+n), r.length-n
	if r.length == 0 {
		r.start = 0
	}
}

// Fit gives memory back, down to size, as far as what r holds leaves room.
func (r *Ring) Fit(size int) {
	if size = max(size, r.length); size < len(r.memory) {
		r.resize(size)
	}
}

// wrapped returns the index in memory that i, at most twice its length, stands for.
func (r *Ring) wrapped(i int) int {
	if i >= len(r.memory) {
		i -= len(r.memory)
	}
	return i
}

// resize gives r memory of a size, which what it holds fits into.
func (r *Ring) resize(size int) {
	memory := make([]byte, size)
	r.Peek(memory)
	r.memory, r.start = memory, 0
}
