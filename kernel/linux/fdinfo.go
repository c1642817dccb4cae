package linux

import (
	"strconv"
	"syscall"
)

// descriptorInfo is the text of a file in /proc/self/fdinfo (proc_pid_fdinfo(5)); nil: the descriptor is not open.
func descriptorInfo(fd int) []byte {
	d, errno := lookupPath(uintptr(fd))
	if errno != 0 {
		return nil
	}
	position := int64(0)
	if d.seeker != nil {
		position, _ = d.seeker.Move(0, 1)
	}
	flags := d.Flags()
	if closeOnExec(fd) {
		flags |= syscall.O_CLOEXEC
	}
	var st syscall.Stat_t
	d.File.Status(&st)
	text := "pos:\t" + strconv.FormatInt(position, 10) + "\nflags:\t0" + strconv.FormatInt(int64(flags), 8) +
		"\nino:\t" + strconv.FormatUint(st.Ino, 10) + "\n"
	if f, ok := d.File.(interface{ info() string }); ok {
		text += f.info()
	}
	return []byte(text)
}

// info says whose pidfd f is.
func (f *processFile) info() string {
	id := strconv.Itoa(max(f.thread, processID))
	return "Pid:\t" + id + "\nNSpid:\t" + id + "\n"
}
