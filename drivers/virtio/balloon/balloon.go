//go:build amd64

// Package balloon drives virtio memory balloons (VIRTIO 1.2, 5.5) as far as they give memory back that
// is free: the device is told where it is (5.5.6.7), and its host takes it until it is touched again.
package balloon

import (
	"errors"
	"fmt"
	"time"

	"github.com/ringo-os/ringo/drivers/virtio"
)

// Features (5.5.3).
const (
	featureStatistics = 1 << 1
	featureHint       = 1 << 3
	featureReporting  = 1 << 5
)

// mostPages is how many pages are reported at a time.
const mostPages = 32

// patience is how long a report may take: the host gives the memory back meanwhile.
const patience = 5 * time.Second

// ErrSlow says that the device did not answer in time. It has the memory that it was told about.
var ErrSlow = errors.New("the memory balloon does not answer")

// A Device is a memory balloon that can be told about free memory. It is for one goroutine at a time.
type Device struct {
	queue *virtio.Queue
}

// Open starts the device.
func Open(t virtio.Transport) (*Device, error) {
	if t.Kind() != virtio.Balloon {
		return nil, fmt.Errorf("the device on %v is no memory balloon", t)
	}
	if t.Features()&featureReporting == 0 {
		return nil, fmt.Errorf("the memory balloon on %v takes no reports of free memory", t)
	}
	// The queue for reports is behind those of the features that the device has (5.5.2).
	features, err := virtio.Negotiate(t, func(offered uint64) uint64 {
		return offered & (featureStatistics | featureHint | featureReporting)
	})
	if err != nil {
		return nil, err
	}
	index := 2
	for _, feature := range []uint64{featureStatistics, featureHint} {
		if features&feature != 0 {
			index++
		}
	}
	d := &Device{}
	if d.queue, err = virtio.NewQueue(t, index, mostPages, features); err != nil {
		return nil, err
	}
	if err := t.Install(d.queue, false); err != nil {
		return nil, err
	}
	virtio.Start(t)
	return d, nil
}

// Most is how many pages Report takes.
func (d *Device) Most() int { return d.queue.Size() }

// Report tells the device that nobody uses the pages, of size bytes each, at these physical addresses,
// and returns when it has taken note. Until then nobody may use them.
func (d *Device) Report(pages []uint64, size uint32) error {
	head, ok := d.queue.Reserve(len(pages))
	if !ok {
		return ErrSlow // it still has the last ones
	}
	id := head
	for _, physical := range pages {
		d.queue.Describe(id, physical, size, true)
		id = d.queue.Next(id)
	}
	d.queue.Submit(head)
	d.queue.Publish()
	if _, ok, err := d.queue.Await(patience); ok || err != nil {
		return err
	}
	return ErrSlow
}
