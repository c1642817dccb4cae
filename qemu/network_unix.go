//go:build unix

package qemu

import (
	"net"
	"net/netip"
	"os"
	"syscall"

	"github.com/ringo-os/ringo/qemu/router"
)

// A network is a router for a machine that Run starts, and QEMU's end of the cable, which is the first file that QEMU
// gets besides its standard ones.
type network struct {
	router     *router.Router
	plug, ours *os.File
}

// plugIn makes a network, nil if the machine is to have another one or none. The machine then has the cable instead.
func plugIn(machine *Config) (*network, error) {
	if machine.NoNetwork || machine.Network != "" {
		return nil, nil
	}
	forwards := make([]router.Forward, 0, len(machine.Forwards))
	for _, f := range machine.Forwards {
		address := f.Address
		if !address.IsValid() {
			address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
		forwards = append(forwards, router.Forward{Listen: netip.AddrPortFrom(address, f.Host), At: f.Guest, UDP: f.UDP})
	}
	r, err := router.New(forwards)
	if err != nil {
		return nil, err
	}
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		r.Close()
		return nil, err
	}
	for _, end := range ends {
		syscall.CloseOnExec(end) // os/exec takes care of what QEMU gets
	}
	machine.Network, machine.Forwards = "socket,fd=3", nil
	return &network{r, os.NewFile(uintptr(ends[0]), "cable"), os.NewFile(uintptr(ends[1]), "cable")}, nil
}

// files are for exec.Cmd's ExtraFiles.
func (n *network) files() []*os.File {
	if n == nil {
		return nil
	}
	return []*os.File{n.plug}
}

// serve serves the machine, once it has been started. It returns at once.
func (n *network) serve() {
	if n == nil {
		return
	}
	n.plug.Close()
	cable, err := net.FileConn(n.ours)
	if err != nil {
		return // and so has the machine an unplugged cable
	}
	n.ours.Close()
	go n.router.Serve(cable)
}

// close is for a machine that has not been started, and for one that is off.
func (n *network) close() {
	if n == nil {
		return
	}
	n.plug.Close()
	n.ours.Close()
	n.router.Close()
}
