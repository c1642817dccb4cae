//go:build amd64

package console

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ringo-os/ringo/drivers/virtio"
	"github.com/ringo-os/ringo/drivers/virtio/virtiotest"
)

func open(t *testing.T) (*Device, *virtiotest.Queue) {
	sim := &virtiotest.Device{Type: virtio.Console, Offered: virtio.FeatureVersion1 | 1<<1, Limit: 8}
	d, err := Open(sim)
	if err != nil {
		t.Fatal(err)
	}
	if sim.Accepted != virtio.FeatureVersion1 || !sim.Running() {
		t.Errorf("features %#x, running %v", sim.Accepted, sim.Running())
	}
	return d, sim.Queues[transmitQueue]
}

// TestWrite: the device gets what is written, in order, whatever its size.
func TestWrite(t *testing.T) {
	d, q := open(t)
	data := make([]byte, 3*bufferSize+5)
	for i := range data {
		data[i] = byte(i * i >> 3)
	}
	var got []byte
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			if id, parts, ok := q.Take(); ok {
				for _, p := range parts {
					if p.Writable {
						t.Error("the device may write into what is sent")
					}
					got = append(got, p.Memory...)
				}
				q.Give(uint32(id), 0)
				continue
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for _, part := range [][]byte{data[:1], nil, data[1:bufferSize], data[bufferSize:]} {
		if n, err := d.Write(part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	close(stop)
	<-stopped
	if !bytes.Equal(got, data) {
		t.Errorf("%d bytes came, and not those that were sent", len(got))
	}
}

func TestMaliciousDevice(t *testing.T) {
	for name, give := range map[string]func(q *virtiotest.Queue){
		"a descriptor that it does not have": func(q *virtiotest.Queue) { q.Give(7, 0) },
		"bytes written":                      func(q *virtiotest.Queue) { q.Give(0, 1) },
	} {
		d, q := open(t)
		give(q)
		if n, err := d.Write([]byte("x")); n != 0 || !errors.Is(err, virtio.ErrBroken) {
			t.Error(name, n, err)
		}
		if _, err := d.Write([]byte("x")); err == nil {
			t.Error(name, "and it goes on")
		}
	}
}

func TestOtherDevice(t *testing.T) {
	if _, err := Open(&virtiotest.Device{Type: virtio.Entropy, Offered: virtio.FeatureVersion1, Limit: 8}); err == nil {
		t.Error("an entropy device passes for a console")
	}
}
