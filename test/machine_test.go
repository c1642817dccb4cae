package test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ringo-os/ringo/qemu"
)

func TestHello(t *testing.T) {
	for _, machine := range qemu.Machines {
		for _, memory := range []qemu.Size{8 << 20, 64 << 20, 16 << 30} {
			t.Run(fmt.Sprintf("%s/%s", machine, memory), func(t *testing.T) {
				t.Parallel()
				c := bare(t, "hello")
				c.Machine, c.Memory = machine, memory
				if got := boot(t, c); got != (result{"hello\n", 0}) {
					t.Errorf("%+v", got)
				}
			})
		}
	}
}

// TestByHand boots as a hypervisor does that knows nothing of Ringo: with no argument at all.
func TestByHand(t *testing.T) {
	t.Parallel()
	file := image(t, "hello")
	for _, machine := range []string{"microvm", "pc", "q35"} {
		out, err := exec.CommandContext(t.Context(), qemu.Program, "-M", machine, "-nodefaults", "-display", "none",
			"-serial", "stdio", "-no-reboot", "-m", "64", "-cpu", "max", "-kernel", file).CombinedOutput()
		if err != nil || string(out) != "hello\n" {
			t.Errorf("%s: %q, %v", machine, out, err)
		}
	}
}

func TestExitStatus(t *testing.T) {
	for _, status := range []int{0, 1, 2, 77, 127, 128, 254, 255} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			if got := boot(t, bare(t, "basic", "exit", fmt.Sprint(status))); got != (result{"", status}) {
				t.Errorf("%+v", got)
			}
		})
	}
	t.Run("ringo run", func(t *testing.T) {
		t.Parallel()
		for _, want := range []int{0, 3, 255} {
			if got := ringoRun(t, "", image(t, "basic"), "--", "exit", fmt.Sprint(want)); got != (result{"", want}) {
				t.Errorf("%+v, want status %d", got, want)
			}
		}
	})
}

