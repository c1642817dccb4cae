package net

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Paths is where sockets have names in the tree of files.
type Paths interface {
	// MakeSocket makes path a socket, with which what is attached can be found.
	MakeSocket(path string, attached any) syscall.Errno
	// FindSocket returns what is attached to the socket path; nil when it is another kind of file.
	FindSocket(path string) (attached any, errno syscall.Errno)
}

// SetPaths says where names that are paths are kept; without it, nobody else sees them.
func (n *Network) SetPaths(p Paths) { n.unix.paths = p }

// unixNames finds sockets of AF_UNIX by their names.
type unixNames struct {
	paths      Paths
	connecting sync.Mutex // before the locks of sockets

	mu    sync.Mutex
	bound map[string]*unixSocket // abstract names, and paths if there is no tree of files
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
	if isPath(name) && u.paths != nil {
		if errno := u.paths.MakeSocket(name, s); errno != syscall.EEXIST {
			return errno
		}
		return syscall.EADDRINUSE
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.bound == nil {
		u.bound = map[string]*unixSocket{}
	}
	if u.bound[name] != nil {
		return syscall.EADDRINUSE
	}
	u.bound[name] = s
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
func (u *unixNames) find(name string) (*unixSocket, syscall.Errno) {
	if name == "" {
		return nil, syscall.EINVAL
	}
	if isPath(name) && u.paths != nil {
		attached, errno := u.paths.FindSocket(name)
		if errno != 0 {
			return nil, errno
		}
		return alive(attached)
	}
	u.mu.Lock()
	s := u.bound[name]
	u.mu.Unlock()
	switch {
	case s != nil:
		return alive(s)
	case isPath(name):
		return nil, syscall.ENOENT
	default:
		return nil, syscall.ECONNREFUSED
	}
}

// alive returns the socket that is attached to a name, if it is still open.
func alive(attached any) (*unixSocket, syscall.Errno) {
	s, ok := attached.(*unixSocket)
	if !ok {
		return nil, syscall.ECONNREFUSED
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, syscall.ECONNREFUSED
	}
	return s, 0
}

// release frees an abstract name. Paths stay until they are unlinked.
func (u *unixNames) release(name string, s *unixSocket) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.bound[name] == s {
		delete(u.bound, name)
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
