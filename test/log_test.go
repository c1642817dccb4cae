package test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringo-os/ringo/qemu"
	"github.com/u-root/u-root/pkg/cpio"
	"golang.org/x/sys/unix"
)

// A logServer is a syslog server on this host that keeps what it gets.
type logServer struct {
	network string
	port    int

	mu       sync.Mutex
	messages []string
	wrong    error
}

// serveLog starts a server on a port, 0 for any.
func serveLog(t *testing.T, network string, port int) *logServer {
	t.Helper()
	s := &logServer{network: network}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	if network == "udp" {
		c, err := net.ListenPacket("udp4", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		roomFor(t, c.(*net.UDPConn), 4<<20)
		s.port = c.LocalAddr().(*net.UDPAddr).Port
		go func() {
			for p := make([]byte, 65536); ; {
				n, _, err := c.ReadFrom(p)
				if err != nil {
					return
				}
				s.add(string(p[:n]))
			}
		}()
		return s
	}
	l, err := net.Listen("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s.port = l.Addr().(*net.TCPAddr).Port
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.receive(c)
		}
	}()
	return s
}

// roomFor lets the system keep so many bytes of datagrams until this process gets a processor: the last words of a machine are
// many, and come all at once. Only root gets more than net.core.rmem_max.
func roomFor(t *testing.T, c *net.UDPConn, size int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size) != nil {
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, size)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// receive takes messages with their lengths before them, and what package log/syslog sends: lines without.
func (s *logServer) receive(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		var n int
		if first, err := r.Peek(1); err == nil && first[0] == '<' {
			line, _ := r.ReadString('\n')
			s.add(line)
			continue
		}
		if _, err := fmt.Fscanf(r, "%d ", &n); err != nil {
			if err != io.EOF {
				s.fail(err)
			}
			return
		}
		p := make([]byte, n)
		if _, err := io.ReadFull(r, p); err != nil {
			s.fail(err)
			return
		}
		s.add(string(p))
	}
}

func (s *logServer) add(message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, message)
}

func (s *logServer) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = err
}

func (s *logServer) all(t *testing.T) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wrong != nil {
		t.Error(s.wrong)
	}
	return slices.Clone(s.messages)
}

// wait waits until a message has come that ends in text.
func (s *logServer) wait(t *testing.T, text string) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if slices.ContainsFunc(s.all(t), func(m string) bool { return strings.HasSuffix(m, text) }) {
			return
		}
		if time.Since(begin) > programTimeout {
			t.Fatalf("no %q in\n%q", text, s.all(t))
		}
	}
}

// word is the one on the kernel command line for s.
func (s *logServer) word() string {
	return fmt.Sprintf("log=%s://%s:%d", s.network, hostAddress, s.port)
}

var rfc5424 = regexp.MustCompile(`^<(\d+)>1 (\S+) (\S+) (\S+) (\S+) (\S+) - (.*)$`)

// plain returns the messages, each as its priority, names and text, without the times, which are looked at.
func (s *logServer) plain(t *testing.T) (list []string) {
	t.Helper()
	for _, m := range s.all(t) {
		f := rfc5424.FindStringSubmatch(m)
		if f == nil {
			t.Errorf("not as RFC 5424 has it: %q", m)
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, f[2])
		if age := time.Since(at); err != nil || age < -2*time.Second || age > 5*time.Minute {
			t.Errorf("the time of %q: %v", m, err)
		}
		list = append(list, strings.Join(append(f[1:2], f[3:]...), " "))
	}
	return list
}

// logging is a machine that runs testdata/log with s as the server of its log.
func logging(t *testing.T, s *logServer, arguments ...string) qemu.Config {
	t.Helper()
	return qemu.Config{Image: image(t, "log"), Memory: 128 << 20, Arguments: arguments, Words: []string{s.word(), "hostname=box", "arg0=/bin/prog"}}
}

var networks = []string{"udp", "tcp"}

// TestLog: every line that the program writes gets to the server, and to the console.
func TestLog(t *testing.T) {
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			s := serveLog(t, network, 0)
			r := boot(t, logging(t, s, "lines"))
			want := []string{
				"30 box prog 1 stdout to standard output", "29 box prog 1 stderr to standard error", "29 box prog 1 stderr by package log",
				"29 box prog 1 runtime by the runtime", "30 box prog 1 stdout in pieces", "30 box prog 1 stdout and more",
				"30 box prog 1 stdout by its name", "30 box prog 1 stdout without an end",
			}
			s.wait(t, "without an end")
			got := s.plain(t)
			slices.Sort(got) // what the runtime writes goes its own way
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%q", got)
			}
			console := "to standard output\nto standard error\nby package log\nby the runtime\nin pieces\nand more\r\n\nby its name\nwithout an end"
			if r.status != 0 || r.output != console {
				t.Errorf("status %d\n%q", r.status, r.output)
			}
		})
	}
}

