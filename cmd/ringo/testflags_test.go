package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestParseTest: what is go test's stays as it is, what is ours is taken out, and packages are found where go test
// finds them.
func TestParseTest(t *testing.T) {
	t.Parallel()
	absolute, err := filepath.Abs("data")
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]struct{ packages, build, flags, rest, own string }{
		"":                                      {},
		"./...":                                 {packages: "./..."},
		"-v ./a ./b -short":                     {packages: "./a ./b", flags: "-v=true -short=true"},
		"-run X . -tags a,b":                    {packages: ".", build: "-tags=a,b", flags: "-run=X"},
		"-run=X --run Y -test.run Z -test.v":    {flags: "-run=X -run=Y -run=Z -v=true"},
		"-gcflags=all=-N -race=false -trimpath": {build: "-gcflags=all=-N -race=false -trimpath=true"},
		"-m 512M . --smp 2 -v -e=A=b":           {packages: ".", flags: "-v=true", own: "--memory=512M --smp=2 --env=A=b"},
		"--smp=2 --syscalls -count 2 .":         {packages: ".", flags: "-count=2", own: "--smp=2 --syscalls=true"},
		"--file data --export=data":             {own: "--file=" + absolute + " --export=" + absolute},
		"-run --smp 2":                          {packages: "2", flags: "-run=--smp"},
		"-trace x -p 3 -x":                      {flags: "-trace=x -p=3 -x=true"},
		"-smp 2":                                {rest: "-smp 2"},
		// The tests' own flags.
		"-update":                           {rest: "-update"},
		"-update .":                         {rest: "-update ."},
		". -update -v x -short":             {packages: ".", flags: "-v=true", rest: "-update x -short"},
		". -s val -v":                       {packages: ".", flags: "-v=true", rest: "-s val"},
		". -s=val more -v --smp 2":          {packages: ".", rest: "-s=val more -v --smp 2"},
		". -v more -short":                  {packages: ".", flags: "-v=true", rest: "more -short"},
		". -args -v --smp 2":                {packages: ".", rest: "-args -v --smp 2"},
		". -- -v":                           {packages: ".", rest: "-- -v"},
		"-update --smp 2 -v":                {flags: "-v=true", rest: "-update", own: "--smp=2"},
		"-vet=off -vet printf,atomic -C up": {},
	} {
		c, err := parseTest(strings.Fields(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		r := c.request
		for what, pair := range map[string][2]string{
			"packages":         {strings.Join(r.Packages, " "), want.packages},
			"flags for build":  {strings.Join(r.Build, " "), want.build},
			"flags":            {strings.Join(r.Flags, " "), want.flags},
			"rest":             {strings.Join(r.Rest, " "), want.rest},
			"flags of our own": {strings.Join(c.own, " "), want.own},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %s are %q, want %q", line, what, pair[0], pair[1])
			}
		}
	}
	c, err := parseTest(strings.Fields("-q -vet printf,atomic -C up -x --help"))
	if err != nil || !c.quiet || !c.trace || !c.help || c.dir != "up" || c.request.Vet != "printf,atomic" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestParseTestRefuses(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"-exec x":            "leave -exec out",
		"-fuzz X .":          "run `go test -fuzz` without Ringo",
		"-test.fuzz=X .":     "run `go test -fuzz` without Ringo",
		"-coverpkg=./a,all":  "-coverpkg=./... names",
		"-run":               "the flag -run needs a value",
		"--smp":              "the flag --smp needs a value",
		"--smp x":            "--smp x: ",
		"--syscalls=perhaps": "--syscalls=perhaps",
	} {
		if c, err := parseTest(strings.Fields(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v", line, c, err)
		}
	}
	if _, err := parseTest([]string{"-fuzz="}); err != nil {
		t.Error(err)
	}
}

// TestGoTestFlags: the flags that the go command's help shows are known, and whether they take a value.
func TestGoTestFlags(t *testing.T) {
	t.Parallel()
	var help []byte
	for _, topic := range []string{"testflag", "test", "build"} {
		out, err := exec.CommandContext(t.Context(), "go", "help", topic).Output()
		if err != nil {
			t.Fatal(err)
		}
		help = append(help, out...)
	}
	flags := regexp.MustCompile(`(?m)^\t-([a-zA-Z]+)( .*)?$`).FindAllSubmatch(help, -1)
	if len(flags) < 60 {
		t.Errorf("only %d flags in the go command's help", len(flags))
	}
	for _, f := range flags {
		name := string(f[1])
		if slices.Contains([]string{"args"}, name) {
			continue
		}
		known, _, boolean := goTestFlag(name)
		if takes := strings.TrimSpace(string(f[2])) != ""; !known || boolean == takes {
			t.Errorf("-%s%s: known %v, a switch %v", name, f[2], known, boolean)
		}
	}
}
