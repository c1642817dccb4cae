package net

import (
	"encoding/binary"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestNetdevice: what netdevice(7) tells of lo, by sockets of several kinds.
func TestNetdevice(t *testing.T) {
	four := open(t, unix.AF_INET, unix.SOCK_DGRAM, 0)
	local := open(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
	ask := func(fd, request int, name string, value ...byte) ([]byte, error) {
		r := make([]byte, 40)
		copy(r, name)
		copy(r[16:], value)
		_, err := sys(unix.SYS_IOCTL, fd, request, r)
		return r, err
	}
	for _, c := range []struct {
		request int
		want    []byte
	}{
		{unix.SIOCGIFINDEX, []byte{1, 0, 0, 0}},
		{unix.SIOCGIFFLAGS, []byte{unix.IFF_UP | unix.IFF_LOOPBACK | unix.IFF_RUNNING, 0}},
		{unix.SIOCGIFMTU, []byte{0, 0, 1, 0}},
		{unix.SIOCGIFHWADDR, []byte{4, 3, 0, 0, 0, 0, 0, 0}}, // ARPHRD_LOOPBACK
		{unix.SIOCGIFMETRIC, []byte{0, 0, 0, 0}},
		{unix.SIOCGIFADDR, []byte{unix.AF_INET, 0, 0, 0, 127, 0, 0, 1}},
		{unix.SIOCGIFNETMASK, []byte{unix.AF_INET, 0, 0, 0, 255, 0, 0, 0}},
	} {
		if r, err := ask(four, c.request, "lo"); err != nil || string(r[16:16+len(c.want)]) != string(c.want) || cString(r) != "lo" {
			t.Errorf("%#x: %v, %v", c.request, r, err)
		}
		if _, err := ask(four, c.request, "nothing"); err != syscall.ENODEV {
			t.Errorf("%#x of nothing: %v", c.request, err)
		}
	}
	if r, err := ask(local, unix.SIOCGIFINDEX, "lo"); err != nil || r[16] != 1 {
		t.Errorf("by a local socket: %v, %v", r, err)
	}
	if _, err := ask(local, unix.SIOCGIFADDR, "lo"); err != syscall.ENOTTY {
		t.Errorf("an address by a local socket: %v", err)
	}
	if r, err := ask(four, unix.SIOCGIFNAME, "", 1); err != nil || cString(r) != "lo" {
		t.Errorf("interface 1: %v, %v", r, err)
	}
	if _, err := ask(four, unix.SIOCGIFNAME, "", 99); err != syscall.ENODEV {
		t.Errorf("interface 99: %v", err)
	}
	if _, err := ask(four, 0x89FF, "lo"); err != syscall.ENOTTY {
		t.Errorf("no request: %v", err)
	}
}

// TestInterfaceList: SIOCGIFCONF, with room, without, and only asked for how much it takes.
func TestInterfaceList(t *testing.T) {
	fd := open(t, unix.AF_INET, unix.SOCK_DGRAM, 0)
	list := make([]byte, 100)
	conf := make([]uint64, 2)
	length := func() uint32 { return binary.NativeEndian.Uint32(unsafe.Slice((*byte)(unsafe.Pointer(&conf[0])), 4)) }
	must(t, unix.SYS_IOCTL, fd, unix.SIOCGIFCONF, unsafe.Pointer(&conf[0]))
	if length() != 40 {
		t.Errorf("room for %d bytes is wanted", length())
	}
	conf[0], conf[1] = uint64(len(list)), uint64(uintptr(unsafe.Pointer(&list[0])))
	sink.Store(&[]any{list})
	must(t, unix.SYS_IOCTL, fd, unix.SIOCGIFCONF, unsafe.Pointer(&conf[0]))
	if length() != 40 || cString(list) != "lo" || list[20] != 127 {
		t.Errorf("%d bytes: %v", length(), list)
	}
	conf[0] = 39
	must(t, unix.SYS_IOCTL, fd, unix.SIOCGIFCONF, unsafe.Pointer(&conf[0]))
	if length() != 0 {
		t.Errorf("%d bytes in 39", length())
	}
}
