package net

import (
	"bytes"
	"encoding/binary"
	"io"
	"syscall"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/ringo-os/ringo/kernel/linux"
)

// A filter is a program for the Berkeley packet filter that says of each datagram how much of it a socket gets
// (SO_ATTACH_FILTER, socket(7)). It runs when a datagram is about to be received: until then one that will be dropped
// counts as there.
type filter struct{ vm *bpf.VM }

// Layout of struct sock_fprog and sock_filter (Linux, include/uapi/linux/filter.h).
const (
	sizeProgram     = 16
	atInstructions  = 8
	sizeInstruction = 8
	mostFilter      = 4096 // BPF_MAXINSNS
)

// filterable is a socket that can have a filter.
type filterable interface{ setFilter(f *filter) syscall.Errno }

// attachFilter gives s the filter of the struct sock_fprog at p.
func attachFilter(s socket, p linux.Pointer, length int) syscall.Errno {
	target, ok := s.(filterable)
	switch {
	case !ok:
		return syscall.ENOPROTOOPT
	case length < sizeProgram:
		return syscall.EINVAL
	}
	var count uint16
	if errno := linux.CopyIn(p, &count); errno != 0 {
		return errno
	}
	instructions, errno := p.Add(atInstructions).Load()
	if errno != 0 {
		return errno
	}
	if count == 0 || count > mostFilter {
		return syscall.EINVAL
	}
	memory, errno := linux.Borrow(instructions, uintptr(count)*sizeInstruction, linux.In)
	if errno != 0 {
		return errno
	}
	f, ok := newFilter(memory.Bytes)
	memory.Return(instructions, 0)
	if !ok {
		return syscall.EINVAL
	}
	return target.setFilter(f)
}

// newFilter reads a program: structs sock_filter.
func newFilter(program []byte) (*filter, bool) {
	var raw []bpf.RawInstruction
	for ; len(program) >= sizeInstruction; program = program[sizeInstruction:] {
		raw = append(raw, bpf.RawInstruction{
			Op: binary.NativeEndian.Uint16(program),
			Jt: program[2],
			Jf: program[3],
			K:  binary.NativeEndian.Uint32(program[4:]),
		})
	}
	instructions, all := bpf.Disassemble(raw)
	if !all {
		return nil, false
	}
	vm, err := bpf.NewVM(instructions)
	return &filter{vm}, err == nil
}

// trim returns what f leaves of data, at least the first so many bytes; false if nothing is to be received.
func (f *filter) trim(data []byte, least int) ([]byte, bool) {
	n, err := f.vm.Run(data)
	if err != nil || n == 0 {
		return nil, false
	}
	return data[:min(max(uint(n), uint(least)), uint(len(data)))], true
}

// setFilter makes f the filter, nil for none. Filters of streams would see segments, and are not there.
func (s *inet) setFilter(f *filter) syscall.Errno {
	switch {
	case s.stream():
		return syscall.ENOPROTOOPT
	case f == nil && s.filter.Load() == nil:
		return syscall.ENOENT
	}
	s.filter.Store(f)
	return 0
}

// readFiltered reads the next datagram that f lets pass. f sees those of UDP with their header.
func (s *inet) readFiltered(f *filter, into io.Writer, options tcpip.ReadOptions) (tcpip.ReadResult, tcpip.Error) {
	options.NeedRemoteAddr = true
	headerSize := 0
	if s.protocol == unix.IPPROTO_UDP {
		headerSize = header.UDPMinimumSize
	}
	for {
		var datagram bytes.Buffer
		datagram.Write(make([]byte, headerSize))
		result, err := s.endpoint.Read(&datagram, options)
		if err != nil {
			return result, err
		}
		data := datagram.Bytes()
		if headerSize > 0 {
			local, _ := s.endpoint.GetLocalAddress()
			header.UDP(data).Encode(&header.UDPFields{SrcPort: result.RemoteAddr.Port, DstPort: local.Port, Length: uint16(len(data))})
		}
		if data, ok := f.trim(data, headerSize); ok {
			data = data[headerSize:]
			result.Total = len(data)
			result.Count, _ = into.Write(data)
			return result, nil
		}
		if options.Peek {
			s.endpoint.Read(io.Discard, tcpip.ReadOptions{})
		}
	}
}
