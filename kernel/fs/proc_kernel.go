package fs

import "strconv"

// What monitors read in /proc and /sys of a kernel that has no disks, no swap, no modules and no other processes:
// the files are there, and say so.

// mountKernel makes these files.
func (t *FS) mountKernel(p *Program) {
	for name, content := range map[string]string{
		"diskstats":  "",
		"modules":    "",
		"partitions": "major minor  #blocks  name\n\n",
		"swaps":      "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
		"devices":    "Character devices:\n  1 mem\n  4 tty\n  5 /dev/tty\n  5 /dev/console\n\nBlock devices:\n",
	} {
		t.Generate("/proc/"+name, func() []byte { return []byte(content) })
	}
	t.Generate("/proc/vmstat", t.vmstat)
	t.Generate("/proc/sys/fs/file-nr", func() []byte {
		return lines(strconv.Itoa(len(p.Descriptors())) + "\t0\t1048576")
	})
}

// vmstat is how many pages are what, as far as anybody counts.
func (t *FS) vmstat() []byte {
	s := statsNow()
	files := uint64(t.root.node.volume.used.Load())
	page := func(name string, n uint64) string { return name + " " + strconv.FormatUint(n, 10) }
	return lines(page("nr_free_pages", s.FreePages), page("nr_anon_pages", anonymous(&s, files)),
		page("nr_file_pages", files), page("nr_shmem", files), page("nr_page_table_pages", s.PageTablePages),
		"pgpgin 0", "pgpgout 0", "pswpin 0", "pswpout 0", "oom_kill 0")
}
