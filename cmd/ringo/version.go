package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/ringo-os/ringo/toolchain"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the Go versions that it works with",
		Args:  cobra.NoArgs,
		Run: func(cmd *cobra.Command, args []string) {
			version := "(unknown)"
			if info, ok := debug.ReadBuildInfo(); ok {
				version = info.Main.Version
				for _, setting := range info.Settings {
					if setting.Key == "vcs.revision" {
						version += " " + setting.Value
					}
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "ringo %s, for %s\n", version, toolchain.SupportedVersions())
		},
	}
}
