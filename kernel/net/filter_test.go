package net

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// attach gives a socket a filter.
func attach(t *testing.T, fd int, program ...bpf.Instruction) (err error) {
	t.Helper()
	raw, err := bpf.Assemble(program)
	if err != nil {
		t.Fatal(err)
	}
	var bytes []byte
	for _, i := range raw {
		bytes = append(binary.NativeEndian.AppendUint16(bytes, i.Op), i.Jt, i.Jf)
		bytes = binary.NativeEndian.AppendUint32(bytes, i.K)
	}
	sink.Store(&[]any{bytes})
	header := make([]byte, sizeProgram)
	binary.NativeEndian.PutUint16(header, uint16(len(raw)))
	binary.NativeEndian.PutUint64(header[atInstructions:], uint64(uintptr(unsafe.Pointer(unsafe.SliceData(bytes)))))
	_, err = sys(unix.SYS_SETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, header, len(header))
	return err
}

// startsWith lets datagrams pass whose byte at an offset has a value, and of them so many bytes.
func startsWith(offset uint32, value byte, pass uint32) []bpf.Instruction {
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: offset, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(value), SkipFalse: 1},
		bpf.RetConstant{Val: pass},
		bpf.RetConstant{Val: 0},
	}
}

func TestFilter(t *testing.T) {
	a, at := bindUDP(t, "127.0.0.1:0")
	b, from := bindUDP(t, "127.0.0.1:0")
	send := func(texts ...string) {
		for _, text := range texts {
			sendUDP(t, b, netip.AddrPortFrom(at.Addr(), at.Port()), text)
		}
	}
	if err := attach(t, a, startsWith(8, 'y', 8+3)...); err != nil {
		t.Fatal(err)
	}
	send("no", "yes, indeed", "no", "y")
	if got, sender := receiveUDP(t, a); got != "yes" || sender != from {
		t.Errorf("%q from %v", got, sender)
	}
	p := make([]byte, 10)
	if n := must(t, unix.SYS_RECVFROM, a, p, len(p), unix.MSG_PEEK, nil, nil); string(p[:n]) != "y" {
		t.Errorf("looked at %q", p[:n])
	}
	if n := must(t, unix.SYS_READ, a, p, len(p)); string(p[:n]) != "y" {
		t.Errorf("read %q", p[:n])
	}
	send("no")
	if _, err := sys(unix.SYS_RECVFROM, a, p, len(p), unix.MSG_DONTWAIT, nil, nil); err != syscall.EAGAIN {
		t.Errorf("nothing that passes: %v", err)
	}
	// The header is there, too.
	if err := attach(t, a, bpf.LoadAbsolute{Off: 0, Size: 2}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(from.Port()), SkipTrue: 1},
		bpf.RetConstant{Val: 0}, bpf.RetConstant{Val: 1}); err != nil {
		t.Fatal(err)
	}
	send("more")
	if got, _ := receiveUDP(t, a); got != "" {
		t.Errorf("a single byte passes, and the header always does: %q", got)
	}
	must(t, unix.SYS_SETSOCKOPT, a, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, make([]byte, 4), 4)
	send("no")
	if got, _ := receiveUDP(t, a); got != "no" {
		t.Errorf("without a filter: %q", got)
	}

	if _, err := sys(unix.SYS_SETSOCKOPT, a, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, make([]byte, 4), 4); err != syscall.ENOENT {
		t.Errorf("detached twice: %v", err)
	}
	if err := attach(t, a, bpf.LoadConstant{Val: 1}); err != syscall.EINVAL {
		t.Errorf("a program without an end: %v", err)
	}
	if err := attach(t, open(t, unix.AF_INET, unix.SOCK_STREAM, 0), bpf.RetConstant{Val: 1}); err != syscall.ENOPROTOOPT {
		t.Errorf("of a stream: %v", err)
	}
}

// TestPacketFilter: a socket of AF_PACKET gets what its filter says.
func TestPacketFilter(t *testing.T) {
	raw := open(t, unix.AF_PACKET, unix.SOCK_RAW, int(networkOrder(unix.ETH_P_IP)))
	if err := attach(t, raw, startsWith(14+20+8, 'y', 14+20)...); err != nil {
		t.Fatal(err)
	}
	a, at := bindUDP(t, "127.0.0.1:0")
	for _, text := range []string{"no", "yes"} {
		sendUDP(t, a, at, text)
	}
	if frame, _, _ := capture(t, raw); len(frame) != 14+20 || frame[14] != 0x45 {
		t.Errorf("% x", frame)
	}
	if _, err := sys(unix.SYS_RECVFROM, raw, make([]byte, 10), 10, unix.MSG_DONTWAIT, nil, nil); err != syscall.EAGAIN {
		t.Errorf("another: %v", err)
	}
}
