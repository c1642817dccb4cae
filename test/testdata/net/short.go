package main

import (
	"fmt"
	"io"
	"net"
)

// short makes connections that end at once, one after the other: they take more memory than the machine has, if each is
// remembered for a minute.
func short([]string) {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	go func() {
		for {
			must(l.Accept()).Close()
		}
	}()
	for range 2500 {
		c := must(net.Dial("tcp", l.Addr().String()))
		must(io.ReadAll(c))
		c.Close()
	}
	fmt.Println("ok")
}
