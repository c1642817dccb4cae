package toolchain

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// kernelSays is what the fixture's kernel prints before any program.
const (
	kernelSays  = "kernel: twice 21 is 42\nkernel: first is 07\nkernel: call is 15\n"
	networkSays = "kernel: the network is there\n"
	rootsSay    = "kernel: there are certificates\n"
)

const hello = `
-- go.mod --
module example.com/hello

go 1.21
-- main.go --
package main

import "os"

func main() { os.Stdout.WriteString("hello\n") }
`

const secure = `
-- go.mod --
module example.com/secure

go 1.21
-- main.go --
package main

import "crypto/x509"

func main() { print(len(x509.NewCertPool().Subjects()), "\n") }
`

// otherVersions is a program with a golang.org/x/sys and a gvisor of its own.
const otherVersions = `
-- go.mod --
module example.com/pinned

go 1.20

require (
	golang.org/x/sys v0.0.0
	gvisor.dev/gvisor v0.0.0
)

replace golang.org/x/sys => ./sys

replace gvisor.dev/gvisor => ./gvisor
-- main.go --
package main

import (
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
)

func main() {
	var all []func() int
	for i := 0; i < 3; i++ {
		all = append(all, func() int { return i })
	}
	if all[0]() != 3 { // what Go 1.20 makes of it
		panic("the program's language version is lost")
	}
	print(unix.Mine, tcpip.Mine, "\n")
}
-- sys/go.mod --
module golang.org/x/sys
-- sys/unix/unix.go --
package unix

const Mine = "my own x/sys, "
-- gvisor/go.mod --
module gvisor.dev/gvisor
-- gvisor/pkg/tcpip/tcpip.go --
package tcpip

const Mine = "my own gvisor"
`

const vendored = `
-- go.mod --
module example.com/vendored

go 1.21

require example.com/dependency v1.2.3
-- main.go --
package main

import "example.com/dependency"

func main() { print(dependency.Name, "\n") }
-- vendor/modules.txt --
# example.com/dependency v1.2.3
## explicit; go 1.21
example.com/dependency
-- vendor/example.com/dependency/dependency.go --
package dependency

const Name = "vendored"
`

const workspace = `
-- go.work --
go 1.21

use (
	./program
	./library
)
-- program/go.mod --
module example.com/program

go 1.21
-- program/cmd/server/main.go --
package main

import "example.com/library"

func main() { print(library.Name, "\n") }
-- library/go.mod --
module example.com/library

go 1.21
-- library/library.go --
package library

const Name = "from the workspace"
`

const sockets = `
-- go.mod --
module example.com/sockets

go 1.21
-- main.go --
package main

import (
	"fmt"
	"syscall"
)

func main() {
	_, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	fmt.Println(err)
}
`

const loose = `
-- one.go --
package main

func main() { print(text, "\n") }
-- two.go --
package main

const text = "two files"
-- other.go --
package main

func main() { print("not this one") }
`

func TestPrograms(t *testing.T) {
	for _, test := range []struct {
		name, archive, dir string
		program            []string
		want               string
	}{
		{"module", hello, "", nil, kernelSays + "hello\n"},
		{"sockets by package syscall", sockets, "", nil, kernelSays + networkSays + "<nil>\n"},
		{"certificates", secure, "", nil, kernelSays + networkSays + rootsSay + "0\n"},
		{"other versions", otherVersions, "", []string{"."}, kernelSays + networkSays + "my own x/sys, my own gvisor\n"},
		{"vendored", vendored, "", []string{"example.com/vendored"}, kernelSays + "vendored\n"},
		{"workspace", workspace, "program", []string{"./cmd/server"}, kernelSays + "from the workspace\n"},
		{"files", loose, "", []string{"one.go", "two.go"}, kernelSays + "two files\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, test.archive, test.dir)
			before := snapshot(t, b.root)
			if got := b.run(t, test.program); got != test.want {
				t.Errorf("the program printed %q, want %q", got, test.want)
			}
			if !maps.Equal(before, snapshot(t, b.root)) {
				t.Error("the program's folder has changed")
			}
			if b.said.Len() > 0 {
				t.Errorf("the user was told %q", b.said)
			}
		})
	}
}

// TestStandardCommand: a program of GOROOT itself.
func TestStandardCommand(t *testing.T) {
	b := newBench(t, hello, "")
	out := filepath.Join(t.TempDir(), "program")
	if err := b.Build(t.Context(), b.overlay, Request{Program: []string{"cmd/fix"}, Output: out}); err != nil {
		t.Fatalf("%v\n%s", err, b.said)
	}
}

// TestSameImage: the same source gives the same bytes, wherever Ringo's cache is.
func TestSameImage(t *testing.T) {
	b := newBench(t, hello, "")
	build := func(name string) string {
		out := filepath.Join(t.TempDir(), name)
		if err := b.Build(t.Context(), b.overlay, Request{Output: out}); err != nil {
			t.Fatalf("%v\n%s", err, b.said)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	one := build("one")
	b.Cache = t.TempDir()
	var err error
	if b.overlay, err = b.Layout(t.Context(), fixture(t)); err != nil {
		t.Fatal(err)
	}
	other := build("other")
	if one != other {
		t.Error("two caches give two images")
	}
	if strings.Contains(one, cacheDir) || strings.Contains(other, b.Cache) {
		t.Error("the cache folder can be seen in the image")
	}
}

// TestFlags: the user's own flags have their effect.
func TestFlags(t *testing.T) {
	b := newBench(t, hello+`
-- tagged.go --
//go:build special

package main

var text string

func init() { print("special ", text, " ") }
-- elsewhere.go.txt --
package main

import "os"

func main() { os.Stdout.WriteString("overlaid\n") }
-- overlay.json --
{"Replace": {"main.go": "elsewhere.go.txt"}}
`, "")
	b.env["GOFLAGS"] = "-overlay=overlay.json"
	t.Setenv("GOFLAGS", "-overlay="+filepath.Join(b.root, "overlay.json"))
	got := b.run(t, nil, "-tags=special", "-ldflags=-s -w -X main.text=linked", "-trimpath=true", "-gcflags=all=-d=checkptr=0")
	if want := kernelSays + "special linked overlaid\n"; got != want {
		t.Errorf("the program printed %q, want %q", got, want)
	}
}
