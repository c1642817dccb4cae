//go:build !ringo

package thread

// processor stands in for the cores on the host; model_test.go has one.
var processor interface {
	this() *Core
	switchTo(from, to *Thread)
	saveAndDisable() (flags uint64)
	restore(flags uint64)
	waitForInterrupt()
	interruptWindow()
	dropTranslations()
	step()
}

// This returns the calling core. The caller keeps interrupts off for as long as it uses the answer.
func This() *Core { return processor.this() }

// Current returns the calling thread.
func Current() *Thread { return This().current }

// switchTo leaves from for to and releases the core's lock; it returns when something switches back.
func switchTo(from, to *Thread) { processor.switchTo(from, to) }

func setBase(*Core)                  {}
func saveAndDisable() (flags uint64) { return processor.saveAndDisable() }
func restore(flags uint64)           { processor.restore(flags) }
func waitForInterrupt()              { processor.waitForInterrupt() }
func interruptWindow()               { processor.interruptWindow() }
func dropTranslations()              { processor.dropTranslations() }
func pause()                         { processor.step() }

// step stands where other cores matter without a lock: the model lets them go on there.
func step() { processor.step() }
