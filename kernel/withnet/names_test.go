//go:build amd64

package withnet

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/ringo-os/ringo/kernel/net"
)

func TestAddressesOf(t *testing.T) {
	files := map[string]string{
		"/etc/hosts":       "127.0.0.1 localhost\n192.0.2.1 one One.example # two\nx three\n::1 localhost\nthree\n",
		"/etc/resolv.conf": "# nameserver 9.9.9.9\nsearch a.example -.example b.example\nnameserver x\nnameserver 10.0.0.1\nnameserver 10.0.0.2\noptions edns0\n",
	}
	read := func(path string) (string, bool) { content, ok := files[path]; return content, ok }
	known := map[string]string{"log.b.example": "192.0.2.2", "log.example": "192.0.2.3", "second.example": "192.0.2.4"}
	fails := errors.New("it fails")
	var asked []string
	ask := func(server netip.Addr, name string) ([]netip.Addr, error) {
		asked = append(asked, fmt.Sprint(server, " ", name))
		switch {
		case name == "broken.example." || name == "second.example" && server == netip.MustParseAddr("10.0.0.1"):
			return nil, fails
		case known[name] == "":
			return nil, net.ErrNoName
		}
		return []netip.Addr{netip.MustParseAddr(known[name])}, nil
	}
	for _, test := range []struct {
		name, want string
		asked      []string
	}{
		{"localhost", "[127.0.0.1 ::1] <nil>", nil},
		{"ONE.example.", "[192.0.2.1] <nil>", nil},
		{"log", "[192.0.2.2] <nil>", []string{"10.0.0.1 log.a.example", "10.0.0.1 log.b.example"}},
		{"log.example", "[192.0.2.3] <nil>", []string{"10.0.0.1 log.example"}},
		{"second.example", "[192.0.2.4] <nil>", []string{"10.0.0.1 second.example", "10.0.0.2 second.example"}},
		{"broken.example.", "[] it fails", []string{"10.0.0.1 broken.example.", "10.0.0.2 broken.example.", "10.0.0.1 broken.example.", "10.0.0.2 broken.example."}},
		{"two", "[] " + net.ErrNoName.Error(), []string{"10.0.0.1 two.a.example", "10.0.0.1 two.b.example", "10.0.0.1 two"}},
		{"two.x", "[] " + net.ErrNoName.Error(), []string{"10.0.0.1 two.x", "10.0.0.1 two.x.a.example", "10.0.0.1 two.x.b.example"}},
	} {
		asked = nil
		all, err := addressesOf(test.name, read, ask)
		if got := fmt.Sprint(all, " ", err); got != test.want || !slices.Equal(asked, test.asked) {
			t.Errorf("%s: %s, want %s; asked %q", test.name, got, test.want, asked)
		}
	}
	delete(files, "/etc/resolv.conf")
	if _, err := addressesOf("log.example", read, ask); err == nil || err == net.ErrNoName {
		t.Error(err)
	}
}
