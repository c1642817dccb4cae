// Notify watches files with fsnotify while it changes them. "tell" prints what it hears, to be compared with what
// Linux says; "crowd" has many goroutines make and remove files, and misses none.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

var (
	root    string
	watcher *fsnotify.Watcher
)

func main() {
	var err error
	root, err = os.MkdirTemp("", "notify")
	must(err)
	defer os.RemoveAll(root)
	watcher, err = fsnotify.NewWatcher()
	must(err)
	must(os.Mkdir(at(".watched"), 0o755))
	must(watcher.Add(at(".watched")))
	if os.Args[1] == "crowd" {
		crowd()
	} else {
		tell()
	}
	must(watcher.Close())
	if _, open := <-watcher.Events; open {
		fmt.Println("an event after the end")
	}
	fmt.Println("ok")
}

func at(name string) string { return filepath.Join(root, name) }

// tell prints what each change is heard as.
func tell() {
	file := at(".watched/file")
	step("nothing", func() error { return nil })
	step("write", func() error { return os.WriteFile(file, []byte("hello"), 0o644) })
	step("append", func() error {
		f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	})
	step("read", func() error { _, err := os.ReadFile(file); return err })
	step("chmod", func() error { return os.Chmod(file, 0o600) })
	step("chtimes", func() error { return os.Chtimes(file, time.Now(), time.Now()) })
	step("truncate", func() error { return os.Truncate(file, 2) })
	step("rename", func() error { return os.Rename(file, at(".watched/other")) })
	step("replace", func() error {
		return errors.Join(os.WriteFile(file, []byte("new"), 0o644), os.Rename(at(".watched/other"), file))
	})
	step("move away", func() error { return os.Rename(file, at("away")) })
	step("move here", func() error { return os.Rename(at("away"), file) })
	step("link", func() error { return os.Link(file, at(".watched/link")) })
	step("symlink", func() error { return os.Symlink(file, at(".watched/symlink")) })
	step("folder", func() error { return os.MkdirAll(at(".watched/folder/below"), 0o755) })
	step("watch it", func() error { return watcher.Add(at(".watched/folder")) })
	step("below", func() error { return os.WriteFile(at(".watched/folder/below/unheard"), nil, 0o644) })
	step("in it", func() error { return os.WriteFile(at(".watched/folder/heard"), nil, 0o644) })
	step("unwatch it", func() error { return watcher.Remove(at(".watched/folder")) })
	step("in it", func() error { return os.Remove(at(".watched/folder/heard")) })
	step("watch it again", func() error { return watcher.Add(at(".watched/folder")) })
	step("remove all", func() error { return os.RemoveAll(at(".watched/folder")) })
	step("watch a file", func() error { return watcher.Add(file) })
	step("write it", func() error { return os.WriteFile(file, []byte("x"), 0o644) })
	step("remove while open", func() error {
		f, err := os.OpenFile(file, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		return errors.Join(os.Remove(file), write(f), f.Close())
	})
	step("remove the link", func() error { return os.Remove(at(".watched/link")) })
	err := watcher.Add(at(".watched/missing"))
	fmt.Println("a missing file:", errors.Is(err, fs.ErrNotExist))
	fmt.Println("not watched:", errors.Is(watcher.Remove(at("missing")), fsnotify.ErrNonExistentWatch))
	for _, path := range watcher.WatchList() {
		fmt.Println("still watched:", strings.TrimPrefix(path, root))
	}
}

func write(f *os.File) error {
	_, err := f.WriteString("more")
	return err
}

// step makes a change and prints what is heard of it, up to the end of a file that is then made and removed. The
// same twice is printed once, for how much is one event depends on who is faster.
func step(name string, change func() error) {
	fmt.Println(name)
	must(change())
	mark := at(".watched/mark")
	f, err := os.Create(mark)
	must(err)
	must(f.Close())
	must(os.Remove(mark))
	last := ""
	for {
		select {
		case e := <-watcher.Events:
			if e.Name == mark {
				if e.Has(fsnotify.Remove) {
					return
				}
				continue
			}
			if s := strings.ReplaceAll(e.String(), root, ""); s != last {
				fmt.Println("   ", s)
				last = s
			}
		case err := <-watcher.Errors:
			must(err)
		case <-time.After(20 * time.Second):
			fmt.Println("    and nothing more for 20 s")
			os.Exit(1)
		}
	}
}

// crowd makes files on many goroutines; each is heard to come and to go.
func crowd() {
	const goroutines, files = 8, 200
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range files {
				name := at(fmt.Sprintf(".watched/%d-%d", g, i))
				must(os.WriteFile(name, []byte("x"), 0o644))
				must(os.Rename(name, name+"'"))
				must(os.Remove(name + "'"))
			}
		})
	}
	go func() {
		wg.Wait()
		must(os.WriteFile(at(".watched/end"), nil, 0o644))
	}()
	heard := map[string]fsnotify.Op{}
	for {
		select {
		case e := <-watcher.Events:
			if e.Name != at(".watched/end") {
				heard[filepath.Base(e.Name)] |= e.Op
				continue
			}
			for g := range goroutines {
				for i := range files {
					name := fmt.Sprintf("%d-%d", g, i)
					if heard[name]&^fsnotify.Write != fsnotify.Create|fsnotify.Rename || heard[name+"'"] != fsnotify.Create|fsnotify.Remove {
						fmt.Println(name, heard[name], heard[name+"'"])
					}
				}
			}
			return
		case err := <-watcher.Errors:
			must(err)
		case <-time.After(20 * time.Second):
			fmt.Println("nothing more for 20 s")
			os.Exit(1)
		}
	}
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
