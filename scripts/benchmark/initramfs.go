package benchmark

import (
	"os"
	"slices"

	"github.com/u-root/u-root/pkg/cpio"
)

// WriteInitramfs writes an archive with records and files in it: the files' names there and here by
// turns, all executable.
func WriteInitramfs(archive string, records []cpio.Record, files ...string) error {
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
