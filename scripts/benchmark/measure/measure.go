// Package measure is for the programs that benchmarks boot: it takes times and prints the results
// where the host finds them, on standard output.
package measure

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A Result is something to measure. Measure returns nanoseconds, or a plain number.
type Result struct {
	Name    string
	Measure func() float64
}

// Main measures one result after the other: all, or those whose names contain a word of the program's
// first argument, which are separated by commas.
func Main(results []Result) {
	var words []string
	if len(os.Args) > 1 {
		words = strings.Split(os.Args[1], ",")
	}
	for _, r := range results {
		wanted := func(word string) bool { return strings.Contains(r.Name, word) }
		if words != nil && !slices.ContainsFunc(words, wanted) {
			continue
		}
		runtime.GC() // what the last one has left
		fmt.Printf("result %s %g\n", r.Name, r.Measure())
	}
	fmt.Println("end")
}

const (
	// A batch takes this long at least: clocks are slow to read in a guest, and coarse.
	batch = 15 * time.Millisecond
	// How many there are, of which the median counts, or the least.
	batches, shortBatches = 9, 30
	shortBatch            = batch / 3
)

// PerOperation returns the nanoseconds that one operation takes. do does n of them. They are done in
// batches, of which the median counts.
func PerOperation(do func(n int)) float64 {
	n := operations(do, batch)
	return Median(batches, func() float64 { return Time(func() { do(n) }) / float64(n) })
}

// LeastPerOperation is PerOperation for what one core computes by itself: it always takes the same time,
// to which the host can only add. So the fastest batch counts.
func LeastPerOperation(do func(n int)) float64 {
	n := operations(do, shortBatch)
	least := math.Inf(1)
	for range shortBatches {
		least = min(least, Time(func() { do(n) })/float64(n))
	}
	return least
}

// operations returns how many operations take a time, at least.
func operations(do func(n int), wanted time.Duration) (n int) {
	for n = 1; ; {
		took := elapsed(func() { do(n) })
		if took >= wanted {
			return n
		}
		// At most tenfold, as the first few may be slow; a little more than is needed.
		n = min(10*n, int(float64(n)*1.2*float64(wanted)/float64(max(took, 1)))+1)
	}
}

// Median returns the median of n measurements.
func Median(n int, measure func() float64) float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = measure()
	}
	slices.SortFunc(values, cmp.Compare)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// Time returns the nanoseconds that do takes.
func Time(do func()) float64 { return float64(elapsed(do)) }

func elapsed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}
