//go:build amd64

package nic

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ringo-os/ringo/drivers/virtio"
	"github.com/ringo-os/ringo/drivers/virtio/virtiotest"
)

const allFeatures = featureChecksum | featureGuestChecksum | featureMTU | featureMAC | featureGuestTSO4 |
	featureGuestTSO6 | featureHostTSO4 | featureHostTSO6 | featureMergeable | featureStatus | virtio.FeatureVersion1

// newDevice opens a simulated device that offers features.
func newDevice(t testing.TB, features uint64) (*Device, *virtiotest.Device) {
	t.Helper()
	sim := &virtiotest.Device{Type: virtio.Network, Offered: features, Limit: 256}
	copy(sim.Config[:], []byte{0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 0, 0, 0, 0x28, 0x23}) // MTU 9000
	d, err := Open(sim, 32<<20)
	if err != nil {
		t.Fatal(err)
	}
	return d, sim
}

// arrive puts a frame into the receive queue, cut into as many buffers as it takes.
func arrive(t testing.TB, sim *virtiotest.Device, header []byte, frame []byte) {
	t.Helper()
	rest := append(bytes.Clone(header), frame...)
	type used struct{ id, length uint32 }
	var all []used
	var first []byte
	for len(rest) > 0 {
		id, parts, ok := sim.Queues[receiveQueue].Take()
		if !ok {
			t.Fatal("the driver has no buffer out")
		}
		if len(parts) != 1 || !parts[0].Writable {
			t.Fatalf("a receive buffer of %v", parts)
		}
		n := copy(parts[0].Memory, rest)
		if first == nil {
			first = parts[0].Memory
		}
		rest = rest[n:]
		all = append(all, used{uint32(id), uint32(n)})
	}
	if len(header) == headerSize && header[10] == 0 {
		first[10] = byte(len(all))
	}
	for _, u := range all {
		sim.Queues[receiveQueue].Give(u.id, u.length)
	}
}

// received returns the frames that the driver delivers.
func received(t testing.TB, d *Device) (frames [][]byte, headers []Header) {
	t.Helper()
	err := d.Receive(func(h Header, parts [][]byte, size int) {
		frame := bytes.Join(parts, nil)
		if len(frame) != size {
			t.Errorf("%d bytes announced, %d delivered", size, len(frame))
		}
		frames = append(frames, frame)
		headers = append(headers, h)
	})
	if err != nil {
		t.Fatal(err)
	}
	return frames, headers
}

func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i * 7)
	}
	return p
}

func TestOpen(t *testing.T) {
	d, sim := newDevice(t, allFeatures)
	if d.MAC() != [6]byte{0x52, 0x54, 0, 0x12, 0x34, 0x56} || d.MTU() != 9000 || !d.LinkUp() ||
		!d.Checksums() || !d.Segments() || !sim.Running() {
		t.Errorf("%+v", d)
	}
	if sim.Accepted != allFeatures {
		t.Errorf("accepted %#x", sim.Accepted)
	}
	d, sim = newDevice(t, featureHostTSO4|featureGuestTSO4|featureMergeable|virtio.FeatureVersion1)
	if sim.Accepted&(featureHostTSO4|featureGuestTSO4) != 0 {
		t.Error("segments without checksums")
	}
	if mac := d.MAC(); mac[0]&3 != 2 || d.MTU() != 1500 || !d.LinkUp() {
		t.Errorf("%x %d", mac, d.MTU())
	}
	if _, err := Open(&virtiotest.Device{Type: virtio.Block}, 0); err == nil {
		t.Error("a disk is no network device")
	}
}

func TestReceive(t *testing.T) {
	d, sim := newDevice(t, allFeatures)
	for round := range 200 {
		sizes := []int{60, 1514, 2036, 2037, 9014, 65549}
		for _, n := range sizes {
			arrive(t, sim, make([]byte, headerSize), pattern(n))
			frames, _ := received(t, d)
			if len(frames) != 1 || !bytes.Equal(frames[0], pattern(n)) {
				t.Fatalf("round %d: %d bytes did not arrive", round, n)
			}
		}
	}
	if free := sim.Queues[receiveQueue].Free(); free != 64 {
		t.Errorf("%d of 64 buffers with the device", free)
	}
	if d.Dropped() != 0 {
		t.Errorf("dropped %d", d.Dropped())
	}
}

