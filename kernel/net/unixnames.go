package net

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// unixNames finds sockets of AF_UNIX by their names. A path is a name for the file that bind makes; it
// stays when the socket is closed, until somebody unlinks it.
type unixNames struct {
	connecting sync.Mutex // before the locks of sockets

	mu       sync.Mutex
	abstract map[string]*unixSocket
	nodes    map[node]*unixSocket
}

// sunPathMost is the length of sun_path.
const sunPathMost = 108

// unixName reads the name in a struct sockaddr_un: a path without its NUL, or an abstract name with
// a NUL before it.
func (s *sockaddr) unixName() (string, syscall.Errno) {
	if s.family() != syscall.AF_UNIX || s.length > familySize+sunPathMost {
		return "", syscall.EINVAL
	}
	path := s.bytes[familySize:s.length]
	if len(path) == 0 {
		return "", 0
	}
	if path[0] == 0 {
		return string(path), 0
	}
	return cString(path), 0
}

// setUnix makes s the address with that name.
func (s *sockaddr) setUnix(name string) {
	length := familySize + len(name)
	if name != "" && name[0] != 0 {
		length++ // the NUL
	}
	s.set(syscall.AF_UNIX, length)
	copy(s.bytes[familySize:], name)
}

func isPath(name string) bool { return name[0] != 0 }

// bind gives s a name.
func (u *unixNames) bind(name string, s *unixSocket) syscall.Errno {
	var made node
	if isPath(name) {
		var errno syscall.Errno
		if made, errno = makeNode(name); errno != 0 {
			return errno
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.abstract == nil {
		u.abstract, u.nodes = map[string]*unixSocket{}, map[node]*unixSocket{}
	}
	switch {
	case isPath(name):
		s.bound = made
		u.nodes[made] = s
	case u.abstract[name] != nil:
		return syscall.EADDRINUSE
	default:
		u.abstract[name] = s
	}
	return 0
}

// bindAny gives s an abstract name of five digits (unix(7), "autobind").
func (u *unixNames) bindAny(s *unixSocket) (string, syscall.Errno) {
	for range 1 << 10 {
		name := fmt.Sprintf("\x00%05x", rand.IntN(1<<20))
		if u.bind(name, s) == 0 {
			return name, 0
		}
	}
	return "", syscall.ENOSPC
}

// find returns the socket with that name.
func (u *unixNames) find(name string) (s *unixSocket, errno syscall.Errno) {
	if name == "" {
		return nil, syscall.EINVAL
	}
	var named node
	if isPath(name) {
		if named, errno = findNode(name); errno != 0 {
			return nil, errno
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if isPath(name) {
		s = u.nodes[named]
	} else {
		s = u.abstract[name]
	}
	if s == nil {
		return nil, syscall.ECONNREFUSED // it has been closed, or is no socket
	}
	return s, 0
}

// release forgets the name of s, which is being closed.
func (u *unixNames) release(name string, s *unixSocket) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if isPath(name) && u.nodes[s.bound] == s {
		delete(u.nodes, s.bound)
	}
	if u.abstract[name] == s {
		delete(u.abstract, name)
	}
}

func (s *unixSocket) setOption(level, name int, value []byte) syscall.Errno {
	switch (optionKey{level, name}) {
	case optionKey{unix.SOL_SOCKET, unix.SO_PASSCRED}:
		v, errno := getInt(value, level)
		if errno == 0 {
			s.mu.Lock()
			s.passCred = v != 0
			s.mu.Unlock()
		}
		return errno
	case optionKey{unix.SOL_SOCKET, unix.SO_SNDBUF}, optionKey{unix.SOL_SOCKET, unix.SO_RCVBUF},
		optionKey{unix.SOL_SOCKET, unix.SO_REUSEADDR}, optionKey{unix.SOL_SOCKET, unix.SO_BROADCAST},
		optionKey{unix.SOL_SOCKET, unix.SO_KEEPALIVE}, optionKey{unix.SOL_SOCKET, unix.SO_LINGER}:
		return 0
	}
	return syscall.ENOPROTOOPT
}

func (s *unixSocket) option(level, name int, value []byte) (int, syscall.Errno) {
	switch (optionKey{level, name}) {
	case optionKey{unix.SOL_SOCKET, unix.SO_ERROR}, optionKey{unix.SOL_SOCKET, unix.SO_REUSEADDR},
		optionKey{unix.SOL_SOCKET, unix.SO_BROADCAST}, optionKey{unix.SOL_SOCKET, unix.SO_KEEPALIVE}:
		return putInt(value, 0)
	case optionKey{unix.SOL_SOCKET, unix.SO_SNDBUF}, optionKey{unix.SOL_SOCKET, unix.SO_RCVBUF}:
		return putInt(value, inboxLimit)
	case optionKey{unix.SOL_SOCKET, unix.SO_ACCEPTCONN}:
		s.mu.Lock()
		defer s.mu.Unlock()
		return putInt(value, fromBool(s.backlog > 0))
	case optionKey{unix.SOL_SOCKET, unix.SO_PASSCRED}:
		s.mu.Lock()
		defer s.mu.Unlock()
		return putInt(value, fromBool(s.passCred))
	case optionKey{unix.SOL_SOCKET, unix.SO_PEERCRED}:
		return copy(value, credentials()), 0
	}
	return 0, syscall.ENOPROTOOPT
}

// credentials is a struct ucred: there is one process, and it is root.
func credentials() []byte {
	c := make([]byte, unix.SizeofUcred)
	binary.NativeEndian.PutUint32(c, 1)
	return c
}

// addCredentials tells who sent m, if the program wants to know (SO_PASSCRED).
func (s *unixSocket) addCredentials(m *message) {
	s.mu.Lock()
	wanted := s.passCred
	s.mu.Unlock()
	if wanted {
		m.addControl(unix.SOL_SOCKET, unix.SCM_CREDENTIALS, credentials())
	}
}
