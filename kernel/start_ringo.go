//go:build ringo

package kernel

func init() { Start() }
