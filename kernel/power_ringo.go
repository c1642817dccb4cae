//go:build ringo

package kernel

import (
	"sync/atomic"
	"syscall"

	"github.com/ringo-os/ringo/drivers/acpi"
	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/linux"
	"github.com/ringo-os/ringo/kernel/machine"
)

func init() { go watchButton() }

// watchButton makes the power button a SIGTERM: what a hypervisor presses to have the machine go off.
func watchButton() {
	firmware := machine.Firmware()
	source := &machine.Source{}
	gsi, level, low := firmware.Events.GSI, firmware.Events.Level, firmware.Events.ActiveLow
	pressed := func() bool { return false }
	if firmware.Events.Size != 0 {
		register := machine.MapDevice(firmware.Events.Address, uintptr(firmware.Events.Size))
		if register == nil {
			return
		}
		pressed = func() bool { return cpu.Load32(register)&acpi.EventButton != 0 }
	} else {
		if source.StatusPort = firmware.ArmButton(func(_, _ uint64) []byte { return nil }); source.StatusPort == 0 {
			return
		}
		// Like an ISA interrupt, but level-triggered and active low where no override says otherwise (5.2.9).
		gsi, level, low = firmware.SCIRoute()
		pressed = func() bool { return atomic.SwapUint32(&source.Bits, 0)&acpi.ButtonPressed != 0 }
	}
	if source.Vector = machine.AllocateVector(); source.Vector == 0 {
		return
	}
	machine.Register(source)
	if !machine.RouteInterrupt(gsi, source.Vector, level, low) {
		return
	}
	for {
		source.Wait()
		if pressed() {
			linux.RaiseSignal(uint32(syscall.SIGTERM))
		}
	}
}
