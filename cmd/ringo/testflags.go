package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ringo-os/ringo/toolchain"
)

// The command line of ringo test is go test's, with flags of ours in between. It is read as cmd/go reads it
// (testflag.go there), and what is go test's is handed on as it is.

// goTestFlags are the flags that go test knows, beside those of go build in goFlags, and whether they are switches,
// which take no value but behind a =. All others are flags of the tests' own.
var goTestFlags = map[string]bool{
	"artifacts": true, "bench": false, "benchmem": true, "benchtime": false, "blockprofile": false,
	"blockprofilerate": false, "c": true, "count": false, "cover": true, "covermode": false, "coverpkg": false,
	"coverprofile": false, "cpu": false, "cpuprofile": false, "exec": false, "failfast": true, "fullpath": true,
	"fuzz": false, "fuzzminimizetime": false, "fuzztime": false, "json": true, "list": false, "memprofile": false,
	"memprofilerate": false, "mutexprofile": false, "mutexprofilefraction": false, "o": false, "outputdir": false,
	"parallel": false, "run": false, "short": true, "shuffle": false, "skip": false, "timeout": false, "trace": false,
	"v": true, "vet": false,
	// Flags of go build that matter to neither go list nor go vet.
	"C": false, "n": true, "p": false, "work": true, "x": true, "debug-actiongraph": false, "debug-trace": false,
}

// alsoBuild are flags of go build that only the go command needs to know, beside those in goFlags.
var alsoBuild = map[string]bool{"gccgoflags": false, "installsuffix": false, "modcacherw": true, "pkgdir": false}

// ourLetters are the flags of ours that have one dash: no flags of go test's. Our others have two.
const ourLetters = "hmewq"

// A testCommand is a command line of ringo test, read.
type testCommand struct {
	request toolchain.TestRequest
	dir     string   // of -C
	own     []string // flags for ringo exec
	quiet   bool
	trace   bool
	help    bool
}

// parseTest reads a command line.
func parseTest(args []string) (*testCommand, error) {
	c := &testCommand{}
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	(&execFlags{}).register(set)
	packages, seen, afterFlag := false, false, false // as in cmd/go: where packages may stand
	for len(args) > 0 {
		word := args[0]
		wasAfterFlag := afterFlag
		afterFlag = false
		if flag, isOurs := ours(set, word); isOurs {
			rest, err := c.takeOurs(flag, args)
			if err != nil {
				return nil, err
			}
			args = rest
			continue
		}
		if word == "--" || word == "-args" || word == "--args" {
			c.request.Rest = append(c.request.Rest, args...)
			break
		}
		if len(word) < 2 || word[0] != '-' {
			if seen && !packages && !wasAfterFlag {
				c.request.Rest = append(c.request.Rest, args...)
				break
			}
			if seen && !packages {
				c.request.Rest = append(c.request.Rest, word)
			} else {
				packages, seen = true, true
				c.request.Packages = append(c.request.Packages, word)
			}
			args = args[1:]
			continue
		}
		packages = false
		name, value, given := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(word, "-"), "-"), "=")
		known, build, boolean := goTestFlag(strings.TrimPrefix(name, "test."))
		args = args[1:]
		switch {
		case !known:
			// What follows may be its value: no packages any more.
			seen = true
			afterFlag = !given
			c.request.Rest = append(c.request.Rest, word)
			continue
		case given:
		case boolean:
			value = "true"
		case len(args) == 0:
			return nil, fmt.Errorf("the flag -%s needs a value", name)
		default:
			value, args = args[0], args[1:]
		}
		if err := c.take(strings.TrimPrefix(name, "test."), value, build); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// goTestFlag looks a flag up: whether go test knows it, whether it is one of go build's, and whether it is a switch.
func goTestFlag(name string) (known, build, boolean bool) {
	if boolean, known = goTestFlags[name]; known {
		return true, false, boolean
	}
	if boolean, known = alsoBuild[name]; known {
		return true, true, boolean
	}
	for _, f := range goFlags {
		if f.name == name {
			return true, true, isSwitch(f.argument)
		}
	}
	return false, false, false
}

// take takes a flag of go test's.
func (c *testCommand) take(name, value string, build bool) error {
	word := "-" + name + "=" + value
	switch {
	case build:
		c.request.Build = append(c.request.Build, word)
		return nil
	case name == "C":
		c.dir = value
		return nil
	case name == "vet":
		c.request.Vet = value
		return nil
	case name == "exec":
		return fmt.Errorf("ringo test boots the tests itself: leave -exec out, or run `go test -exec` with the flags that `ringo goflags` prints")
	case name == "fuzz" && value != "":
		return fmt.Errorf("a machine runs a single program, and -fuzz lets several work: run `go test -fuzz` without Ringo to find inputs; " +
			"ringo test tries those in testdata/fuzz")
	case name == "coverpkg" && slices.ContainsFunc(strings.Split(value, ","), func(p string) bool { return p == "all" || p == "std" || p == "..." }):
		return fmt.Errorf("-coverpkg=%s would cover the runtime and the kernel below it, too: -coverpkg=./... names the packages of your module", value)
	case name == "x" && value == "true":
		c.trace = true
	}
	c.request.Flags = append(c.request.Flags, word)
	return nil
}

// ours finds the flag of ours that a word is: one with two dashes, or one of a few letters.
func ours(set *pflag.FlagSet, word string) (*pflag.Flag, bool) {
	name, long := strings.CutPrefix(word, "--")
	if long {
		name, _, _ = strings.Cut(name, "=")
		switch name {
		case "help", "quiet":
			return &pflag.Flag{Name: name, NoOptDefVal: "true"}, true
		}
		flag := set.Lookup(name)
		return flag, flag != nil
	}
	name, short := strings.CutPrefix(word, "-")
	name, _, _ = strings.Cut(name, "=")
	if !short || len(name) != 1 || !strings.Contains(ourLetters, name) {
		return nil, false
	}
	switch name {
	case "h":
		return &pflag.Flag{Name: "help", NoOptDefVal: "true"}, true
	case "q":
		return &pflag.Flag{Name: "quiet", NoOptDefVal: "true"}, true
	}
	flag := set.ShorthandLookup(name)
	return flag, flag != nil
}

// pathFlags are those of our flags whose values are paths. The machines are started in the packages' folders.
var pathFlags = []string{"file", "export"}

// takeOurs takes a flag of ours, with its value, from the front of args, and returns the others.
func (c *testCommand) takeOurs(flag *pflag.Flag, args []string) (rest []string, err error) {
	word, rest := args[0], args[1:]
	_, value, given := strings.Cut(word, "=")
	switch {
	case given:
	case flag.NoOptDefVal != "":
		value = flag.NoOptDefVal
	case len(rest) == 0:
		return nil, fmt.Errorf("the flag %s needs a value", word)
	default:
		value, rest = rest[0], rest[1:]
	}
	switch flag.Name {
	case "help":
		c.help = true
		return rest, nil
	case "quiet":
		c.quiet = value == "true"
		return rest, nil
	}
	if slices.Contains(pathFlags, flag.Name) || flag.Name == "qemu" && strings.ContainsRune(value, filepath.Separator) {
		if value, err = filepath.Abs(value); err != nil {
			return nil, err
		}
	}
	if err := flag.Value.Set(value); err != nil {
		return nil, fmt.Errorf("%s %s: %v", word, value, err)
	}
	c.own = append(c.own, "--"+flag.Name+"="+value)
	return rest, nil
}
