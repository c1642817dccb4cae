package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// std are the packages whose tests a machine should pass: the runtime and what is nearest to it, and what
// meets the system.
var std = []string{
	"sync", "sync/atomic", "context", "time", "internal/runtime/...", "runtime",
	"os", "io/...", "path/filepath", "syscall", "internal/poll", "net", "net/http", "crypto/tls",
	"os/signal", "log/syslog", "testing/synctest", "embed/...", "archive/...", "compress/...",
}

// needs is what the tests of some packages need beside their own folder and 1 GiB: more memory, or files of
// GOROOT.
var needs = map[string]struct {
	memory string
	files  []string
}{
	"runtime":       {memory: "4G"},
	"time":          {files: []string{"lib/time"}},
	"io/ioutil":     {files: []string{"src/io/io_test.go"}},
	"path/filepath": {files: []string{"src/unicode"}},
	"net":           {memory: "2G", files: []string{"lib/time", "src/testdata"}},
	"net/http":      {memory: "2G", files: []string{"lib/time"}},
	"crypto/tls":    {memory: "2G"},
	"archive/zip":   {memory: "2G"},
}

// compressed are the files that the tests of compress/... share.
var compressed = []string{"src/compress/testdata", "src/testdata"}

const defaultMemory = "1G"

// packages resolves patterns to the packages that have tests.
func (r *runner) packages(ctx context.Context, patterns []string) ([]string, error) {
	if len(patterns) == 0 {
		patterns = std
	}
	const withTests = "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}"
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-f", withTests}, patterns...)...)
	cmd.Dir = r.source()
	cmd.Env = append(cmd.Environ(), machineSettings...)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %v", strings.Join(patterns, " "), err)
	}
	return strings.Fields(string(out)), nil
}
