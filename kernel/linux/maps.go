package linux

import (
	"iter"
	"strconv"
	"strings"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/paging"
	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/machine"
)

// lockedRegions goes through the regions of the address space, which does not change meanwhile.
func lockedRegions(yield func(*space.Region) bool) {
	addressSpace.Lock()
	defer addressSpace.Unlock()
	for r, ok := machine.NextRegion(0); ok; r, ok = machine.NextRegion(r.End) {
		if !yield(&r) {
			return
		}
	}
}

// mappingsOf goes through what the page tables have for r, with how many bytes of each belong to r.
func mappingsOf(r *space.Region) iter.Seq2[paging.Mapping, uint64] {
	return func(yield func(paging.Mapping, uint64) bool) {
		for m, ok := machine.NextMapping(r.Start); ok && m.Virtual < r.End; m, ok = machine.NextMapping(m.Virtual + m.Size) {
			if !yield(m, min(m.Virtual+m.Size, r.End)-max(m.Virtual, r.Start)) {
				return
			}
		}
	}
}

// mapsOf returns the text of /proc/self/maps (proc_pid_maps(5)). The image's file is executable.
func mapsOf(executable string) []byte {
	var b []byte
	image := uint64(0)
	for r := range lockedRegions {
		b = appendRegion(b, r, &image, executable)
	}
	return b
}

// appendRegion writes the line about r. The image begins at its first region, which is kept for the others.
func appendRegion(b []byte, r *space.Region, image *uint64, executable string) []byte {
	var st syscall.Stat_t
	offset, name := r.Offset, ""
	switch {
	case r.Owner == space.Image:
		if *image == 0 {
			*image = r.Start
		}
		offset, name = r.Start-*image, executable
	case r.Kind == space.Runtime:
		name = "[anon:" + r.Owner.String() + "]" // Go names parts of it, where it has PR_SET_VMA
	case r.Object != nil:
		if e := addressSpace.files[r.Object]; e != nil {
			name = mappedName(e, &st)
		} else {
			name = "/dev/zero (deleted)" // as on Linux
		}
	}
	line := hex(r.Start, 8) + "-" + hex(r.End, 8) + " " + permissions(r) + " " + hex(offset, 8) + " " +
		hex(st.Dev>>8, 2) + ":" + hex(st.Dev&0xff, 2) + " " + strconv.FormatUint(st.Ino, 10) + " "
	if name != "" {
		return append(append(append(b, padded(line)...), name...), '\n')
	}
	return append(append(b, line...), '\n')
}

// padded returns line up to the column in which names begin.
func padded(line string) []byte {
	const column = 73
	return []byte(line + strings.Repeat(" ", max(column-len(line), 0)))
}

// mappedName returns the path of e, and fills st.
func mappedName(e *fs.Entry, st *syscall.Stat_t) string {
	e.Node().Status(st)
	name, ok := files.Path(e)
	if !ok {
		name += " (deleted)"
	}
	return strings.ReplaceAll(name, "\n", `\012`)
}

func permissions(r *space.Region) string {
	b := []byte("---p")
	for i, right := range []space.Rights{space.Read, space.Write, space.Execute} {
		if r.Rights&right != 0 {
			b[i] = "rwx"[i]
		}
	}
	if r.Kind == space.Shared {
		b[3] = 's'
	}
	return string(b)
}

// hex writes v with at least width digits.
func hex(v uint64, width int) string {
	digits := strconv.FormatUint(v, 16)
	return strings.Repeat("0", max(width-len(digits), 0)) + digits
}
