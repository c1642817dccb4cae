package linker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// An Image says what a bootable file asks of a machine.
type Image struct {
	// Entry is where a hypervisor jumps to, in 32-bit protected mode.
	Entry uint64
	// Start and End are the physical addresses that the image takes: [Start, End).
	Start, End uint64
	// FileSize is the length of the file.
	FileSize int64
}

// ErrNotBootable means that an executable has the kernel in it, but not yet the boot note.
var ErrNotBootable = errors.New("it has no boot note: start it with `ringo exec`, or build it with `ringo build`")

// Read looks at an image.
func Read(data []byte) (*Image, error) {
	f, err := parse(data)
	if err != nil {
		return nil, err
	}
	if findMarker(data) < 0 {
		return nil, ErrNotRingo
	}
	entry, ok := f.bootEntry()
	if !ok {
		return nil, ErrNotBootable
	}
	if !f.holds(entry) {
		return nil, notExecutable("its boot entry %#x is not in its code", entry)
	}
	image := &Image{Entry: entry, FileSize: int64(len(data))}
	for _, s := range f.segments {
		if s.kind != segmentLoad || s.memorySize == 0 {
			continue
		}
		if image.End == 0 || s.virtual < image.Start {
			image.Start = s.virtual
		}
		image.End = max(image.End, s.virtual+s.memorySize)
	}
	return image, nil
}

// BootableFile makes the bootable image of the file executable, as the file image. The two may be
// the same.
func BootableFile(executable, image string) error {
	data, err := os.ReadFile(executable)
	if err != nil {
		return err
	}
	out, err := Bootable(data)
	if err != nil {
		return fmt.Errorf("%s cannot boot: %w", executable, err)
	}
	// Written aside and renamed, so that an image that is running stays whole.
	temporary, err := os.CreateTemp(filepath.Dir(image), ".ringo-*")
	if err != nil {
		var path *fs.PathError // about the temporary name
		if errors.As(err, &path) {
			err = path.Err
		}
		return fmt.Errorf("the image %s cannot be written: %w", image, err)
	}
	defer os.Remove(temporary.Name())
	if _, err = temporary.Write(out); err == nil {
		err = temporary.Chmod(0o755)
	}
	if closing := temporary.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(temporary.Name(), image)
}

// ReadFile looks at the image in a file.
func ReadFile(name string) (*Image, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	image, err := Read(data)
	if err != nil {
		return nil, fmt.Errorf("%s cannot boot: %w", name, err)
	}
	return image, nil
}