func TestReceiveHeader(t *testing.T) {
	d, sim := newDevice(t, allFeatures)
	arrive(t, sim, []byte{2, 1, 54, 0, 0xB4, 5, 34, 0, 16, 0, 0, 0}, pattern(100))
	arrive(t, sim, make([]byte, headerSize), pattern(100))
	_, headers := received(t, d)
	want := Header{Flags: DataValid, Segmentation: SegmentTCP4, HeaderLength: 54, SegmentSize: 1460,
		ChecksumStart: 34, ChecksumOffset: 16, buffers: 1}
	if len(headers) != 2 || headers[0] != want || !headers[0].Valid() || headers[1].Valid() {
		t.Errorf("%+v", headers)
	}
}

func TestReceiveWithoutMerging(t *testing.T) {
	d, sim := newDevice(t, allFeatures&^featureMergeable)
	arrive(t, sim, []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9}, pattern(9014))
	if frames, _ := received(t, d); len(frames) != 1 || !bytes.Equal(frames[0], pattern(9014)) {
		t.Error("a frame of the largest size did not arrive")
	}
}

func TestReceiveLegacy(t *testing.T) {
	sim := &virtiotest.Device{Type: virtio.Network, Old: true, Limit: 64}
	d, err := Open(sim, 0)
	if err != nil {
		t.Fatal(err)
	}
	arrive(t, sim, make([]byte, headerSizeLegacy), pattern(100))
	if frames, _ := received(t, d); len(frames) != 1 || !bytes.Equal(frames[0], pattern(100)) {
		t.Error("did not arrive")
	}
}

func TestReceiveMalformed(t *testing.T) {
	for name, attack := range map[string]func(sim *virtiotest.Device){
		"shorter than a header": func(sim *virtiotest.Device) {
			id, _, _ := sim.Queues[0].Take()
			sim.Queues[0].Give(uint32(id), 5)
		},
		"empty": func(sim *virtiotest.Device) {
			id, _, _ := sim.Queues[0].Take()
			sim.Queues[0].Give(uint32(id), 0)
		},
		"no buffers": func(sim *virtiotest.Device) {
			id, parts, _ := sim.Queues[0].Take()
			clear(parts[0].Memory)
			sim.Queues[0].Give(uint32(id), 100)
		},
		"more buffers than were used": func(sim *virtiotest.Device) {
			id, parts, _ := sim.Queues[0].Take()
			parts[0].Memory[10] = 3
			sim.Queues[0].Give(uint32(id), 100)
		},
		"more buffers than there are": func(sim *virtiotest.Device) {
			id, parts, _ := sim.Queues[0].Take()
			parts[0].Memory[11] = 0xFF
			sim.Queues[0].Give(uint32(id), 100)
		},
		"a frame of 128 KiB": func(sim *virtiotest.Device) {
			for i := range 64 {
				id, parts, _ := sim.Queues[0].Take()
				if i == 0 {
					parts[0].Memory[10] = 64
				}
				sim.Queues[0].Give(uint32(id), 2048)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, sim := newDevice(t, allFeatures)
			attack(sim)
			if frames, _ := received(t, d); len(frames) != 0 {
				t.Errorf("delivered %d frames", len(frames))
			}
			if d.Dropped() != 1 {
				t.Errorf("dropped %d", d.Dropped())
			}
			if free := sim.Queues[0].Free(); free != 64 {
				t.Errorf("%d buffers went back", free)
			}
			arrive(t, sim, make([]byte, headerSize), pattern(3000))
			if frames, _ := received(t, d); len(frames) != 1 {
				t.Error("the next frame did not arrive")
			}
		})
	}
}

func TestReceiveBroken(t *testing.T) {
	d, sim := newDevice(t, allFeatures)
	sim.Queues[0].Give(1000, 100)
	err := d.Receive(func(Header, [][]byte, int) { t.Error("delivered") })
	if !errors.Is(err, virtio.ErrBroken) || sim.Running() {
		t.Errorf("%v; running %v", err, sim.Running())
	}
}

// transmit sends frames and returns what the device got.
func transmit(t testing.TB, d *Device, sim *virtiotest.Device, h Header, frames ...[]byte) (headers, bodies [][]byte) {
	t.Helper()
	q := d.Transmit()
	for _, f := range frames {
		if !q.Begin(&h, len(f)) {
			t.Fatal("no room")
		}
		q.Write(f[:len(f)/3])
		q.Write(f[len(f)/3:])
		q.End()
	}
	q.Close()
	for {
		id, parts, ok := sim.Queues[transmitQueue].Take()
		if !ok {
			return headers, bodies
		}
		var all []byte
		for _, p := range parts {
			if p.Writable {
				t.Error("the device may write into what is sent")
			}
			all = append(all, p.Memory...)
		}
		headers = append(headers, all[:d.headerLen])
		bodies = append(bodies, all[d.headerLen:])
		sim.Queues[transmitQueue].Give(uint32(id), 0)
	}
}

