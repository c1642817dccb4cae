package linux

import (
	"strconv"
	"strings"

	"github.com/ringo-os/ringo/kernel/early/paging"
	"github.com/ringo-os/ringo/kernel/early/space"
)

// An occupancy is how many bytes of memory some regions have. All of it is the program's alone, and differs from what is
// on any disk: nothing has a copy elsewhere.
type occupancy struct {
	anonymous, file         uint64 // what belongs to the region, and what to the file that it maps
	anonymousHuge, fileHuge uint64 // how much of these is in large pages
}

// occupied looks into the page tables.
func occupied(r *space.Region) (o occupancy) {
	for m, n := range mappingsOf(r) {
		huge := uint64(0)
		if m.Size > pageSize {
			huge = n
		}
		if r.Object != nil && r.Kind != space.Runtime && m.Flags&paging.Owned == 0 {
			o.file, o.fileHuge = o.file+n, o.fileHuge+huge
		} else {
			o.anonymous, o.anonymousHuge = o.anonymous+n, o.anonymousHuge+huge
		}
	}
	return o
}

func (o *occupancy) add(other *occupancy) {
	o.anonymous += other.anonymous
	o.file += other.file
	o.anonymousHuge += other.anonymousHuge
	o.fileHuge += other.fileHuge
}

// append writes what /proc/self/smaps says (proc_pid_smaps(5)), as far as it is known: no page tells whether it was
// referenced. The rollup tells besides whose the memory is.
func (o *occupancy) append(b []byte, rollup bool) []byte {
	all := o.anonymous + o.file
	b = kilobytes(b, "Rss", all)
	b = kilobytes(b, "Pss", all)
	b = kilobytes(b, "Pss_Dirty", all)
	if rollup {
		b = kilobytes(b, "Pss_Anon", o.anonymous)
		b = kilobytes(b, "Pss_File", 0)
		b = kilobytes(b, "Pss_Shmem", o.file)
	}
	for _, line := range []struct {
		name string
		size uint64
	}{
		{"Shared_Clean", 0}, {"Shared_Dirty", 0}, {"Private_Clean", 0}, {"Private_Dirty", all}, {"Anonymous", o.anonymous},
		{"KSM", 0}, {"LazyFree", 0}, {"AnonHugePages", o.anonymousHuge}, {"ShmemPmdMapped", o.fileHuge}, {"FilePmdMapped", 0},
		{"Shared_Hugetlb", 0}, {"Private_Hugetlb", 0}, {"Swap", 0}, {"SwapPss", 0}, {"Locked", 0},
	} {
		b = kilobytes(b, line.name, line.size)
	}
	return b
}

func kilobytes(b []byte, name string, bytes uint64) []byte {
	const nameWidth, numberWidth = 16, 8
	number := strconv.FormatUint(bytes/1024, 10)
	b = append(append(b, name...), ':')
	b = append(b, strings.Repeat(" ", nameWidth-len(name)-1+max(numberWidth-len(number), 0))...)
	return append(append(b, number...), " kB\n"...)
}

// smapsOf returns the text of /proc/self/smaps: that of maps, with what is in the memory of each region.
func smapsOf(executable string) []byte {
	var b []byte
	image := uint64(0)
	for r := range lockedRegions {
		b = appendRegion(b, r, &image, executable)
		b = kilobytes(b, "Size", r.End-r.Start)
		b = kilobytes(b, "KernelPageSize", pageSize)
		b = kilobytes(b, "MMUPageSize", pageSize)
		o := occupied(r)
		b = o.append(b, false)
		b = append(append(append(b, "VmFlags:"...), regionFlags(r)...), '\n')
	}
	return b
}

// regionFlags is what is allowed, what could be, and that all of it is accounted for.
func regionFlags(r *space.Region) (flags string) {
	for _, f := range []struct {
		has  bool
		name string
	}{
		{r.Rights&space.Read != 0, " rd"}, {r.Rights&space.Write != 0, " wr"}, {r.Rights&space.Execute != 0, " ex"},
		{r.Kind == space.Shared, " sh"},
		{r.May&space.Read != 0, " mr"}, {r.May&space.Write != 0, " mw"}, {r.May&space.Execute != 0, " me"},
		{r.Kind == space.Shared, " ms"}, {r.Small, " nh"},
	} {
		if f.has {
			flags += f.name
		}
	}
	return flags
}

// smapsRollup returns the text of /proc/self/smaps_rollup: the sums of smaps.
func smapsRollup() []byte {
	var all occupancy
	first, last := uint64(0), uint64(0)
	for r := range lockedRegions {
		if last == 0 {
			first = r.Start
		}
		last = r.End
		o := occupied(r)
		all.add(&o)
	}
	line := hex(first, 8) + "-" + hex(last, 8) + " ---p 00000000 00:00 0 "
	return all.append(append(padded(line), "[rollup]\n"...), true)
}
