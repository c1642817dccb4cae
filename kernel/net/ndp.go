package net

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// ipv6Options lets interfaces find their addresses and routers by themselves (RFC 4861, RFC 4862).
func (n *Network) ipv6Options() ipv6.Options {
	return ipv6.Options{
		AutoGenLinkLocal: true,
		DADConfigs:       stack.DefaultDADConfigurations(),
		NDPDisp:          neighbors{n},
		NDPConfigs: ipv6.NDPConfigurations{
			MaxRtrSolicitations:        3,
			RtrSolicitationInterval:    4 * time.Second,
			HandleRAs:                  ipv6.HandlingRAsEnabledWhenForwardingDisabled,
			DiscoverDefaultRouters:     true,
			DiscoverMoreSpecificRoutes: true,
			DiscoverOnLinkPrefixes:     true,
			AutoGenGlobalAddresses:     true,
		},
	}
}

// askNoRouters keeps an interface from looking for routers, if it has not begun to.
func (n *Network) askNoRouters(id tcpip.NICID) {
	e, err := n.stack.GetNetworkEndpoint(id, ipv6.ProtocolNumber)
	if err != nil {
		return
	}
	if d, ok := e.(ipv6.NDPEndpoint); ok {
		d.SetNDPConfigurations(ipv6.NDPConfigurations{})
	}
}

// neighbors hears what router advertisements say. The stack must not be called from where it hears
// that, so routes change on a goroutine of their own.
type neighbors struct{ n *Network }

// OnOffLinkRouteUpdated implements ipv6.NDPDispatcher, as do the methods below.
func (d neighbors) OnOffLinkRouteUpdated(nic tcpip.NICID, to tcpip.Subnet, router tcpip.Address, _ header.NDPRoutePreference) {
	go d.n.stack.ReplaceRoute(tcpip.Route{Destination: to, Gateway: router, NIC: nic})
}

func (d neighbors) OnOffLinkRouteInvalidated(nic tcpip.NICID, to tcpip.Subnet, router tcpip.Address) {
	go d.n.stack.RemoveRoutes(func(r tcpip.Route) bool {
		return r.NIC == nic && r.Destination == to && r.Gateway == router
	})
}

func (d neighbors) OnOnLinkPrefixDiscovered(nic tcpip.NICID, prefix tcpip.Subnet) {
	go d.n.stack.ReplaceRoute(tcpip.Route{Destination: prefix, NIC: nic})
}

func (d neighbors) OnOnLinkPrefixInvalidated(nic tcpip.NICID, prefix tcpip.Subnet) {
	go d.n.stack.RemoveRoutes(func(r tcpip.Route) bool {
		return r.NIC == nic && r.Destination == prefix && r.Gateway.Len() == 0
	})
}

func (d neighbors) OnAutoGenAddress(nic tcpip.NICID, _ tcpip.AddressWithPrefix) stack.AddressDispatcher {
	return nil
}

func (neighbors) OnDuplicateAddressDetectionResult(tcpip.NICID, tcpip.Address, stack.DADResult) {}
func (neighbors) OnAutoGenAddressDeprecated(tcpip.NICID, tcpip.AddressWithPrefix)               {}
func (neighbors) OnAutoGenAddressInvalidated(tcpip.NICID, tcpip.AddressWithPrefix)              {}
func (neighbors) OnRecursiveDNSServerOption(tcpip.NICID, []tcpip.Address, time.Duration)        {}
func (neighbors) OnDNSSearchListOption(tcpip.NICID, []string, time.Duration)                    {}
func (neighbors) OnDHCPv6Configuration(tcpip.NICID, ipv6.DHCPv6ConfigurationFromNDPRA)          {}
