package fs

import (
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// mountSettings makes /proc/sys, and what is asked for most of /sys.
func (t *FS) mountSettings(p *Program) {
	const sys = "/proc/sys/"
	for _, f := range [][2]string{
		{"kernel/ostype", System}, {"kernel/osrelease", Release}, {"kernel/version", Version()},
		{"kernel/pid_max", "4194304"}, {"kernel/threads-max", "4194304"},
		{"kernel/cap_last_cap", "40"}, {"kernel/ngroups_max", "65536"},
		{"kernel/random/entropy_avail", "256"}, {"kernel/random/poolsize", "256"},
		{"fs/file-max", "1048576"}, {"fs/nr_open", "1048576"}, {"fs/pipe-max-size", "1048576"},
		{"vm/overcommit_memory", "1"}, {"vm/max_map_count", "2147483647"}, {"vm/swappiness", "0"},
		{"net/core/somaxconn", "4096"},
	} {
		t.Generate(sys+f[0], func() []byte { return lines(f[1]) })
	}
	for _, s := range p.Settings {
		t.Control(sys+s.Name, func() []byte { return lines(decimal(s.Get())) },
			func(content []byte) syscall.Errno {
				n, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
				if err != nil {
					return syscall.EINVAL
				}
				return s.Set(n)
			})
	}
	// Made when it is asked for: the first random numbers take their time, and need a source.
	bootID := sync.OnceValue(p.UUID)
	t.Generate(sys+"kernel/random/boot_id", func() []byte { return lines(bootID()) })
	t.Generate(sys+"kernel/random/uuid", func() []byte { return lines(p.UUID()) })
	t.controlName(sys+"kernel/hostname", p.Hostname, p.SetHostname)
	t.controlName(sys+"kernel/domainname", p.Domainname, p.SetDomainname)
}

// controlName makes a file that has a name in it, which programs may change.
func (t *FS) controlName(path string, get func() string, set func(string)) {
	t.Control(path, func() []byte { return lines(get()) }, func(content []byte) syscall.Errno {
		set(strings.TrimRight(string(content), "\n"))
		return 0
	})
}

// MountSys makes /sys.
func (t *FS) MountSys() {
	t.Mount("/sys", "sysfs", sysfsMagic, t.fillSys)
}

func (t *FS) fillSys() {
	cores := func() []byte { return lines(setList(1<<statsNow().Cores - 1)) }
	for _, name := range []string{"online", "possible", "present"} {
		t.Generate("/sys/devices/system/cpu/"+name, cores)
	}
	t.Generate("/sys/devices/system/cpu/offline", func() []byte { return lines("") })
	for i := range statsNow().Cores {
		t.Plant("/sys/devices/system/cpu/cpu"+strconv.Itoa(i), 0o755)
	}
	t.fillNodes()
	t.Plant("/sys/class/net", 0o755)
	t.Plant("/sys/block", 0o755)
	t.Plant("/sys/kernel/mm/hugepages", 0o755) // no pool of huge pages, of any size
}

// Furnish adds what programs look for in /etc, /tmp and their like, as far as the archive has not
// brought its own, when somebody looks.
func (t *FS) Furnish(hostname string) {
	t.Later(func() { t.furnish(hostname) })
}

func (t *FS) furnish(hostname string) {
	for _, f := range [][2]string{
		{"hostname", hostname + "\n"},
		{"hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t" + hostname + "\n"},
		{"resolv.conf", ""},
		{"nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"},
		{"passwd", "root:x:0:0:root:/root:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n"},
		{"group", "root:x:0:\nnogroup:x:65534:\n"},
		{"services", servicesFile()},
		{"protocols", protocols},
	} {
		t.Write("/etc/"+f[0], 0o644, f[1])
	}
	t.Plant("/tmp", 0o1777)
	t.Plant("/root", 0o700)
	t.Plant("/var/tmp", 0o1777)
	t.Plant("/run", 0o755)
	t.Plant("/usr/bin", 0o755)
}
