// Log writes in every way that a program has of being logged. Its first argument says which.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"log"
	"log/syslog"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

func main() {
	switch os.Args[1] {
	case "lines":
		fmt.Println("to standard output")
		fmt.Fprintln(os.Stderr, "to standard error")
		log.SetFlags(0)
		log.Print("by package log")
		println("by the runtime")
		fmt.Print("in ", "pieces\nand ", "more\r\n\n")
		w, err := os.OpenFile("/dev/stdout", os.O_WRONLY, 0)
		must(err)
		fmt.Fprintln(w, "by its name")
		fmt.Print("without an end")
	case "local":
		local, err := syslog.New(syslog.LOG_WARNING|syslog.LOG_LOCAL3, "tag")
		must(err)
		must(local.Err("an error of mine"))
		must(local.Debug("a detail"))
		must(local.Close())
		remote, err := syslog.Dial(os.Args[2], os.Args[3], syslog.LOG_INFO|syslog.LOG_MAIL, "direct")
		must(err)
		must(remote.Info("straight to the server"))
		must(remote.Close())
	case "nobody":
		_, err := syslog.New(syslog.LOG_INFO, "tag")
		fmt.Println(err)
	case "panic":
		fmt.Println("before")
		panic(fmt.Sprint("it ", "breaks"))
	case "fatal":
		log.Fatal("the last word")
	case "deadlock":
		wait("before")
		select {}
	case "unlock":
		wait("before")
		new(sync.Mutex).Unlock()
	case "memory":
		wait("before")
		var all [][]byte
		for {
			all = append(all, bytes.Repeat([]byte{1}, 1<<20))
		}
	case "waits":
		wait("before")
	case "crash": // in a goroutine of many
		for range 600 {
			go func() { select {} }()
		}
		wait("before")
		debug.SetTraceback("all")
		new(sync.Mutex).Unlock()
	case "late": // the server comes when the program is told so
		wait("before the server is there")
		wait("and now")
	case "away": // more than there is room for, and nobody takes it
		start := time.Now()
		for i := range 12 {
			os.Stderr.WriteString(strings.Repeat(fmt.Sprintln(i), 1000))
		}
		if took := time.Since(start); took > 20*time.Second {
			fmt.Println("it took", took)
		}
		wait("all written")
	case "crowd":
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for i := range 100 {
					fmt.Printf("goroutine %d line %d\n", g, i)
				}
			})
		}
		wg.Wait()
	}
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// wait says something, and waits for a line of input.
func wait(text string) {
	fmt.Println(text)
	bufio.NewReader(os.Stdin).ReadString('\n')
}
