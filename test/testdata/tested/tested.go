// Package tested is tested in a machine.
package tested

// One is 1.
func One() int { return 1 }
