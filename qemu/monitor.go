package qemu

import (
	"encoding/json"
	"net"
	"time"
)

// monitorArgs are the arguments that give QEMU a monitor on a Unix socket.
func monitorArgs(socket string) []string {
	return []string{"-chardev", "socket,id=monitor,server=on,wait=off,path=" + comma(socket), "-mon", "chardev=monitor,mode=control"}
}

// interrupt sends the machine's cores a non-maskable interrupt, by QEMU's monitor (docs/interop/qmp-spec.rst):
// a greeting, and an answer for each command. It does what it can: whoever calls it has another way to end the
// machine.
func interrupt(socket string) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	answers := json.NewDecoder(c)
	answers.Decode(new(any)) // the greeting
	for _, command := range []string{"qmp_capabilities", "inject-nmi"} {
		json.NewEncoder(c).Encode(map[string]string{"execute": command})
		answers.Decode(new(any))
	}
}
