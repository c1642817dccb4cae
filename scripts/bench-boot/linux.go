package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/u-root/u-root/pkg/cpio"
	"github.com/ulikunitz/xz"
)

// metaPackage is Debian's newest kernel for virtual machines.
const metaPackage = "linux-image-cloud-amd64"

// A linux is a kernel unpacked from a Debian package.
type linux struct {
	name string // linux-image-6.1.0-1-cloud-amd64
	dir  string
}

// findLinux gets the kernel from Debian, or from the cache.
func findLinux(ctx context.Context) (*linux, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	cache = filepath.Join(cache, "ringo", "bench-boot")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	name, err := kernelPackage(ctx)
	if err != nil {
		if old, _ := filepath.Glob(filepath.Join(cache, "linux-image-*")); len(old) > 0 {
			last := old[len(old)-1]
			return &linux{filepath.Base(last), last}, nil
		}
		return nil, err
	}
	l := &linux{name, filepath.Join(cache, name)}
	if _, err := os.Stat(l.dir); err == nil {
		return l, nil
	}
	progress("getting %s", name)
	temporary, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temporary)
	if _, err := output(ctx, temporary, "apt-get", "download", name); err != nil {
		return nil, err
	}
	debs, _ := filepath.Glob(filepath.Join(temporary, "*.deb"))
	if len(debs) != 1 {
		return nil, fmt.Errorf("apt-get download %s left %d files", name, len(debs))
	}
	root := filepath.Join(temporary, "root")
	if _, err := output(ctx, temporary, "dpkg", "-x", debs[0], root); err != nil {
		return nil, err
	}
	return l, os.Rename(root, l.dir)
}

// kernelPackage asks apt what metaPackage stands for.
func kernelPackage(ctx context.Context) (string, error) {
	show := func() (string, error) {
		out, err := output(ctx, "", "apt-cache", "show", "--no-all-versions", metaPackage)
		for line := range strings.Lines(out) {
			if depends, ok := strings.CutPrefix(line, "Depends: "); ok {
				return strings.FieldsFunc(depends, func(r rune) bool { return strings.ContainsRune(" ,(\n", r) })[0], nil
			}
		}
		return "", errors.Join(err, errors.New("apt knows no "+metaPackage+": this needs Debian, and `apt-get update`"))
	}
	name, err := show()
	if err != nil && os.Getuid() == 0 {
		progress("apt-get update")
		if _, err := output(ctx, "", "apt-get", "update"); err != nil {
			return "", err
		}
		name, err = show()
	}
	return name, err
}

// image is the kernel itself.
func (l *linux) image() (string, error) {
	found, _ := filepath.Glob(filepath.Join(l.dir, "boot", "vmlinuz-*"))
	if len(found) != 1 {
		return "", fmt.Errorf("there are %d kernels in %s", len(found), l.dir)
	}
	return found[0], nil
}

// networkModules are those that virtio-net needs, in the order in which they can be loaded.
var networkModules = []string{"virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci",
	"failover", "net_failover", "virtio_net"}

// modules returns the files of networkModules, as far as they are not part of the kernel itself.
func (l *linux) modules() ([]cpio.Record, error) {
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

// writeInitramfs writes an archive with files in it: name and content by turns, all executable.
func writeInitramfs(archive string, records []cpio.Record, files ...string) error {
	f, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	records = slices.Clone(records)
	for pair := range slices.Chunk(files, 2) {
		content, err := os.ReadFile(pair[1])
		if err != nil {
			return err
		}
		records = append(records, cpio.StaticFile(pair[0], string(content), 0o755))
	}
	w := cpio.Newc.Writer(f)
	if err := cpio.WriteRecordsAndDirs(w, records); err != nil {
		return err
	}
	if err := cpio.WriteTrailer(w); err != nil {
		return err
	}
	return f.Close()
}

// output runs a command and returns what it prints.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var messages bytes.Buffer
	cmd.Stderr = &messages
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, &messages)
	}
	return string(out), err
}
