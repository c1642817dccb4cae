package linux

import (
	"math/rand/v2"
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
	"github.com/ringo-os/ringo/kernel/syslog"
)

// Random numbers come from ChaCha8 generators, one for each core that asks. Their seeds come from one
// generator, the root, and its seeds mix all sources of entropy that the machine has: who asks for random
// numbers seldom waits for a device. All get new seeds after a while.

const (
	seedSize  = 32
	seedLasts = 1 << 20       // bytes, of one that makes random numbers
	rootLasts = 64 * seedSize // bytes, of the root
)

// entropy are the sources of entropy: the processor, and what drivers add.
var entropy = struct {
	mu      sync.Mutex
	sources []func(p []byte) int
}{sources: []func(p []byte) int{machine.Entropy}}

// AddEntropy adds a source of entropy: a function that fills p and returns how many bytes it filled,
// without waiting for long.
func AddEntropy(source func(p []byte) int) {
	entropy.mu.Lock()
	entropy.sources = append(entropy.sources, source)
	entropy.mu.Unlock()
	root.mu.Lock()
	root.left = 0 // the next seed depends on source, too
	root.mu.Unlock()
}

// seed mixes a seed from all sources; false means that there is none that works.
func seed(s *[seedSize]byte) (found bool) {
	entropy.mu.Lock()
	sources := entropy.sources
	entropy.mu.Unlock()
	for _, source := range sources {
		found = mix(s, source) || found
	}
	return found
}

// mix adds what source gives to s; false means that it gave less than a seed.
func mix(s *[seedSize]byte, source func(p []byte) int) bool {
	var p [seedSize]byte
	n := 0
	for tries := 0; n < seedSize && tries < 100; tries++ {
		n += source(p[n:])
	}
	for i := range s {
		s[i] ^= p[i]
	}
	return n == seedSize
}

// A generator makes random numbers for one party at a time.
type generator struct {
	random *rand.ChaCha8
	left   int // bytes until the next seed
}

var (
	generators = sync.Pool{New: func() any { return new(generator) }}

	// root is held while its new seed is waited for: nobody else could do anything with the old one.
	root struct {
		mu sync.Mutex
		generator
	}
)

// Random fills p with random bytes.
func Random(p []byte) syscall.Errno {
	g := generators.Get().(*generator)
	defer generators.Put(g)
	if !g.fill(p, seedLasts, seedFromRoot) {
		tellNoEntropy()
		return syscall.EIO
	}
	return 0
}

// seedFromRoot mixes the root's next bytes into s.
func seedFromRoot(s *[seedSize]byte) bool {
	root.mu.Lock()
	defer root.mu.Unlock()
	var next [seedSize]byte
	if !root.fill(next[:], rootLasts, seed) {
		return false
	}
	for i := range s {
		s[i] ^= next[i]
	}
	return true
}

// fill fills p, with a new seed from renew, which lasts for so many bytes, whenever the last one's time is
// over. What g has made so far goes into the new seed, too.
func (g *generator) fill(p []byte, lasts int, renew func(*[seedSize]byte) bool) bool {
	for len(p) > 0 {
		if g.left <= 0 {
			var s [seedSize]byte
			if g.random != nil {
				g.random.Read(s[:])
			}
			if !renew(&s) {
				return false
			}
			g.random = rand.NewChaCha8(s)
			g.left = lasts
		}
		n := min(len(p), g.left)
		g.random.Read(p[:n])
		g.left -= n
		p = p[n:]
	}
	return true
}

var tellNoEntropy = sync.OnceFunc(func() {
	syslog.Say("this machine has no source of random numbers: it needs RDRAND (qemu -cpu max) or virtio-rng")
})

func sysGetrandom(a *call.Arguments) (uintptr, syscall.Errno) {
	const nonblock, random, insecure = 1, 2, 4
	flags := a.Value[2]
	if flags&^(nonblock|random|insecure) != 0 || flags&(random|insecure) == random|insecure {
		return 0, syscall.EINVAL
	}
	m, errno := BorrowSome(Argument(a, 0), min(a.Value[1], countMax), Out)
	if errno != 0 {
		return 0, errno
	}
	errno = Random(m.Bytes)
	if e := m.Return(Argument(a, 0), len(m.Bytes)); errno == 0 {
		errno = e
	}
	if errno != 0 {
		return 0, errno
	}
	return uintptr(len(m.Bytes)), 0
}

// newUUID returns a random UUID (RFC 9562, 5.4).
func newUUID() string {
	const digits = "0123456789abcdef"
	var u [16]byte
	Random(u[:])
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	var text []byte
	for i, b := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text = append(text, '-')
		}
		text = append(text, digits[b>>4], digits[b&15])
	}
	return string(text)
}
