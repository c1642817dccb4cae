// Program is what the tests boot: it does what its first argument says.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	switch os.Args[1] {
	case "cat":
		if _, err := io.Copy(os.Stdout, os.Stdin); err != nil {
			panic(err)
		}
	case "lines":
		fmt.Println("ready")
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			fmt.Printf("[%s]\n", lines.Text())
		}
	case "descriptors":
		for fd := range 3 {
			describe(fd)
		}
		_, err := os.Open("/dev/tty")
		fmt.Println("/dev/tty:", err)
		if f, err := os.Open("/dev/stdin"); err == nil {
			_, err := io.Copy(os.Stdout, f)
			fmt.Println("/dev/stdin:", err)
		}
	case "forever":
		for i := 0; ; i++ {
			fmt.Println(i)
		}
	case "sleep":
		fmt.Println("ready")
		time.Sleep(time.Hour)
	case "ignore":
		signal.Ignore(os.Interrupt)
		fmt.Println("ready")
		time.Sleep(time.Hour)
	case "notify":
		c := make(chan os.Signal, 1)
		signal.Notify(c, os.Interrupt, syscall.SIGTERM)
		fmt.Println("ready")
		fmt.Println(<-c)
		os.Exit(7)
	case "args":
		fmt.Printf("%q %s\n", os.Args, os.Getenv("NAME"))
	case "window":
		w, err := unix.IoctlGetWinsize(1, unix.TIOCGWINSZ)
		fmt.Println(w.Col, w.Row, err)
	case "environment":
		fmt.Printf("%q\n", os.Environ())
	}
}

// describe says what a descriptor is.
func describe(fd int) {
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		panic(err)
	}
	var settings [64]byte
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TCGETS, uintptr(unsafe.Pointer(&settings)))
	link, err := os.Readlink(fmt.Sprint("/proc/self/fd/", fd))
	fmt.Printf("%d: type %o, TCGETS %v, %s %v\n", fd, st.Mode&syscall.S_IFMT, errno, link, err)
}
