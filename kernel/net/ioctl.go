package net

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// ControlSize implements file.Controller: how much is waiting to be received (tcp(7), udp(7)).
func (s *inet) ControlSize(request uint32) (size int, known bool) {
	return 4, request == unix.TIOCINQ
}

// Control implements file.Controller.
func (s *inet) Control(request uint32, argument []byte) (uintptr, syscall.Errno) {
	n, err := s.endpoint.GetSockOptInt(tcpip.ReceiveQueueSizeOption)
	n += s.waitingShort()
	binary.NativeEndian.PutUint32(argument, uint32(n))
	return 0, errnoOf(err)
}
