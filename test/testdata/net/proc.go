package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// proc finds its own sockets in /proc/net, and shows how its tables begin. It runs on Linux too.
func proc([]string) {
	const listening, established, unconnected = "0A", "01", "07"
	l := must(net.Listen("tcp4", "127.0.0.1:0"))
	c := must(net.Dial("tcp4", l.Addr().String()))
	s := must(l.Accept())
	streams := []any{l, c, s}
	must(s.Write(make([]byte, 100)))
	port, from := l.Addr().(*net.TCPAddr).Port, c.LocalAddr().(*net.TCPAddr).Port
	inSocketTable("tcp", "0100007F", port, 0, listening, l.(*net.TCPListener))
	inSocketTable("tcp", "0100007F", port, from, established, s.(*net.TCPConn))
	unread := int64(0)
	for end := time.Now().Add(5 * time.Second); unread != 100 && time.Now().Before(end); { // they are on their way
		unread = inSocketTable("tcp", "0100007F", from, port, established, c.(*net.TCPConn))
	}
	check(unread == 100, "%d bytes are unread", unread)

	const loopback6, mapped = "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"
	l = must(net.Listen("tcp", "[::1]:0"))
	inSocketTable("tcp6", loopback6, l.Addr().(*net.TCPAddr).Port, 0, listening, l.(*net.TCPListener))
	l = must(net.Listen("tcp", ":0"))
	port = l.Addr().(*net.TCPAddr).Port
	c = must(net.Dial("tcp4", fmt.Sprint("127.0.0.1:", port)))
	s = must(l.Accept())
	streams = append(streams, l, c, s)
	inSocketTable("tcp6", mapped, port, c.LocalAddr().(*net.TCPAddr).Port, established, s.(*net.TCPConn))

	runtime.KeepAlive(streams) // what is collected closes itself

	u := must(net.ListenPacket("udp4", "127.0.0.1:0"))
	inSocketTable("udp", "0100007F", u.LocalAddr().(*net.UDPAddr).Port, 0, unconnected, u.(*net.UDPConn))
	u = must(net.ListenPacket("udp6", "[::1]:0"))
	inSocketTable("udp6", loopback6, u.LocalAddr().(*net.UDPAddr).Port, 0, unconnected, u.(*net.UDPConn))

	name := filepath.Join(must(os.MkdirTemp("", "proc")), "socket")
	defer os.RemoveAll(filepath.Dir(name))
	x := must(net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"}))
	found := false
	for _, f := range fields("/proc/net/unix") {
		if f[len(f)-1] == name {
			check(len(f) == 8 && f[3] == "00010000" && f[4] == "0001" && f[5] == "01" && f[6] == inode(x), "unix: %q", f)
			found = true
		}
	}
	check(found, "no %s in /proc/net/unix", name)

	lo := slices.IndexFunc(fields("/proc/net/dev"), func(f []string) bool { return len(f) == 17 && f[0] == "lo:" && f[1] != "0" && f[1] == f[9] })
	check(lo >= 0, "/proc/net/dev has no lo, or one that counts nothing:\n%s", must(os.ReadFile("/proc/net/dev")))
	lo = slices.IndexFunc(fields("/proc/net/if_inet6"), func(f []string) bool {
		return slices.Equal(f, []string{"00000000000000000000000000000001", "01", "80", "10", "80", "lo"})
	})
	check(lo >= 0, "/proc/net/if_inet6 has no lo:\n%s", must(os.ReadFile("/proc/net/if_inet6")))
	for _, group := range []struct{ file, name, count string }{
		{"snmp", "Ip", "InReceives"}, {"snmp", "Tcp", "PassiveOpens"}, {"snmp", "Tcp", "CurrEstab"},
		{"netstat", "IpExt", "InOctets"},
	} {
		check(counted(group.file, group.name, group.count) > 0, "%s counts no %s %s", group.file, group.name, group.count)
	}
	counted("netstat", "TcpExt", "ListenDrops")
	counted("snmp", "Udp", "InDatagrams")
	counted("snmp", "Icmp", "InMsgs")
	check(bytes.Contains(must(os.ReadFile("/proc/net/sockstat")), []byte("\nTCP: inuse ")), "sockstat")
	for _, name := range []string{"arp", "dev", "route", "tcp", "tcp6", "udp", "udp6", "unix"} {
		title, _, _ := strings.Cut(string(must(os.ReadFile("/proc/net/"+name))), "\n")
		fmt.Printf("%s: %q\n", name, title)
	}
	fmt.Println("ok")
}

// fields are the words of the lines of a file.
func fields(name string) (all [][]string) {
	for line := range strings.Lines(string(must(os.ReadFile(name)))) {
		all = append(all, strings.Fields(line))
	}
	return all
}

// inSocketTable looks for a socket by its ports, checks the rest, and returns how much is to be read from it.
func inSocketTable(table, address string, local, remote int, state string, s syscall.Conn) int64 {
	for _, f := range fields("/proc/net/" + table)[1:] {
		if strings.HasSuffix(f[1], fmt.Sprintf(":%04X", local)) && strings.HasSuffix(f[2], fmt.Sprintf(":%04X", remote)) {
			here, _, _ := strings.Cut(f[1], ":")
			check(here == address && f[3] == state && f[9] == inode(s), "%s: %q is not in %s, or not %s's", table, f, state, inode(s))
			_, unread, _ := strings.Cut(f[4], ":")
			return must(strconv.ParseInt(unread, 16, 64))
		}
	}
	check(false, "%s has no socket from %d to %d:\n%s", table, local, remote, must(os.ReadFile("/proc/net/"+table)))
	return 0
}

// inode is the number of a socket's, as /proc/self/fd has it.
func inode(s syscall.Conn) (number string) {
	done(must(s.SyscallConn()).Control(func(fd uintptr) {
		number = must(os.Readlink(fmt.Sprint("/proc/self/fd/", fd)))
	}))
	return strings.Trim(number, "socket:[]")
}

// counted returns a number of /proc/net/snmp or netstat.
func counted(file, group, name string) int64 {
	lines := fields("/proc/net/" + file)
	for i, titles := range lines {
		if at := slices.Index(titles, name); at > 0 && titles[0] == group+":" {
			check(len(lines[i+1]) == len(titles) && lines[i+1][0] == titles[0], "%s: %q, %q", file, titles, lines[i+1])
			return must(strconv.ParseInt(lines[i+1][at], 10, 64))
		}
	}
	check(false, "%s has no %s %s", file, group, name)
	return 0
}
