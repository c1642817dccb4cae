//go:build amd64

package withnet

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/ringo-os/ringo/kernel/net"
	"github.com/ringo-os/ringo/kernel/syslog"
)

// logPatience is how long the log's server may take for an answer: to a connection, or to what is sent when the
// buffers are full.
const logPatience = 5 * time.Second

// connect sends the log by n, and takes what the program sends to /dev/log.
func connect(log *syslog.Log, n *net.Network) error {
	target := log.Target()
	address, err := netip.ParseAddr(target.Host)
	if err != nil {
		return fmt.Errorf("log=%v cannot be done: %q is no address (below the program nothing looks up names)", target, target.Host)
	}
	if err := n.ReceiveLocal("/dev/log", log.Local); err != nil {
		return fmt.Errorf("log=%v cannot be done: /dev/log: %v", target, err)
	}
	log.Connect(func() (syslog.Conn, error) {
		c, err := n.Dial(target.Network, netip.AddrPortFrom(address.Unmap(), target.Port), logPatience)
		if err != nil {
			return nil, err
		}
		return c, nil
	})
	return nil
}