// awkward are words that a shell, QEMU or a parser of command lines could stumble over.
var awkward = []string{"", " ", "a b", "  two  spaces  ", "it's", `"quoted"`, `back\slash`, `\`, "$HOME `x` *", "--", "-",
	"-x=y", "äöü ÿ 漢字 🦜", "tab\tand\nnewline", "a,b,,c", "#comment", "quiet", "ip=dhcp", "env.A=b", "virtio_mmio.device=1",
	strings.Repeat("long", 200)}

// TestExits: of many that end the program at once, one does.
func TestExits(t *testing.T) {
	for _, cores := range []int{2, 4, 8} {
		t.Run(fmt.Sprint(cores), func(t *testing.T) {
			t.Parallel()
			for range 10 {
				c := bare(t, "basic", "exits")
				c.Cores = cores
				if r := boot(t, c); r != (result{"", 7}) {
					t.Fatalf("%+v", r)
				}
			}
		})
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	c := bare(t, "basic", append([]string{"args"}, awkward...)...)
	c.Words = []string{"arg0=/usr/bin/the name"}
	r := boot(t, c)
	var got []string
	if err := json.Unmarshal([]byte(r.output), &got); err != nil {
		t.Fatalf("%v: %q", err, r.output)
	}
	if want := append([]string{"/usr/bin/the name", "args"}, awkward...); !slices.Equal(got, want) {
		t.Errorf("os.Args = %q,\nwant %q", got, want)
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	c := bare(t, "basic", "env")
	for i, word := range awkward {
		c.Environment = append(c.Environment, fmt.Sprintf("V%d=%s", i, word))
	}
	c.Environment = append(c.Environment, "ÄÖ=1", "lower.dots=2", "A=B=C")
	r := boot(t, c)
	var got []string
	if err := json.Unmarshal([]byte(r.output), &got); err != nil {
		t.Fatalf("%v: %q", err, r.output)
	}
	for _, want := range c.Environment {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in os.Environ() = %q", want, got)
		}
	}
}

func TestStreams(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]string{
		"streams": "to stdout\nto stderr\nthrough print\n",
		"return":  "no newline at the end",
	} {
		if got := boot(t, bare(t, "basic", mode)); got != (result{want, 0}) {
			t.Errorf("%+v", got)
		}
	}
}

// TestStdin types on the console; Ctrl-D ends the input, as on a terminal.
func TestStdin(t *testing.T) {
	t.Parallel()
	m := start(t, bare(t, "basic", "stdin"))
	m.expect("ready")
	m.Console.Send("one\ntwo äöü\n\x04")
	if r := m.wait(); r.status != 0 || !strings.Contains(r.output, `"one\ntwo äöü\n" <nil>`) {
		t.Errorf("status %d\n%s", r.status, r.output)
	}

	m = start(t, bare(t, "basic", "line"))
	m.expect("ready")
	for _, line := range []string{"first", "", strings.Repeat("x", 2000), "end"} {
		m.Console.Send(line + "\n")
		m.expect("[" + line + "]")
	}
	if r := m.wait(); r.status != 0 {
		t.Errorf("status %d\n%s", r.status, r.output)
	}
}

// TestRunStdin: what is piped into ringo run arrives, and ends.
func TestRunStdin(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("A line of text that goes into the machine.\n", 1000)
	r := ringoRun(t, text, image(t, "basic"), "--", "stdin")
	if want := fmt.Sprintf("%q <nil>\n", text); r.status != 0 || !strings.HasSuffix(r.output, want) {
		t.Errorf("status %d: %.200q", r.status, r.output)
	}
}

// TestSentences: a machine that cannot work says why, in a sentence, and stops.
func TestSentences(t *testing.T) {
	corrupt := filepath.Join(t.TempDir(), "corrupt.cpio")
	if err := os.WriteFile(corrupt, []byte(strings.Repeat("this is no archive ", 1000)), 0o666); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.cpio")
	header := "070701" + strings.Repeat("00000001", 11) + "00000008" + "00000000" + "longname"
	if err := os.WriteFile(cut, []byte(header), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*qemu.Config)
		want   []string
	}{
		"unknown word":    {func(c *qemu.Config) { c.Words = []string{"consoel=ttyS1"} }, []string{"consoel=ttyS1", "console="}},
		"another word":    {func(c *qemu.Config) { c.Words = []string{"loglevel=7"} }, []string{"loglevel=7"}},
		"ip, no network":  {func(c *qemu.Config) { c.Words = []string{"ip=10.0.2.15/24"} }, []string{"network interface"}},
		"bad ip":          {func(c *qemu.Config) { c.Words = []string{"ip=10.0.2.300/24"} }, []string{"10.0.2.300"}},
		"bad console":     {func(c *qemu.Config) { c.Words = []string{"console=tty7"} }, []string{"console"}},
		"bad environment": {func(c *qemu.Config) { c.Words = []string{"env.NAME"} }, []string{"env.NAME"}},
		"little memory":   {func(c *qemu.Config) { c.Memory = 6 << 20 }, []string{"memory"}},
		"no long mode":    {func(c *qemu.Config) { c.CPU = "qemu32" }, []string{"64"}},
		"corrupt archive": {func(c *qemu.Config) { c.Initrd = corrupt }, []string{"initramfs"}},
		"cut archive":     {func(c *qemu.Config) { c.Initrd = cut }, []string{"initramfs"}},
	} {
		for _, machine := range []qemu.Machine{qemu.MicroVM, qemu.Q35} {
			t.Run(name+"/"+string(machine), func(t *testing.T) {
				t.Parallel()
				c := bare(t, "net", "idle")
				c.Machine = machine
				test.change(&c)
				m := start(t, c)
				r := m.finish()
				if r.status == 0 {
					t.Error("exit status 0")
				}
				for _, want := range test.want {
					if !strings.Contains(r.output, want) {
						t.Errorf("no %q in:\n%s", want, r.output)
					}
				}
				if lines := strings.Count(r.output, "\n"); lines == 0 || lines > 3 || strings.Contains(r.output, "goroutine") {
					t.Errorf("not a sentence:\n%s", r.output)
				}
			})
		}
	}
}

// TestTooLittleMemory: a machine into which the image does not even fit is not started.
func TestTooLittleMemory(t *testing.T) {
	t.Parallel()
	r := ringoRun(t, "", "-m", "4M", image(t, "basic"), "--", "exit", "0")
	if r.status == 0 || !strings.Contains(r.output, "memory") {
		t.Errorf("status %d: %s", r.status, r.output)
	}
}
