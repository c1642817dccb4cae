//go:build ringo

package runtime

// Bubbles of package testing/synctest end where the kernel begins: it has the machine's time, its timers and
// goroutines are nobody's, and who waits in it is at work, as a goroutine in a system call of Linux's is.

// leaveBubble takes gp, which runs, out of its bubble until enterBubble; the bubble counts it as running all the
// while.
func leaveBubble(gp *g) (b *synctestBubble) {
	b, gp.bubble = gp.bubble, nil
	return b
}

func enterBubble(gp *g, b *synctestBubble) { gp.bubble = b }
