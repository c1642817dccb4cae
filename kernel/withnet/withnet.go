//go:build amd64

// Package withnet is the late kernel with the network: importing it starts both. The builder links
// it into programs that can reach package net.
package withnet

import (
	"fmt"
	"strings"
	"time"

	"github.com/ringo-os/ringo/drivers/virtio"
	"github.com/ringo-os/ringo/drivers/virtio/nic"
	"github.com/ringo-os/ringo/kernel" // files and system calls, which come first
	"github.com/ringo-os/ringo/kernel/linux"
	"github.com/ringo-os/ringo/kernel/machine"
	"github.com/ringo-os/ringo/kernel/net"
	"github.com/ringo-os/ringo/kernel/syslog"
)

// ExitNetwork is the exit status of a machine whose network cannot be as its command line says.
const ExitNetwork = 123

// patience is how long the program waits for an address, as it would in a container that is given
// one before it starts.
const patience = 3 * time.Second

// Start starts the network: it returns when sockets work and the interfaces have their addresses, or
// DHCP has taken too long.
func Start() error {
	memory := memorySize()
	n, err := net.New(memory, syslog.Say)
	if err != nil {
		return err
	}
	n.Register()
	plan, err := planFrom(machine.CommandLine())
	if err != nil {
		return err
	}
	devices, wrong := virtio.Machine()
	for _, err := range wrong {
		syslog.Say(err.Error())
	}
	for _, t := range devices {
		if t.Kind() != virtio.Network {
			continue
		}
		d, err := nic.Open(t, memory)
		if err == nil {
			err = n.AddDevice(d)
		}
		if err != nil {
			syslog.Say(err.Error())
		}
	}
	if err := n.Configure(plan); err != nil {
		return err
	}
	if log := kernel.Log(); log != nil {
		return connect(log, n)
	}
	return nil
}

// planFrom reads the words of the command line that are about the network.
func planFrom(words commandLine) (*net.Plan, error) {
	plan := &net.Plan{Patience: patience, WriteFile: writeFile, SetHostname: linux.SetHostname}
	if name, there := readFile("/etc/hostname"); there {
		plan.Fallback = strings.TrimSpace(name)
	}
	for settings := words.Values("ip"); ; {
		word, ok := settings.Next()
		if !ok {
			break
		}
		s, err := net.ParseSetting(string(word))
		if err != nil {
			return nil, err
		}
		plan.Settings = append(plan.Settings, s)
	}
	for lists := words.Values("dns"); ; {
		word, ok := lists.Next()
		if !ok {
			break
		}
		servers, err := net.ParseServers(string(word))
		if err != nil {
			return nil, fmt.Errorf("dns=%s: %v", word, err)
		}
		plan.DNS = append(plan.DNS, servers...)
	}
	if name, ok := words.Value("hostname"); ok {
		plan.Hostname = string(name)
	}
	return plan, nil
}

func memorySize() uint64 {
	const pageSize = 4096
	var s machine.Stats
	machine.Statistics(&s)
	return s.TotalPages * pageSize
}
