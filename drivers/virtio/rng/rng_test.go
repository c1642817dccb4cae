//go:build amd64

package rng

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/ringo-os/ringo/drivers/virtio"
	"github.com/ringo-os/ringo/drivers/virtio/virtiotest"
)

func open(t *testing.T) (*Device, *virtiotest.Queue) {
	sim := &virtiotest.Device{Type: virtio.Entropy, Offered: virtio.FeatureVersion1, Limit: 8}
	d, err := Open(sim)
	if err != nil {
		t.Fatal(err)
	}
	return d, sim.Queues[requestQueue]
}

// answer makes the device answer a request with written bytes.
func answer(q *virtiotest.Queue, next byte, written uint32) {
	id, parts, ok := q.Take()
	if !ok {
		return
	}
	for i := range parts[0].Memory {
		parts[0].Memory[i] = next
	}
	q.Give(uint32(id), written)
}

func TestRead(t *testing.T) {
	d, q := open(t)
	p := make([]byte, 100)
	for i, c := range []struct {
		written uint32
		want    int
	}{{64, 64}, {1, 1}, {64, 3}} {
		if err := d.ask(); err != nil {
			t.Fatal(err)
		}
		answer(q, byte(i+1), c.written)
		n, err := d.Read(p[:c.want])
		if n != c.want || err != nil || !bytes.Equal(p[:n], bytes.Repeat([]byte{byte(i + 1)}, n)) {
			t.Errorf("%d, %v, % x", n, err, p)
		}
	}
}

func TestSilentDevice(t *testing.T) {
	d, q := open(t)
	for range 2 { // the second time, the first request is still there
		if _, err := d.Read(make([]byte, 8)); !errors.Is(err, ErrSlow) {
			t.Fatal(err)
		}
	}
	answer(q, 7, 64)
	p := make([]byte, 8)
	if _, err := d.Read(p); err != nil || p[7] != 7 {
		t.Errorf("the late answer is lost: %v % x", err, p)
	}
}

func TestMaliciousDevice(t *testing.T) {
	d, q := open(t)
	q.Give(0, 65)
	if _, err := d.Read(make([]byte, 8)); !errors.Is(err, virtio.ErrBroken) {
		t.Error(err)
	}
	d, q = open(t)
	d.ask()
	answer(q, 0, 0)
	if _, err := d.Read(make([]byte, 1)); !errors.Is(err, ErrSlow) {
		t.Error("an empty answer:", err)
	}
}

func TestFailedSourceGivesNothing(t *testing.T) {
	d, q := open(t)
	p := make([]byte, 8)
	if d.fill(p) != 0 { // there is no answer
		t.Error("filled by nobody")
	}
	answer(q, 1, 64)
	start := time.Now()
	if d.fill(p) != 0 || time.Since(start) > patience/2 {
		t.Error("a failed device was asked again")
	}
}
