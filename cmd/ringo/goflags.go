package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// buildFlags are the flags that go to go build as they are.
type buildFlags struct {
	values []*goFlag
}

// A goFlag collects the uses of one flag of go build.
type goFlag struct {
	name, kind string
	set        *[]string
}

func (f *goFlag) String() string { return "" }
func (f *goFlag) Type() string   { return f.kind }
func (f *goFlag) Set(v string) error {
	*f.set = append(*f.set, "-"+f.name+"="+v)
	return nil
}

func (b *buildFlags) register(set *pflag.FlagSet) {}

func (b *buildFlags) words() []string { return nil }

// goStyle lets flags be written as the go command's are, with one dash: -tags=x.
func goStyle(root *cobra.Command, args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if a == "--" {
			copy(out[i:], args[i:])
			break
		}
		out[i] = a
		if len(a) > 2 && a[0] == '-' && a[1] != '-' {
			name, _, _ := strings.Cut(a[1:], "=")
			for _, c := range root.Commands() {
				if c.Flags().Lookup(name) != nil {
					out[i] = "-" + a
				}
			}
		}
	}
	return out
}
