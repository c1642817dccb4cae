//go:build ringo && amd64

package withnet

import "github.com/ringo-os/ringo/kernel/machine"

func init() {
	if err := Start(); err != nil {
		say(err.Error())
		machine.Exit(ExitNetwork)
	}
}
