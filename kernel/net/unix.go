package net

import "syscall"

type unixNames struct{}

func (n *Network) openUnix(kind, protocol int) (socket, syscall.Errno) {
	return nil, syscall.EAFNOSUPPORT
}
func (n *Network) openNetlink(kind, protocol int) (socket, syscall.Errno) {
	return nil, syscall.EAFNOSUPPORT
}
func (n *Network) unixPair(kind, protocol int) (a, b socket, errno syscall.Errno) {
	return nil, nil, syscall.EAFNOSUPPORT
}
