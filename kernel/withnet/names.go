//go:build amd64

package withnet

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/ringo-os/ringo/kernel/net"
)

// namePatience is how long a name server may take for an answer, and nameAttempts how often each is asked.
const (
	namePatience = 2 * time.Second
	nameAttempts = 2
)

// addressesOf looks up name as the program would, which has this machine's /etc/hosts and /etc/resolv.conf, too: as they
// are now. Ask asks one name server for one name.
func addressesOf(name string, read func(path string) (string, bool), ask func(server netip.Addr, name string) ([]netip.Addr, error)) ([]netip.Addr, error) {
	hosts, _ := read("/etc/hosts")
	if all := inHosts(hosts, name); len(all) > 0 {
		return all, nil
	}
	settings, _ := read("/etc/resolv.conf")
	servers, search := resolvers(settings)
	err := errors.New("there is no name server to ask")
	for _, full := range candidates(name, search) {
	servers:
		for range nameAttempts {
			for _, server := range servers {
				var all []netip.Addr
				if all, err = ask(server, full); err == nil {
					return all, nil
				}
				if err == net.ErrNoName {
					break servers // the others would say the same
				}
			}
		}
	}
	return nil, err
}

// inHosts returns the addresses that the lines of hosts(5) give name.
func inHosts(hosts, name string) (all []netip.Addr) {
	name = strings.TrimSuffix(name, ".")
	for line := range strings.Lines(hosts) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		address, err := netip.ParseAddr(fields[0])
		if err != nil {
			continue
		}
		for _, other := range fields[1:] {
			if strings.EqualFold(other, name) {
				all = append(all, address.Unmap())
				break
			}
		}
	}
	return all
}

// resolvers returns what resolv.conf(5) says: whom to ask, and which domains a name may be in.
func resolvers(settings string) (servers []netip.Addr, search []string) {
	for line := range strings.Lines(settings) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "nameserver":
			if a, err := netip.ParseAddr(fields[1]); err == nil {
				servers = append(servers, a.Unmap())
			}
		case "search":
			search = fields[1:]
		case "domain":
			search = fields[1:2]
		}
	}
	return servers, search
}

// candidates returns what name may be short for, the likely ones first: one with a dot is probably complete.
func candidates(name string, search []string) (all []string) {
	if strings.HasSuffix(name, ".") {
		return []string{name}
	}
	for _, domain := range search {
		if full := name + "." + strings.Trim(domain, "."); net.ValidName(full) {
			all = append(all, full)
		}
	}
	if strings.Contains(name, ".") {
		return append([]string{name}, all...)
	}
	return append(all, name)
}