func TestTransmit(t *testing.T) {
	d, sim := newDevice(t, allFeatures)
	h := Header{Flags: NeedsChecksum, Segmentation: SegmentTCP6, HeaderLength: 74, SegmentSize: 1440, ChecksumStart: 54, ChecksumOffset: 16}
	for range 200 {
		for _, n := range []int{14, 60, 1514, 2036, 2037, 4084, 4085, 65549} {
			headers, bodies := transmit(t, d, sim, h, pattern(n))
			if len(bodies) != 1 || !bytes.Equal(bodies[0], pattern(n)) {
				t.Fatalf("%d bytes did not leave whole", n)
			}
			if want := []byte{1, 4, 74, 0, 0xA0, 5, 54, 0, 16, 0, 0, 0}; !bytes.Equal(headers[0], want) {
				t.Fatalf("header % x", headers[0])
			}
		}
	}
}

func TestTransmitBatchRingsOnce(t *testing.T) {
	d, sim := newDevice(t, allFeatures)
	sim.Queues[transmitQueue].Kicks = 99
	_, bodies := transmit(t, d, sim, Header{}, pattern(60), pattern(61), pattern(62))
	if len(bodies) != 3 || sim.Queues[transmitQueue].Kicks != transmitQueue {
		t.Errorf("%d frames", len(bodies))
	}
}

func TestTransmitFull(t *testing.T) {
	d, sim := newDevice(t, allFeatures)
	sent := 0
	q := d.Transmit()
	for q.Begin(&Header{}, 60) {
		q.Write(pattern(60))
		q.End()
		sent++
	}
	if q.Begin(&Header{}, 60) || q.lost != 2 {
		t.Error("a stuck device has room")
	}
	q.Close()
	if sent != 64 {
		t.Errorf("%d frames fitted", sent)
	}
	id, _, _ := sim.Queues[transmitQueue].Take()
	sim.Queues[transmitQueue].Give(uint32(id), 0)
	q = d.Transmit()
	if !q.Begin(&Header{}, 60) {
		t.Error("no room after a frame left")
	}
	if q.stuck {
		t.Error("the next one would not wait for room")
	}
	q.Write(pattern(60))
	q.End()
	q.Close()
}

func TestTransmitTooLargeAndIncomplete(t *testing.T) {
	d, sim := newDevice(t, allFeatures)
	q := d.Transmit()
	if q.Begin(&Header{}, d.LargestSend()+1) {
		t.Error("too large")
	}
	q.Begin(&Header{}, 5000)
	q.Write(pattern(3000))
	q.End()
	q.Close()
	if _, _, ok := sim.Queues[transmitQueue].Take(); ok {
		t.Error("an incomplete frame left")
	}
	if spare := d.transmit.queue.Spare(); spare != 64 {
		t.Errorf("%d descriptors free", spare)
	}
	_, bodies := transmit(t, d, sim, Header{}, pattern(d.LargestSend()))
	if len(bodies) != 1 {
		t.Error("the largest frame did not leave")
	}
}

func BenchmarkTransmit(b *testing.B) {
	d, sim := newDevice(b, allFeatures)
	p := pattern(1514)
	b.SetBytes(1514)
	b.ReportAllocs()
	for b.Loop() {
		q := d.Transmit()
		q.Begin(&Header{}, len(p))
		q.Write(p)
		q.End()
		q.Close()
		sim.Queues[transmitQueue].Give(uint32(q.head), 0)
	}
}

// FuzzReceive lets a device say anything about the frames it delivers.
func FuzzReceive(f *testing.F) {
	f.Add([]byte{1, 100, 2, 200, 0, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		d, sim := newDevice(t, allFeatures)
		for i := 0; i+1 < len(script); i += 2 {
			if sim.Queues[0].Free() == 0 {
				received(t, d)
			}
			id, parts, ok := sim.Queues[0].Take()
			if !ok {
				t.Fatal("buffers were lost")
			}
			parts[0].Memory[10] = script[i] & 15
			sim.Queues[0].Give(uint32(id), uint32(script[i+1])*8)
			if script[i]&0x30 == 0 {
				received(t, d)
			}
		}
		received(t, d)
		if free := sim.Queues[0].Free(); free != 64 {
			t.Fatalf("%d of 64 buffers with the device", free)
		}
	})
}
