package test

import (
	"debug/elf"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ringo-os/ringo/linker"
	"github.com/ringo-os/ringo/qemu"
)

// Where the image may be, and from where on the direct map may (runtime/go1.26/image.go).
const (
	placesStart = 0x2000_0000_0000
	placesEnd   = 0x6000_0000_0000
	upperHalf   = 0xFFFF_8000_0000_0000
)

// placed boots testdata/image, which checks that everything in it is where it says, and returns where its image and
// the direct map are.
func placed(t *testing.T, change func(c *qemu.Config)) (base, direct uint64) {
	t.Helper()
	c := bare(t, "image")
	change(&c)
	out := passes(t, c)
	var function, variable uint64
	if _, err := fmt.Sscanf(out, "image %x direct %x function %x variable %x\n", &base, &direct, &function, &variable); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// As a debugger or a profiler has it, who knows the file and where it begins in memory.
	image, err := linker.ReadFile(c.Image)
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(c.Image)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, s := range symbols {
		if want, ok := map[string]uint64{"main.main": function, "main.variable": variable}[s.Name]; ok {
			found++
			if s.Value+base-image.Start != want {
				t.Errorf("%s is at %#x in the file, and at %#x in a machine whose image is at %#x instead of %#x", s.Name, s.Value, want, base, image.Start)
			}
		}
	}
	if found != 2 {
		t.Errorf("%d symbols are known", found)
	}
	return base, direct
}

// TestImagePlace: the image is somewhere else in every boot, on any page of where it may be.
func TestImagePlace(t *testing.T) {
	const each = 8
	var mu sync.Mutex
	var bases, directs []uint64
	t.Run("boots", func(t *testing.T) {
		for _, cores := range coreCounts {
			for i := range each {
				t.Run(fmt.Sprintf("%d/%d", cores, i), func(t *testing.T) {
					t.Parallel()
					base, direct := placed(t, func(c *qemu.Config) { c.Cores = cores })
					mu.Lock()
					defer mu.Unlock()
					bases, directs = append(bases, base), append(directs, direct)
				})
			}
		}
	})
	if len(bases) != each*len(coreCounts) {
		t.Fatalf("%d boots", len(bases))
	}
	seen := map[uint64]bool{}
	for i, b := range bases {
		if b < placesStart || b >= placesEnd || b%4096 != 0 || seen[b] || seen[directs[i]] || directs[i]%(1<<30) != 0 {
			t.Errorf("an image is at %#x, with the direct map at %#x", b, directs[i])
		}
		seen[b], seen[directs[i]] = true, true
	}
	checkBits(t, bases, placesStart, 12, 46)
	checkBits(t, directs, upperHalf, 30, 47)
}

// checkBits: each of the bits of addresses behind base is set about half of the time. That one is always the same
// happens once in fifty million times.
func checkBits(t *testing.T, addresses []uint64, base uint64, from, to int) {
	t.Helper()
	for bit := from; bit < to; bit++ {
		set := 0
		for _, a := range addresses {
			set += int((a - base) >> bit & 1)
		}
		if set == 0 || set == len(addresses) {
			t.Errorf("bit %d is the same in %#x", bit, addresses)
		}
	}
}

// TestImagePlaceWithoutGenerator: a processor that has no random numbers to offer has a clock.
func TestImagePlaceWithoutGenerator(t *testing.T) {
	t.Parallel()
	change := func(c *qemu.Config) { c.CPU = "max,rdrand=off,rdseed=off" }
	a, c := placed(t, change)
	b, d := placed(t, change)
	if a == b || a < placesStart || b < placesStart || c == d {
		t.Errorf("an image is at %#x, and then at %#x; the direct map at %#x, %#x", a, b, c, d)
	}
}

// TestImageStays: with norandmaps it is where a debugger expects it.
func TestImageStays(t *testing.T) {
	for _, test := range []struct {
		words, arguments []string
		stays            bool
	}{
		{[]string{"norandmaps"}, nil, true},
		{[]string{"quiet", "norandmaps"}, []string{"more"}, true},
		{nil, []string{"norandmaps"}, false},
		{[]string{"env.A=norandmaps"}, nil, false},
		{[]string{"env.A= norandmaps"}, nil, false},
	} {
		t.Run(strings.Join(append(test.words, test.arguments...), ","), func(t *testing.T) {
			t.Parallel()
			for _, cores := range []int{1, 4} {
				base, direct := placed(t, func(c *qemu.Config) { c.Cores, c.Words, c.Arguments = cores, test.words, test.arguments })
				if (base == 0x400000) != test.stays || (direct == upperHalf) != test.stays {
					t.Errorf("%d cores: the image is at %#x, the direct map at %#x", cores, base, direct)
				}
			}
		})
	}
	t.Run("in parts", func(t *testing.T) {
		t.Parallel()
		c := bare(t, "image")
		c.Extra = []string{"-append", "norand'maps'"}
		if r := start(t, c).finish(); r.status != 120 || !strings.Contains(r.output, "ringo: The word norandmaps on the kernel command line has quotation marks") {
			t.Errorf("status %d\n%s", r.status, r.output)
		}
	})
}

// TestImageTold: debug=boot says where the image is, and how many addresses had to be changed.
func TestImageTold(t *testing.T) {
	t.Parallel()
	var base, told, relocations uint64
	c := bare(t, "image")
	c.Words = []string{"debug=boot"}
	out := passes(t, c)
	_, line, _ := strings.Cut(out, "ringo: image at ")
	if _, err := fmt.Sscanf(line, "0x%x, %d relocations in ", &told, &relocations); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, line, _ = strings.Cut("\n"+out, "\nimage ")
	if _, err := fmt.Sscanf(line, "%x", &base); err != nil || base != told || relocations < 1000 {
		t.Errorf("%d relocations, image at %#x or %#x (%v)", relocations, told, base, err)
	}
}

// TestImageDescription: the runtime writes to the description of the image, which lies in front of the variables
// and may share no page with them.
func TestImageDescription(t *testing.T) {
	t.Parallel()
	for pad, tries := 3000, 0; ; tries++ {
		name := filepath.Join(t.TempDir(), "image")
		// What go build notes in the file takes that much more room.
		cmd := exec.Command(ringo, "build", "-q", "-ldflags=-X=main.pad="+strings.Repeat("x", pad), "-o", name, ".")
		cmd.Dir = filepath.Join("testdata", "hello")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		file, err := elf.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
		description, variables := file.Section(".go.module"), file.Section(".noptrdata")
		if description == nil || variables == nil {
			t.Fatal("the image has no description")
		}
		if variables.Addr%4096 < 64 && description.Addr/4096 != variables.Addr/4096 { // so nearly all of it
			if r := boot(t, qemu.Config{Image: name, Memory: 64 << 20, NoNetwork: true}); r.status != 0 {
				t.Errorf("status %d\n%s", r.status, r.output)
			}
			return
		}
		if tries == 5 {
			t.Fatalf("%d bytes more, and the variables are at %#x", pad, variables.Addr)
		}
		pad += 4096 - int(variables.Addr%4096)
	}
}
