//go:build amd64

package balloon

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/ringo-os/ringo/drivers/virtio"
	"github.com/ringo-os/ringo/drivers/virtio/virtiotest"
)

func device(features uint64) *virtiotest.Device {
	return &virtiotest.Device{Type: virtio.Balloon, Offered: virtio.FeatureVersion1 | features, Limit: 64}
}

// The queue for reports has the number that the device's features give it.
func TestQueueNumber(t *testing.T) {
	for features, want := range map[uint64]int{
		featureReporting:                                       2,
		featureReporting | featureStatistics:                   3,
		featureReporting | featureStatistics | featureHint:     4,
		featureReporting | featureHint | 1<<2 /* something */ : 3,
	} {
		sim := device(features)
		d, err := Open(sim)
		if err != nil {
			t.Fatal(err)
		}
		if sim.Queues[want] == nil || len(sim.Queues) != 1 || !sim.Running() || sim.Accepted&(1<<2) != 0 {
			t.Errorf("features %#x: queues %v", features, sim.Queues)
		}
		if d.Most() != mostPages {
			t.Errorf("%d pages at a time", d.Most())
		}
	}
}

func TestReport(t *testing.T) {
	sim := device(featureReporting)
	d, err := Open(sim)
	if err != nil {
		t.Fatal(err)
	}
	q := sim.Queues[2]
	memory := make([]byte, 3*4096)
	at := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(memory))))
	for range 100 {
		taken := make(chan []virtiotest.Part)
		go func() {
			for {
				if id, parts, ok := q.Take(); ok {
					q.Give(uint32(id), 0)
					taken <- parts
					return
				}
			}
		}()
		if err := d.Report([]uint64{at, at + 8192}, 4096); err != nil {
			t.Fatal(err)
		}
		parts := <-taken
		if len(parts) != 2 || !parts[0].Writable || !parts[1].Writable ||
			&parts[0].Memory[0] != &memory[0] || &parts[1].Memory[0] != &memory[8192] || len(parts[1].Memory) != 4096 {
			t.Fatalf("the device was told about %d parts", len(parts))
		}
	}
}

func TestMaliciousDevice(t *testing.T) {
	sim := device(featureReporting)
	d, err := Open(sim)
	if err != nil {
		t.Fatal(err)
	}
	sim.Queues[2].Give(7, 0)
	if err := d.Report([]uint64{0x200000}, 4096); !errors.Is(err, virtio.ErrBroken) {
		t.Error(err)
	}
}

func TestOtherDevices(t *testing.T) {
	if _, err := Open(device(featureStatistics)); err == nil {
		t.Error("a balloon that takes no reports is used")
	}
	sim := device(featureReporting)
	sim.Type = virtio.Entropy
	if _, err := Open(sim); err == nil {
		t.Error("an entropy device is used as a balloon")
	}
}
