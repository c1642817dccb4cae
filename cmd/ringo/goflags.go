package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newGoFlags(s *session) *cobra.Command {
	flags := &buildFlags{}
	cmd := &cobra.Command{
		Use:   "goflags [FLAGS] [PACKAGES]",
		Short: "Print GOFLAGS with which go test builds for the machine",
		Long: `Goflags prints a value for GOFLAGS with which go test builds the tests of PACKAGES
(those in the current folder if there are none) with the kernel under them. Each
test binary then runs in a machine of its own:

  export GOFLAGS="$(ringo goflags ./...)" CGO_ENABLED=0 GOOS=linux GOARCH=amd64
  go test -exec 'ringo exec' ./...

ringo test does all of this. Your own GOFLAGS are part of it. Print it again when packages gain or lose tests.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			tc, overlay, done, err := s.toolchain(cmd.Context(), "", os.Stderr)
			if err != nil {
				return err
			}
			defer done()
			value, err := tc.GoFlags(cmd.Context(), overlay, args, flags.words)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), value)
			return nil
		},
	}
	flags.register(cmd.Flags())
	return cmd
}

// buildFlags collects the flags that are handed to go build as they are.
type buildFlags struct {
	words []string
}

// goFlags are those flags, with what they take ("" for switches, in brackets for what a switch takes behind a =) and
// what they do.
var goFlags = []struct{ name, argument, use string }{
	{"asmflags", "[PATTERN=]FLAGS", "flags for the assembler"},
	{"buildvcs", "[WHICH]", "stamp the image with version control information: true, false or auto"},
	{"gcflags", "[PATTERN=]FLAGS", "flags for the compiler"},
	{"ldflags", "[PATTERN=]FLAGS", "flags for the linker"},
	{"mod", "MODE", "module download mode: readonly, vendor or mod"},
	{"modfile", "FILE", "use another go.mod"},
	{"overlay", "FILE", "an overlay of your own; Ringo's is laid over it"},
	{"pgo", "FILE", "profile to optimise by; without this flag there is none"},
	{"tags", "TAGS", "build tags"},
	{"toolexec", "COMMAND", "a program that runs the toolchain's programs"},
	{"trimpath", "", "remove file system paths from the image"},
	{"a", "", "rebuild packages that are up to date"},
	{"race", "", ""}, {"msan", "", ""}, {"asan", "", ""}, // refused by name
	{"buildmode", "MODE", ""}, {"compiler", "NAME", ""}, {"linkshared", "", ""},
}

func (b *buildFlags) register(set *pflag.FlagSet) {
	for _, f := range goFlags {
		flag := set.VarPF(&goFlag{name: f.name, argument: f.argument, to: b}, f.name, "", "go build: "+f.use)
		if isSwitch(f.argument) {
			flag.NoOptDefVal = "true"
		}
		flag.Hidden = f.use == ""
	}
}

// isSwitch reports whether a flag that takes such an argument can stand without it.
func isSwitch(argument string) bool { return argument == "" || argument == "[WHICH]" }

// A goFlag is one of them, as package pflag wants it.
type goFlag struct {
	name, argument string
	to             *buildFlags
}

func (f *goFlag) String() string { return "" }

func (f *goFlag) Type() string {
	if f.argument == "" {
		return "bool"
	}
	return f.argument
}

func (f *goFlag) Set(value string) error {
	f.to.words = append(f.to.words, "-"+f.name+"="+value)
	return nil
}

// goStyle lets long flags be written as the go command's are, with one dash: -tags=x is --tags=x.
func goStyle(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil || cmd.DisableFlagParsing { // it does so itself
		return args
	}
	out := append([]string(nil), args...)
	interspersed := cmd.Name() != "exec"
	for i, a := range out {
		if a == "--" || !interspersed && i > 0 && !strings.HasPrefix(a, "-") && !strings.HasPrefix(out[i-1], "-") {
			break // what follows is the program's
		}
		if len(a) > 2 && a[0] == '-' && a[1] != '-' {
			name, _, _ := strings.Cut(a[1:], "=")
			if cmd.Flags().Lookup(name) != nil || cmd.InheritedFlags().Lookup(name) != nil {
				out[i] = "-" + a
			}
		}
	}
	return out
}
