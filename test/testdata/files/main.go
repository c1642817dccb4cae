// Files uses files in all the ways of package os.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

var modes = map[string]func(){
	"devices":   devices,
	"system":    system,
	"work":      func() { work(must(os.MkdirTemp("", "work"))) },
	"root":      func() { work("/") },
	"many":      many,
	"show":      show,
	"pipes":     pipes,
	"itself":    itself,
	"signals":   signals,
	"processes": processes,
}

func main() {
	modes[os.Args[1]]()
	fmt.Println("ok")
}

var failed bool

func check(ok bool, format string, args ...any) {
	if !ok {
		fmt.Printf(format+"\n", args...)
		os.Exit(1)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func done(err error) {
	if err != nil {
		panic(err)
	}
}

// is checks that err is an *fs.PathError or *os.LinkError of the kind want.
func is(err, want error) {
	var path *fs.PathError
	var link *os.LinkError
	if !errors.Is(err, want) || !errors.As(err, &path) && !errors.As(err, &link) {
		panic(fmt.Sprintf("error %v, want %v", err, want))
	}
}

func names(dir string) (all []string) {
	for _, e := range must(os.ReadDir(dir)) {
		all = append(all, e.Name())
	}
	return all
}

func devices() {
	null := must(os.OpenFile(os.DevNull, os.O_RDWR, 0))
	n := must(null.Write(make([]byte, 1000)))
	b := make([]byte, 1000)
	r, err := null.Read(b)
	check(n == 1000 && r == 0 && err == io.EOF, "/dev/null: wrote %d, read %d, %v", n, r, err)
	for i := range b {
		b[i] = 1
	}
	zero := must(os.Open("/dev/zero"))
	must(io.ReadFull(zero, b))
	check(bytes.Equal(b, make([]byte, 1000)), "/dev/zero")
	for _, name := range []string{"/dev/urandom", "/dev/random"} {
		f := must(os.Open(name))
		c := make([]byte, 1000)
		must(io.ReadFull(f, b))
		must(io.ReadFull(f, c))
		check(!bytes.Equal(b, c) && !bytes.Equal(b, make([]byte, 1000)), "%s", name)
		info := must(f.Stat())
		check(info.Mode()&fs.ModeCharDevice != 0, "%s has mode %v", name, info.Mode())
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err == nil {
		_, err = full.Write(b)
		is(err, syscall.ENOSPC)
	}
	out := must(os.OpenFile("/dev/stdout", os.O_WRONLY, 0))
	must(fmt.Fprintln(out, "through /dev/stdout"))
	info := must(os.Stdout.Stat())
	check(info.Mode()&fs.ModeCharDevice != 0, "stdout has mode %v", info.Mode())
}

// system looks at what is there from the start.
func system() {
	hosts := string(must(os.ReadFile("/etc/hosts")))
	check(strings.Contains(hosts, "127.0.0.1") && strings.Contains(hosts, "localhost"), "/etc/hosts: %q", hosts)
	for _, dir := range []string{"/", "/tmp", "/etc", "/dev", "/proc", "/proc/self"} {
		info := must(os.Stat(dir))
		check(info.IsDir(), "%s is %v", dir, info.Mode())
	}
	root := names("/")
	check(slices.Contains(root, "etc") && slices.Contains(root, "tmp"), "/ has %v", root)
	check(slices.Contains(names("/dev"), "null"), "/dev has %v", names("/dev"))
	check(must(os.Getwd()) == "/", "the working directory is %s", must(os.Getwd()))
	check(os.TempDir() == "/tmp", "the folder for temporary files is %s", os.TempDir())
	host := must(os.Hostname())
	check(host != "", "no host name")
	exe := must(os.Executable())
	check(filepath.IsAbs(exe), "os.Executable is %s", exe)
	check(bytes.Contains(must(os.ReadFile("/proc/self/cmdline")), []byte("\x00system\x00")), "/proc/self/cmdline")
	check(bytes.Contains(must(os.ReadFile("/proc/meminfo")), []byte("MemTotal:")), "/proc/meminfo")
	check(bytes.Contains(must(os.ReadFile("/proc/cpuinfo")), []byte("processor")), "/proc/cpuinfo")
	check(len(names("/proc/self/fd")) >= 3, "/proc/self/fd has %v", names("/proc/self/fd"))
	check(must(os.Readlink("/proc/self/exe")) == exe, "/proc/self/exe")
	_, err := os.ReadFile("/no/such/file")
	is(err, fs.ErrNotExist)
	check(os.Getpid() > 0 && os.Getuid() == 0, "pid %d, uid %d", os.Getpid(), os.Getuid())
}

// work does all that can be done in a folder.
func work(dir string) {
	in := func(name string) string { return filepath.Join(dir, name) }
	begin := time.Now().Add(-2 * time.Second)
	done(os.Mkdir(in("folder"), 0o755))
	is(os.Mkdir(in("folder"), 0o755), fs.ErrExist)
	done(os.MkdirAll(in("folder/a/b/c"), 0o750))
	text := strings.Repeat("some text\n", 10_000)
	done(os.WriteFile(in("folder/file"), []byte(text), 0o640))
	check(string(must(os.ReadFile(in("folder/file")))) == text, "the file has changed")
	info := must(os.Stat(in("folder/file")))
	check(info.Size() == int64(len(text)) && info.Mode() == 0o640 && info.Name() == "file" && !info.IsDir() &&
		info.ModTime().After(begin) && !info.ModTime().After(time.Now().Add(time.Second)), "%v", info)

	f := must(os.OpenFile(in("folder/file"), os.O_RDWR, 0))
	must(f.WriteAt([]byte("SOME"), 10))
	must(f.Seek(-5, io.SeekEnd))
	must(f.WriteString("TEXT\nmore\n"))
	b := make([]byte, 14)
	must(f.ReadAt(b, 10))
	check(string(b) == "SOME text\nsome", "%q", b)
	info = must(f.Stat())
	check(info.Size() == int64(len(text)+5), "%d bytes", info.Size())
	done(f.Truncate(14))
	_, err := f.ReadAt(b, 14)
	check(err == io.EOF, "reading beyond the end: %v", err)
	must(f.WriteAt([]byte("x"), 1<<20)) // a hole
	must(f.ReadAt(b, 1<<19))
	check(bytes.Equal(b, make([]byte, 14)), "a hole reads %q", b)
	done(f.Sync())
	done(f.Chmod(0o600))
	done(f.Close())
	_, err = f.Write(b)
	is(err, fs.ErrClosed)
	then := time.Date(2001, 2, 3, 4, 5, 6, 789, time.UTC)
	done(os.Chtimes(in("folder/file"), then, then))
	info = must(os.Stat(in("folder/file")))
	check(info.ModTime().Equal(then) && info.Mode() == 0o600, "%v %v", info.ModTime(), info.Mode())

	a := must(os.OpenFile(in("folder/log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666))
	must(a.WriteString("one\n"))
	other := must(os.OpenFile(in("folder/log"), os.O_APPEND|os.O_WRONLY, 0))
	must(other.WriteString("two\n"))
	must(a.WriteString("three\n"))
	check(string(must(os.ReadFile(in("folder/log")))) == "one\ntwo\nthree\n", "appending")
	_, err = os.OpenFile(in("folder/log"), os.O_CREATE|os.O_EXCL, 0)
	is(err, fs.ErrExist)
	done(os.Truncate(in("folder/log"), 3))

	done(os.Symlink("log", in("folder/link")))
	check(must(os.Readlink(in("folder/link"))) == "log", "readlink")
	check(string(must(os.ReadFile(in("folder/link")))) == "one", "through a link")
	info = must(os.Lstat(in("folder/link")))
	check(info.Mode()&fs.ModeSymlink != 0, "%v", info.Mode())
	done(os.Link(in("folder/log"), in("folder/hard")))
	check(os.SameFile(must(os.Stat(in("folder/log"))), must(os.Stat(in("folder/hard")))), "a hard link is another file")
	done(os.Symlink("loop", in("folder/loop")))
	_, err = os.Stat(in("folder/loop"))
	is(err, syscall.ELOOP)

	check(slices.Equal(names(in("folder")), []string{"a", "file", "hard", "link", "log", "loop"}), "%v", names(in("folder")))
	var walked []string
	done(filepath.WalkDir(in("folder"), func(path string, d fs.DirEntry, err error) error {
		walked = append(walked, d.Name())
		return err
	}))
	check(slices.Equal(walked, []string{"folder", "a", "b", "c", "file", "hard", "link", "log", "loop"}), "%v", walked)
	check(len(must(fs.Glob(os.DirFS(dir), "folder/l*"))) == 3, "glob")

	done(os.Rename(in("folder/file"), in("folder/a/moved")))
	_, err = os.Stat(in("folder/file"))
	is(err, fs.ErrNotExist)
	done(os.Rename(in("folder/hard"), in("folder/a/moved"))) // over another
	check(string(must(os.ReadFile(in("folder/a/moved")))) == "one", "renaming")
	is(os.Rename(in("folder"), in("folder/a/b/inside")), syscall.EINVAL)
	is(os.Rename(in("folder/log"), in("folder/a")), fs.ErrExist)
	done(os.Rename(in("folder/a"), in("folder/z")))
	is(os.Remove(in("folder/z")), syscall.ENOTEMPTY)
	_, err = os.Stat(in("folder/log/below"))
	is(err, syscall.ENOTDIR)
	_, err = os.ReadFile(in("folder"))
	is(err, syscall.EISDIR)
	_, err = os.Open(in(strings.Repeat("x", 300)))
	is(err, syscall.ENAMETOOLONG)

	o := must(os.Open(in("folder/log"))) // a file that is removed while it is open
	done(os.Remove(in("folder/log")))
	check(string(must(io.ReadAll(o))) == "one", "an open file is gone")
	is(os.Remove(in("folder/log")), fs.ErrNotExist)

	done(os.Chdir(in("folder/z/b")))
	check(must(os.Getwd()) == in("folder/z/b"), "working directory %s", must(os.Getwd()))
	done(os.WriteFile("here", nil, 0o666))
	must(os.Stat(in("folder/z/b/here")))
	check(must(filepath.EvalSymlinks("../../z/moved")) == "../../z/moved", "EvalSymlinks")
	done(os.Chdir("/"))

	root := must(os.OpenRoot(in("folder")))
	done(root.WriteFile("inside", []byte("in"), 0o666))
	_, err = root.Open("../../etc/hosts")
	check(err != nil, "os.Root lets one out")
	done(root.Close())

	copied := must(os.Create(in("folder/copied")))
	source := must(os.Open(in("folder/z/moved")))
	check(must(io.Copy(copied, source)) == 3, "io.Copy")
	done(os.CopyFS(in("second"), os.DirFS(in("folder/z"))))
	check(slices.Contains(names(in("second")), "moved"), "CopyFS")
	done(os.RemoveAll(in("folder")))
	done(os.RemoveAll(in("second")))
	_, err = os.Stat(in("folder"))
	is(err, fs.ErrNotExist)
}

// many works on files from many goroutines.
func many() {
	dir := must(os.MkdirTemp("", ""))
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			for j := range 40 {
				name := filepath.Join(dir, fmt.Sprint(i, "-", j))
				done(os.WriteFile(name, bytes.Repeat([]byte{byte(i)}, j*100), 0o666))
				check(bytes.Equal(must(os.ReadFile(name)), bytes.Repeat([]byte{byte(i)}, j*100)), "%s has changed", name)
				if j%2 == 0 {
					done(os.Remove(name))
				} else {
					done(os.Rename(name, name+"x"))
				}
			}
		})
	}
	wg.Wait()
	check(len(names(dir)) == 50*20, "%d files", len(names(dir)))
	done(os.RemoveAll(dir))
}

// show prints the tree that its argument names.
func show() {
	done(filepath.WalkDir(os.Args[2], func(path string, d fs.DirEntry, err error) error {
		done(err)
		info := must(d.Info())
		what := ""
		switch {
		case d.Type() == fs.ModeSymlink:
			what = must(os.Readlink(path))
		case d.Type().IsRegular():
			what = fmt.Sprintf("%.40q", must(os.ReadFile(path)))
		}
		fmt.Println(path, info.Mode(), info.ModTime().Unix(), what)
		return nil
	}))
}

func pipes() {
	r, w, err := os.Pipe()
	done(err)
	text := strings.Repeat("through the pipe ", 20_000) // more than one holds
	go func() {
		must(io.WriteString(w, text))
		w.Close()
	}()
	check(string(must(io.ReadAll(r))) == text, "a pipe has changed what went through")
	r, w, err = os.Pipe()
	done(err)
	done(r.SetReadDeadline(time.Now().Add(20 * time.Millisecond)))
	_, err = r.Read(make([]byte, 1))
	check(errors.Is(err, os.ErrDeadlineExceeded), "a deadline: %v", err)
	r.Close()
	signal.Ignore(syscall.SIGPIPE)
	_, err = w.Write([]byte("x"))
	check(errors.Is(err, syscall.EPIPE), "a pipe without a reader: %v", err)
}

func signals() {
	c := make(chan os.Signal, 10)
	signal.Notify(c, syscall.SIGUSR1, os.Interrupt)
	done(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
	check(<-c == syscall.SIGUSR1, "another signal")
	done(must(os.FindProcess(os.Getpid())).Signal(os.Interrupt))
	check(<-c == os.Interrupt, "another signal")
	signal.Reset()
	fmt.Println("waiting")
	signal.Notify(c, os.Interrupt)
	check(<-c == os.Interrupt, "another signal")
}

// processes: there are none but this one, and errors say so.
func processes() {
	_, err := os.StartProcess("/proc/self/exe", []string{"x"}, &os.ProcAttr{})
	check(err != nil, "a process has started")
	fmt.Println("error:", err)
}
