// Image prints where its image is, and checks that all that is in it is where it should be: by its own addresses,
// by /proc/self/maps, by the page tables, and by what the runtime knows.
package main

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"unsafe"
)

// Addresses in the image, of each kind that has to be changed when it moves.
var (
	variable  int
	pointer                 = &variable
	function                = choose
	list                    = []any{1, "text", &variable, choose, struct{ p *int }{&variable}}
	names                   = map[string]*int{"variable": &variable}
	stringer  fmt.Stringer  = reflect.ValueOf(0)
	zeroed    [1 << 20]byte // filled on demand
	constants = [...]string{"one", "two"}
)

func choose(n int) string {
	switch n {
	case 0:
		return "zero"
	case 1:
		return "one"
	case 2:
		return "two"
	case 3:
		return "three"
	case 4:
		return "four"
	case 5:
		return "five"
	case 6:
		return "six"
	case 7:
		return "seven"
	case 8:
		return "eight"
	}
	return "many"
}

func check(ok bool, format string, args ...any) {
	if !ok {
		fmt.Printf(format+"\n", args...)
		os.Exit(1)
	}
}

// A part is a line of /proc/self/maps that is about the image.
type part struct {
	start, end, offset uintptr
	rights             string
}

func imageParts() (parts []part) {
	executable, err := os.Readlink("/proc/self/exe")
	check(err == nil, "%v", err)
	b, err := os.ReadFile("/proc/self/maps")
	check(err == nil, "%v", err)
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if f[len(f)-1] != executable {
			continue
		}
		var p part
		_, err := fmt.Sscanf(f[0]+" "+f[2], "%x-%x %x", &p.start, &p.end, &p.offset)
		check(err == nil, "%v: %s", err, line)
		p.rights = f[1]
		parts = append(parts, p)
	}
	return parts
}

func main() {
	parts := imageParts()
	check(len(parts) == 4, "the image has %d parts: %x", len(parts), parts)
	base := parts[0].start
	for i, rights := range []string{"r-xp", "r--p", "r--p", "rw-p"} {
		p := parts[i]
		check(p.rights == rights && p.start-p.offset == base, "part %d is %+v", i, p)
	}
	in := func(p unsafe.Pointer, rights string) {
		for _, part := range parts {
			if uintptr(p) >= part.start && uintptr(p) < part.end {
				check(part.rights == rights, "%p is in %+v", p, part)
				return
			}
		}
		check(false, "%p is not in the image", p)
	}
	code := reflect.ValueOf(main).UnsafePointer()
	in(code, "r-xp")
	in(unsafe.Pointer(unsafe.StringData(constants[0])), "r--p")
	in(unsafe.Pointer(pointer), "rw-p")
	in(unsafe.Pointer(&zeroed[len(zeroed)-1]), "rw-p")
	zeroed[len(zeroed)/2] = 1

	check(pointer == &variable && list[2] == &variable && names["variable"] == &variable, "variable is at %p, %p, %p", &variable, list[2], pointer)
	check(function(7) == "seven" && choose(len(list)) == "five" && list[3].(func(int) string)(3) == "three", "choose")
	check(stringer.String() == "<int Value>", "%s", stringer)
	check(reflect.TypeOf(list[4]).Field(0).Type == reflect.TypeOf(pointer), "%T", list[4])
	pc, file, line, ok := runtime.Caller(0)
	f := runtime.FuncForPC(pc)
	check(ok && strings.HasSuffix(file, "image/main.go") && line > 90 && f.Name() == "main.main" && f.Entry() == uintptr(code),
		"%s:%d, %s at %#x", file, line, f.Name(), f.Entry())

	// The list of relocations is gone, and nothing else is there.
	tables, err := os.ReadFile("/sys/kernel/debug/page_tables")
	check(err == nil, "%v", err)
	var direct uintptr
	for at := range strings.Lines(string(tables)) {
		var start, end uintptr
		fmt.Sscanf(at, "%x-%x", &start, &end)
		check(end <= parts[1].end || start >= parts[2].start, "between the parts of the image: %s", at)
		if start < parts[3].end && end > base {
			f := strings.Fields(at)
			for _, p := range parts {
				check(end <= p.start || start >= p.end || start >= p.start && end <= p.end && f[2]+"p" == p.rights && f[3] == "image",
					"%+v has %s", p, at)
			}
		}
		if direct == 0 && strings.HasSuffix(at, " direct map\n") {
			direct = start // where physical address 0 is
			copy := (*[8]byte)(unsafe.Pointer(direct + 0x400000 + (uintptr(code) - base)))
			check(*copy == *(*[8]byte)(code), "what is at %p is not main", copy)
		}
		check(start >= 1<<32 || base == 0x400000, "below 4 GiB: %s", at)
	}
	fmt.Printf("image %x direct %x function %x variable %x\nok\n", base, direct, code, &variable)
}
