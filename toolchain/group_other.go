//go:build !unix

package toolchain

import (
	"os"
	"os/exec"
)

func group(*exec.Cmd) {}

// signalGroup does nothing: who has started us signals the others as well.
func signalGroup(*os.Process, os.Signal) {}

func shellStatus(p *os.ProcessState) int { return p.ExitCode() }
