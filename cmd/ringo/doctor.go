package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringo-os/ringo/qemu"
	"github.com/ringo-os/ringo/toolchain"
)

func newDoctor(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Say what this computer lacks, and how to get it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !examine(cmd.Context(), cmd.OutOrStdout(), s.trace) {
				return exitStatus{code: 1}
			}
			return nil
		},
	}
}

// examine looks at all that ringo needs, and reports whether it is there.
func examine(ctx context.Context, out io.Writer, trace bool) bool {
	healthy := true
	finding := func(ok bool, format string, args ...any) {
		mark := "ok       "
		if !ok {
			mark, healthy = "missing  ", false
		}
		fmt.Fprintln(out, mark+fmt.Sprintf(format, args...))
	}
	options := toolchain.Options{Stderr: out}
	if trace {
		options.Trace = os.Stderr
	}
	tc, err := toolchain.Find(ctx, options)
	if err == nil {
		_, err = tc.Release(toolchain.Supported)
	}
	if err != nil {
		finding(false, "Go: %v", err)
	} else {
		finding(true, "Go: %s in %s", tc.Version, tc.GOROOT)
	}
	if tc != nil {
		if err := tc.CheckCache(); err != nil {
			finding(false, "cache: %v", err)
		} else {
			finding(true, "cache: %s", tc.Cache)
		}
	}
	if version, err := exec.CommandContext(ctx, qemu.Program, "--version").Output(); err != nil {
		finding(false, "QEMU: %v", qemu.ErrMissing)
	} else {
		line, _, _ := strings.Cut(string(version), "\n")
		finding(true, "QEMU: %s", line)
	}
	if qemu.KVM() {
		fmt.Fprintln(out, "note     KVM: /dev/kvm is there; --accel kvm may make machines faster")
	} else {
		fmt.Fprintln(out, "note     KVM: /dev/kvm cannot be used; machines are emulated, which works but is slower")
	}
	return healthy
}