// TestLogEnds: the last words of a program that ends badly get there, too.
func TestLogEnds(t *testing.T) {
	for _, network := range networks {
		for _, test := range []struct{ mode, want, last string }{
			{"panic", "30 box prog 1 stdout before\n26 box prog 1 panic panic: it breaks\n26 box prog 1 panic goroutine 1 [running]:\n", "main.main()"},
			{"fatal", "the last word", "the last word"},
		} {
			t.Run(network+" "+test.mode, func(t *testing.T) {
				t.Parallel()
				s := serveLog(t, network, 0)
				r := boot(t, logging(t, s, test.mode))
				s.wait(t, test.last)
				if got := strings.Join(s.plain(t), "\n"); !strings.Contains(got, test.want) || r.status == 0 {
					t.Errorf("status %d\n%s", r.status, got)
				}
			})
		}
	}
}

// TestLogDies: what the runtime says when it gives up gets to a server that takes datagrams, as does what was written before.
func TestLogDies(t *testing.T) {
	for _, test := range []struct{ mode, first, last string }{
		{"deadlock", "fatal error: all goroutines are asleep - deadlock!", "main.main()"},
		{"unlock", "fatal error: sync: unlock of unlocked mutex", "main.main()"},
		{"memory", "runtime: out of memory: cannot allocate ", "created by runtime.gcenable in goroutine 1"}, // several threads may say so at once, and main run on one
		{"waits", "SIGQUIT: quit", "main.main()"},
		{"crash", "fatal error: sync: unlock of unlocked mutex", "ringo: the rest is on the console"},
	} {
		for _, cores := range []int{1, 4} {
			t.Run(fmt.Sprint(test.mode, "/", cores), func(t *testing.T) {
				t.Parallel()
				s := serveLog(t, "udp", 0)
				c := logging(t, s, test.mode)
				c.Cores = cores
				m := start(t, c)
				s.wait(t, "before") // it has been reached
				if test.mode == "waits" {
					m.Console.Send("\x1c")
				} else {
					m.Console.Send("\n")
				}
				r := m.wait()
				s.wait(t, test.last)
				got := strings.Join(s.plain(t), "\n")
				if !strings.HasPrefix(got, "30 box prog 1 stdout before\n") {
					t.Errorf("what comes first is %.100q", got)
				}
				if !strings.Contains(got, "\n26 box prog 1 fatal "+test.first) || r.status != 2 {
					t.Errorf("status %d\n%s", r.status, got)
				}
			})
		}
	}
}

// TestLogByName: the server has a name, which name servers or /etc/hosts know, perhaps not at first.
func TestLogByName(t *testing.T) {
	for _, test := range []struct{ network, name, dns string }{
		{"udp", "logs.example", hostAddress}, {"tcp", "logs.example", hostAddress}, {"tcp", "late.example", hostAddress},
		{"udp", "fromhosts", "192.0.2.1"},
	} {
		t.Run(test.network+" "+test.name, func(t *testing.T) {
			t.Parallel()
			serveNames(t)
			s := serveLog(t, test.network, 0)
			c := logging(t, s, "late")
			c.Words[0] = fmt.Sprintf("log=%s://%s:%d", test.network, test.name, s.port)
			c.Words = append(c.Words, "dns="+test.dns)
			c.Initrd = archive(t, cpio.Directory("etc", 0o755), cpio.StaticFile("etc/hosts", hostAddress+" fromhosts\n", 0o644))
			m := start(t, c)
			s.wait(t, "before the server is there")
			m.Console.Send("\n")
			s.wait(t, "and now")
			m.Console.Send("\n")
			if r := m.wait(); r.status != 0 || strings.Contains(r.output, "looking up") != (test.name == "late.example") {
				t.Errorf("status %d\n%s", r.status, r.output)
			}
		})
	}
	t.Run("nobody knows it", func(t *testing.T) {
		t.Parallel()
		serveNames(t)
		c := logging(t, &logServer{network: "udp", port: 514}, "fatal")
		c.Words[0] = "log=udp://missing.example"
		c.Words = append(c.Words, "dns="+hostAddress)
		const want = "ringo: the log's server udp://missing.example:514 cannot be reached: looking up missing.example: the name servers know no address of it;"
		if r := boot(t, c); r.status != 1 || !strings.Contains(r.output, want) {
			t.Errorf("status %d\n%s", r.status, r.output)
		}
	})
}

