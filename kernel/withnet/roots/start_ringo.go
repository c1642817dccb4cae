//go:build ringo

package roots

import "github.com/ringo-os/ringo/kernel/linux"

func init() { linux.Provide(Path, PEM) }
