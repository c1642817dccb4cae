package fs

import (
	"strconv"
	"strings"

	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/machine"
)

// A share is how the pages that are in use divide up: those of files in memory, those of the program's code, and the others.
type share struct{ used, files, code, others int64 }

func (t *FS) shareOf(s *machine.Stats) share {
	m := share{used: memoryUse(s), files: t.root.node.volume.used.Load()}
	for r, ok := machine.NextRegion(0); ok; r, ok = machine.NextRegion(r.End) {
		if r.Owner == space.Image && r.Rights&space.Execute != 0 {
			m.code += int64(r.End-r.Start) / pageSize
		}
	}
	m.others = max(m.used-m.files-m.code, 0)
	return m
}

// allCapabilities is what the program may do: everything, as capget says too.
const allCapabilities = "000001ffffffffff"

// status is /proc/self/status (proc_pid_status(5)), without what no program here can have, such as a handler of signals that
// is not the runtime's.
func (t *FS) status(p *Program, thread int) []byte {
	s := statsNow()
	m := t.shareOf(&s)
	kilobytes := func(pages int64) string { return decimal(pages*(pageSize/1024)) + " kB" }
	used, id := kilobytes(m.used), strconv.Itoa(thread)
	user, group, groups := p.Credentials()
	list := ""
	for _, id := range groups {
		list += strconv.FormatUint(uint64(id), 10) + " "
	}
	cores, nodes := uint64(1)<<s.Cores-1, max(machine.Firmware().Nodes.Count, 1)
	return lines("Name:\t"+p.Name(thread), "Umask:\t"+octal(p.Umask(), 4),
		"State:\tR (running)", "Tgid:\t1", "Ngid:\t0", "Pid:\t"+id, "PPid:\t0", "TracerPid:\t0",
		"Uid:"+identities(user), "Gid:"+identities(group), "FDSize:\t"+strconv.Itoa(len(p.Descriptors())),
		"Groups:\t"+list, "NStgid:\t1", "NSpid:\t"+id, "NSpgid:\t1", "NSsid:\t1", "Kthread:\t0",
		"VmPeak:\t"+used, "VmSize:\t"+used, "VmLck:\t0 kB", "VmPin:\t0 kB", "VmHWM:\t"+used, "VmRSS:\t"+used,
		"RssAnon:\t"+kilobytes(m.others), "RssFile:\t"+kilobytes(m.code), "RssShmem:\t"+kilobytes(m.files),
		"VmData:\t"+kilobytes(m.others), "VmExe:\t"+kilobytes(m.code), "VmLib:\t0 kB", "VmSwap:\t0 kB", "HugetlbPages:\t0 kB",
		"CoreDumping:\t0", "THP_enabled:\t1", "Threads:\t"+strconv.Itoa(s.Threads),
		"CapInh:\t"+strings.Repeat("0", len(allCapabilities)), "CapPrm:\t"+allCapabilities, "CapEff:\t"+allCapabilities,
		"CapBnd:\t"+allCapabilities, "CapAmb:\t"+strings.Repeat("0", len(allCapabilities)),
		"NoNewPrivs:\t"+digit(p.NoPrivileges()), "Seccomp:\t0", "Seccomp_filters:\t0",
		"Cpus_allowed:\t"+setMap(cores, s.Cores), "Cpus_allowed_list:\t"+setList(cores),
		"Mems_allowed:\t"+setMap(1<<nodes-1, nodes), "Mems_allowed_list:\t"+setList(1<<nodes-1),
		"voluntary_ctxt_switches:\t"+strconv.FormatUint(s.ContextSwitch, 10),
		"nonvoluntary_ctxt_switches:\t"+strconv.FormatUint(s.Preemptions, 10))
}
