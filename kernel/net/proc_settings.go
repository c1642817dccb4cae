package net

import (
	"fmt"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"github.com/ringo-os/ringo/kernel/linux"
)

// showSettings makes what /proc/sys/net says of the stack (Linux's Documentation/networking/ip-sysctl.rst and
// admin-guide/sysctl/net.rst). Who changes it is the kernel, so programs can only read.
func (n *Network) showSettings() {
	for name, content := range map[string]func() string{
		"core/rmem_default": func() string { return fmt.Sprint(n.receiveSizes().Default) },
		"core/rmem_max":     func() string { return fmt.Sprint(n.receiveSizes().Max) },
		"core/wmem_default": func() string { return fmt.Sprint(n.sendSizes().Default) },
		"core/wmem_max":     func() string { return fmt.Sprint(n.sendSizes().Max) },

		"ipv4/ip_default_ttl":      func() string { return fmt.Sprint(ipv4.DefaultTTL) },
		"ipv4/ip_forward":          func() string { return "0" },
		"ipv4/ip_local_port_range": func() string { return fmt.Sprintf("%d\t%d", firstEphemeral, lastEphemeral) },
		"ipv4/ping_group_range":    func() string { return "0\t2147483647" }, // everybody may

		"ipv4/tcp_available_congestion_control": func() string { return string(ofTCP[tcpip.TCPAvailableCongestionControlOption](n)) },
		"ipv4/tcp_congestion_control":           func() string { return string(ofTCP[tcpip.CongestionControlOption](n)) },
		"ipv4/tcp_fin_timeout": func() string {
			return fmt.Sprint(int(time.Duration(ofTCP[tcpip.TCPLingerTimeoutOption](n)) / time.Second))
		},
		"ipv4/tcp_keepalive_intvl":  func() string { return fmt.Sprint(int(tcp.DefaultKeepaliveInterval / time.Second)) },
		"ipv4/tcp_keepalive_probes": func() string { return fmt.Sprint(tcp.DefaultKeepaliveCount) },
		"ipv4/tcp_keepalive_time":   func() string { return fmt.Sprint(int(tcp.DefaultKeepaliveIdle / time.Second)) },
		"ipv4/tcp_rmem": func() string {
			o := ofTCP[tcpip.TCPReceiveBufferSizeRangeOption](n)
			return fmt.Sprintf("%d\t%d\t%d", o.Min, o.Default, o.Max)
		},
		"ipv4/tcp_wmem": func() string {
			o := ofTCP[tcpip.TCPSendBufferSizeRangeOption](n)
			return fmt.Sprintf("%d\t%d\t%d", o.Min, o.Default, o.Max)
		},

		"ipv6/conf/all/disable_ipv6": func() string { return "0" },
		"ipv6/conf/all/forwarding":   func() string { return "0" },
	} {
		linux.Generate("/proc/sys/net/"+name, func() []byte { return []byte(content() + "\n") })
	}
}

func (n *Network) receiveSizes() (o tcpip.ReceiveBufferSizeOption) {
	n.stack.Option(&o)
	return o
}

func (n *Network) sendSizes() (o tcpip.SendBufferSizeOption) {
	n.stack.Option(&o)
	return o
}

// ofTCP returns an option of TCP as a whole.
func ofTCP[O any, P interface {
	*O
	tcpip.GettableTransportProtocolOption
}](n *Network) (o O) {
	n.stack.TransportProtocolOption(tcp.ProtocolNumber, P(&o))
	return o
}
