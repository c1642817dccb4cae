// Package tests is what TestTest tests in machines.
package tests

// Sum adds.
func Sum(numbers ...int) (sum int) {
	for _, n := range numbers {
		sum += n
	}
	return sum
}
