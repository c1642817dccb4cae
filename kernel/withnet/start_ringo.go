//go:build ringo && amd64

package withnet

import (
	"github.com/ringo-os/ringo/kernel/machine"
	"github.com/ringo-os/ringo/kernel/syslog"
)

func init() {
	if err := Start(); err != nil {
		syslog.Say(err.Error())
		machine.Exit(ExitNetwork)
	}
}