// TestLogDeadlock: a program that is deadlocked is told so, whether the server is there or not.
func TestLogDeadlock(t *testing.T) {
	for _, there := range []bool{true, false} {
		t.Run(fmt.Sprint(there), func(t *testing.T) {
			t.Parallel()
			s := &logServer{network: "tcp", port: int(freePort(t, "tcp"))}
			if there {
				s = serveLog(t, "tcp", 0)
			}
			m := start(t, logging(t, s, "deadlock"))
			m.expect("before")
			m.Console.Send("\n")
			if r := m.wait(); r.status != 2 || !strings.Contains(r.output, "fatal error: all goroutines are asleep - deadlock!") {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestLogLocal: package log/syslog finds the machine's log, and other servers.
func TestLogLocal(t *testing.T) {
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			s := serveLog(t, network, 0)
			r := boot(t, logging(t, s, "local", network, fmt.Sprintf("%s:%d", hostAddress, s.port)))
			s.wait(t, "a detail")
			s.wait(t, "straight to the server\n")
			var got, direct []string
			for _, m := range s.all(t) {
				if f := rfc5424.FindStringSubmatch(m); f != nil {
					got = append(got, strings.Join(append(f[1:2], f[3:]...), " "))
				} else {
					direct = append(direct, m)
				}
			}
			if want := []string{"155 box tag 1 - an error of mine", "159 box tag 1 - a detail"}; !slices.Equal(got, want) {
				t.Errorf("%q", got)
			}
			if len(direct) != 1 || !strings.HasPrefix(direct[0], "<22>") {
				t.Errorf("%q", direct)
			}
			if r.status != 0 || r.output != "" {
				t.Errorf("status %d\n%s", r.status, r.output)
			}
		})
	}
	t.Run("nobody", func(t *testing.T) {
		t.Parallel()
		c := qemu.Config{Image: image(t, "log"), Memory: 128 << 20, Arguments: []string{"nobody"}}
		if r := boot(t, c); r.output != "Unix syslog delivery error\n" || r.status != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// TestLogServerComesLater: what is written before the server is there waits for it, as much as there is room for; the
// program does not.
func TestLogServerComesLater(t *testing.T) {
	t.Run("late", func(t *testing.T) {
		t.Parallel()
		port := int(freePort(t, "tcp"))
		m := start(t, logging(t, &logServer{network: "tcp", port: port}, "late"))
		m.expect("cannot be reached")
		s := serveLog(t, "tcp", port)
		m.expect("is back")
		s.wait(t, "before the server is there")
		m.Console.Send("\n")
		s.wait(t, "and now")
		m.Console.Send("\n")
		m.wait()
	})
	t.Run("away", func(t *testing.T) {
		t.Parallel()
		port := int(freePort(t, "tcp"))
		m := start(t, logging(t, &logServer{network: "tcp", port: port}, "away"))
		m.expect("all written")
		s := serveLog(t, "tcp", port)
		m.expect("is back")
		s.wait(t, "was no room while the log's server was away")
		m.Console.Send("\n")
		r := m.wait()
		got := s.plain(t)
		if kept := len(got); kept < 5000 || kept > 11000 || !slices.Contains(got[:5], "29 box prog 1 stderr 0") || strings.Contains(r.output, "it took") {
			t.Errorf("%d messages, first %.80q", kept, got[:2])
		}
	})
	t.Run("never", func(t *testing.T) {
		t.Parallel()
		m := start(t, logging(t, &logServer{network: "tcp", port: int(freePort(t, "tcp"))}, "lines"))
		m.expect("without an end")
		begin := time.Now()
		r := m.wait()
		if took := time.Since(begin); took > 10*time.Second || r.status != 0 || !strings.Contains(r.output, "not all there was to log") {
			t.Errorf("status %d after %v\n%s", r.status, took, r.output)
		}
	})
}

// TestLogFromManyCores: no line is lost or mixed with others.
func TestLogFromManyCores(t *testing.T) {
	for _, cores := range []int{1, 2, 4, 8} {
		t.Run(fmt.Sprint(cores), func(t *testing.T) {
			t.Parallel()
			s := serveLog(t, "tcp", 0)
			c := logging(t, s, "crowd")
			c.Cores = cores
			boot(t, c)
			seen := map[string]bool{}
			for _, m := range s.plain(t) {
				seen[m] = true
			}
			for g := range 8 {
				for i := range 100 {
					if line := fmt.Sprintf("30 box prog 1 stdout goroutine %d line %d", g, i); !seen[line] {
						t.Errorf("%q is missing", line)
					}
				}
			}
		})
	}
}

// TestLogCannotBe: what cannot be done is said.
func TestLogCannotBe(t *testing.T) {
	for _, test := range []struct {
		program, word, want string
		status              int
	}{
		{"hello", "log=udp://192.0.2.1", "log=udp://192.0.2.1 cannot be done: this image was built without a network", 120},
		{"log", "log=udp://300.1.2.3", "\"300.1.2.3\" is neither an address nor a name", 123},
		{"log", "log=udp://192.0.2.1:x", "\"x\" is no port", 120},
	} {
		t.Run(test.word, func(t *testing.T) {
			t.Parallel()
			c := qemu.Config{Image: image(t, test.program), Memory: 128 << 20, Arguments: []string{"nobody"}, Words: []string{test.word}}
			if r := boot(t, c); r.status != test.status || !strings.Contains(r.output, test.want) {
				t.Errorf("%+v", r)
			}
		})
	}
}
