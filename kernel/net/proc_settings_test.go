package net

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestSettingsInProc: /proc/sys/net says what sockets do.
func TestSettingsInProc(t *testing.T) {
	for name, want := range map[string]string{
		"core/rmem_default":                     "212992\n",
		"core/rmem_max":                         "4194304\n",
		"core/wmem_max":                         "4194304\n",
		"ipv4/ip_default_ttl":                   "64\n",
		"ipv4/ip_forward":                       "0\n",
		"ipv4/ip_local_port_range":              "32768\t60999\n",
		"ipv4/tcp_congestion_control":           "cubic\n",
		"ipv4/tcp_available_congestion_control": "reno cubic\n",
		"ipv4/tcp_fin_timeout":                  "60\n",
		"ipv4/tcp_keepalive_intvl":              "75\n",
		"ipv4/tcp_keepalive_probes":             "9\n",
		"ipv4/tcp_keepalive_time":               "7200\n",
		"ipv4/tcp_rmem":                         "4096\t1048576\t4194304\n",
		"ipv6/conf/all/disable_ipv6":            "0\n",
	} {
		fd := must(t, unix.SYS_OPENAT, unix.AT_FDCWD, append([]byte("/proc/sys/net/"+name), 0), unix.O_RDONLY, 0)
		p := make([]byte, 100)
		if got := string(p[:must(t, unix.SYS_READ, fd, p, len(p))]); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		must(t, unix.SYS_CLOSE, fd)
	}
}
