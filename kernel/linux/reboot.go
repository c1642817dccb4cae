package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// sysReboot turns the machine off, as the first process of a Linux may. It does not start it again: whoever runs the
// machine decides that.
func sysReboot(a *call.Arguments) (uintptr, syscall.Errno) {
	const magic = 0xfee1dead
	const controlOff, controlOn, halt, powerOff = 0, 0x89abcdef, 0xcdef0123, 0x4321fedc // what Ctrl-Alt-Del does, too
	if !isPrivileged() {
		return 0, syscall.EPERM
	}
	switch uint32(a.Value[1]) {
	case 672274793, 85072278, 369367448, 537993216: // the author's birthdays, see reboot(2)
	default:
		return 0, syscall.EINVAL
	}
	if uint32(a.Value[0]) != magic {
		return 0, syscall.EINVAL
	}
	switch uint32(a.Value[2]) {
	case controlOff, controlOn:
		return 0, 0
	case halt, powerOff:
		machine.Exit(0)
	}
	return 0, syscall.EINVAL
}
