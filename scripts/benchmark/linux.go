package benchmark

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/u-root/u-root/pkg/cpio"
	"github.com/ulikunitz/xz"
)

// metaPackage is Debian's newest kernel for virtual machines.
const metaPackage = "linux-image-cloud-amd64"

// A Linux is a kernel unpacked from a Debian package.
type Linux struct {
	// Name is the kernel's version: 6.1.0-1-cloud-amd64.
	Name string
	dir  string
}

// FindLinux gets the kernel from Debian, or from the user's cache folder.
func FindLinux(ctx context.Context) (*Linux, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	cache = filepath.Join(cache, "ringo", "linux")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	name, err := kernelPackage(ctx)
	if err != nil {
		if old, _ := filepath.Glob(filepath.Join(cache, "linux-image-*")); len(old) > 0 {
			return newLinux(old[len(old)-1]), nil
		}
		return nil, err
	}
	l := newLinux(filepath.Join(cache, name))
	if _, err := os.Stat(l.dir); err == nil {
		return l, nil
	}
	Progress("getting %s", name)
	temporary, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temporary)
	if _, err := Output(ctx, temporary, "apt-get", "download", name); err != nil {
		return nil, err
	}
	debs, _ := filepath.Glob(filepath.Join(temporary, "*.deb"))
	if len(debs) != 1 {
		return nil, fmt.Errorf("apt-get download %s left %d files", name, len(debs))
	}
	root := filepath.Join(temporary, "root")
	if _, err := Output(ctx, temporary, "dpkg", "-x", debs[0], root); err != nil {
		return nil, err
	}
	return l, os.Rename(root, l.dir)
}

// newLinux is the kernel of the package that was unpacked in dir.
func newLinux(dir string) *Linux {
	return &Linux{strings.TrimPrefix(filepath.Base(dir), "linux-image-"), dir}
}

// kernelPackage asks apt what metaPackage stands for.
func kernelPackage(ctx context.Context) (string, error) {
	show := func() (string, error) {
		out, err := Output(ctx, "", "apt-cache", "show", "--no-all-versions", metaPackage)
		for line := range strings.Lines(out) {
			if depends, ok := strings.CutPrefix(line, "Depends: "); ok {
				return strings.FieldsFunc(depends, func(r rune) bool { return strings.ContainsRune(" ,(\n", r) })[0], nil
			}
		}
		return "", errors.Join(err, errors.New("apt knows no "+metaPackage+": this needs Debian, and `apt-get update`"))
	}
	name, err := show()
	if err != nil && os.Getuid() == 0 {
		Progress("apt-get update")
		if _, err := Output(ctx, "", "apt-get", "update"); err != nil {
			return "", err
		}
		name, err = show()
	}
	return name, err
}

// Image is the file of the kernel itself.
func (l *Linux) Image() (string, error) {
	found, _ := filepath.Glob(filepath.Join(l.dir, "boot", "vmlinuz-*"))
	if len(found) != 1 {
		return "", fmt.Errorf("there are %d kernels in %s", len(found), l.dir)
	}
	return found[0], nil
}

// networkModules are those that virtio-net needs, in the order in which they can be loaded.
var networkModules = []string{"virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci",
	"failover", "net_failover", "virtio_net"}

// NetworkModules returns the files of networkModules, as far as they are not part of the kernel
// itself, for the folder in which init looks for modules.
func (l *Linux) NetworkModules() ([]cpio.Record, error) {
	found := map[string]string{}
	err := filepath.WalkDir(filepath.Join(l.dir, "lib", "modules"), func(file string, d fs.DirEntry, err error) error {
		if name, _, ok := strings.Cut(filepath.Base(file), ".ko"); ok && err == nil && !d.IsDir() {
			found[strings.ReplaceAll(name, "-", "_")] = file
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var records []cpio.Record
	for i, name := range networkModules {
		file, ok := found[name]
		if !ok {
			continue
		}
		content, err := os.ReadFile(file)
		if err == nil && strings.HasSuffix(file, ".xz") {
			var r io.Reader
			if r, err = xz.NewReader(bytes.NewReader(content)); err == nil {
				content, err = io.ReadAll(r)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		records = append(records, cpio.StaticFile(fmt.Sprintf("modules/%d-%s.ko", i, name), string(content), 0o644))
	}
	return records, nil
}
