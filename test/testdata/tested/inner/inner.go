// Package inner has an external test.
package inner

// Two is 2.
func Two() int { return 2 }
