// Basic shows what a program gets from the machine it starts on, and leaves as it is told to.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
)

func main() {
	switch os.Args[1] {
	case "args":
		json.NewEncoder(os.Stdout).Encode(os.Args)
	case "env":
		json.NewEncoder(os.Stdout).Encode(os.Environ())
	case "exits": // many goroutines at once
		var ready sync.WaitGroup
		begin := make(chan struct{})
		for range 16 {
			ready.Add(1)
			go func() {
				ready.Done()
				<-begin
				os.Exit(7)
			}()
		}
		ready.Wait()
		close(begin)
		os.Exit(7)
	case "exit":
		n, _ := strconv.Atoi(os.Args[2])
		os.Exit(n)
	case "return":
		fmt.Print("no newline at the end")
	case "streams":
		fmt.Fprintln(os.Stdout, "to stdout")
		fmt.Fprintln(os.Stderr, "to stderr")
		println("through print")
	case "stdin":
		fmt.Println("ready")
		text, err := io.ReadAll(os.Stdin)
		fmt.Printf("%q %v\n", text, err)
	case "line":
		fmt.Println("ready")
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			fmt.Printf("[%s]\n", lines.Text())
			if lines.Text() == "end" {
				return
			}
		}
	}
}
