//go:build ringo

package kernel

import (
	"time"

	"github.com/ringo-os/ringo/drivers/virtio"
	"github.com/ringo-os/ringo/drivers/virtio/balloon"
	"github.com/ringo-os/ringo/kernel/machine"
)

func init() { go giveBack() }

// calm is how long memory must have been free before the hypervisor hears of it: who frees much often
// allocates again soon.
const calm = 200 * time.Millisecond

// giveBack tells the hypervisor about memory that has become free, where there is a balloon to tell. The
// balloon is looked for when there is something to tell.
func giveBack() {
	var device *balloon.Device
	for {
		machine.FreedSource().Wait()
		if device == nil {
			if device = findBalloon(); device == nil {
				return
			}
		}
		time.Sleep(calm)
		if tell(device) != nil {
			return // the device keeps what it has; nobody uses it
		}
	}
}

// findBalloon returns the machine's memory balloon, nil if it has none that takes reports.
func findBalloon() *balloon.Device {
	transports, _ := virtio.Machine()
	for _, t := range transports {
		if t.Kind() != virtio.Balloon {
			continue
		}
		if d, err := balloon.Open(t); err == nil {
			return d
		}
	}
	return nil
}

// tell reports all memory that is free and was not reported yet.
func tell(device *balloon.Device) error {
	pages := make([]uint64, 0, device.Most())
	for {
		pages = pages[:0]
		for len(pages) < cap(pages) {
			physical, ok := machine.TakeFree()
			if !ok {
				break
			}
			pages = append(pages, physical)
		}
		if len(pages) == 0 {
			return nil
		}
		if err := device.Report(pages, machine.FreePage); err != nil {
			return err
		}
		for _, physical := range pages {
			machine.GiveTold(physical)
		}
	}
}
