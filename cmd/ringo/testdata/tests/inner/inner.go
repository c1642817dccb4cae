// Package inner has an external test.
package inner

// Three is 3.
func Three() int { return 3 }

// Four is not tested.
func Four() int { return 4 }
