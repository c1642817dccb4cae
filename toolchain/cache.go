package toolchain

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"
)

// cacheFolder is where laid-out files are kept.
func cacheFolder() (string, error) {
	if dir := os.Getenv("RINGO_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for Ringo's cache (%v): set RINGO_CACHE to a folder", err)
	}
	return filepath.Join(dir, "ringo"), nil
}

// cached returns the cache's folder for kind and key. If it is not there, fill makes it: in a
// temporary folder that is then renamed, so that other ringo processes see all of it or nothing.
func (t *Toolchain) cached(kind, key string, fill func(dir string) error) (string, error) {
	final := filepath.Join(t.Cache, kind, key)
	if now := time.Now(); os.Chtimes(final, now, now) == nil { // it is there, and in use
		return final, nil
	}
	if err := os.MkdirAll(filepath.Dir(final), 0o777); err != nil {
		return "", fmt.Errorf("cannot write to Ringo's cache (%v): set RINGO_CACHE to a folder that can be written", err)
	}
	temporary, err := os.MkdirTemp(filepath.Dir(final), "tmp-")
	if err != nil {
		return "", fmt.Errorf("cannot write to Ringo's cache (%v): set RINGO_CACHE to a folder that can be written", err)
	}
	defer os.RemoveAll(temporary)
	if err := fill(temporary); err != nil {
		return "", err
	}
	if err := os.Chmod(temporary, 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(temporary, final); err != nil {
		if _, there := os.Stat(final); there == nil { // another process was faster
			return final, nil
		}
		return "", err
	}
	prune(filepath.Dir(final))
	return final, nil
}

// unused is how long a cached folder may be left unused.
const unused = 5 * 24 * time.Hour

// prune removes what has not been used for long from a folder of the cache.
func prune(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > unused {
			os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
}

// A key collects what a cached folder depends on.
type key struct{ hash hash.Hash }

func newKey(kind string) *key {
	k := &key{sha256.New()}
	k.add(kind)
	return k
}

// add adds words, so that no two lists of words give the same key.
func (k *key) add(words ...string) {
	for _, w := range words {
		fmt.Fprintf(k.hash, "%d:", len(w))
		io.WriteString(k.hash, w)
	}
}

func (k *key) String() string { return hex.EncodeToString(k.hash.Sum(nil)[:12]) }

// writeFile writes a file and the folders above it.
func writeFile(name string, data []byte) error {
	err := os.WriteFile(name, data, 0o666)
	if errors.Is(err, os.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(name), 0o777); err == nil {
			err = os.WriteFile(name, data, 0o666)
		}
	}
	return err
}

// CheckCache reports whether the cache can be written to.
func (t *Toolchain) CheckCache() error {
	err := os.MkdirAll(t.Cache, 0o777)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(t.Cache, "tmp-"); err == nil {
			f.Close()
			return os.Remove(f.Name())
		}
	}
	return fmt.Errorf("%v: set RINGO_CACHE to a folder that can be written", err)
}
