package toolchain

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// refused are the flags of go build that cannot work here, and why.
var refused = map[string]string{
	"race":       "the race detector needs cgo",
	"msan":       "the memory sanitizer needs cgo",
	"asan":       "the address sanitizer needs cgo",
	"linkshared": "the kernel and the program are one image",
	"compiler":   "only Go's own compiler knows the overlay",
	"buildmode":  "an image is linked in its own way",
}

// refusedLinkFlags are the flags of the Go linker that would make something that does not boot. Those
// for an external linker are harmless: there is none.
var refusedLinkFlags = []string{"linkmode", "T", "R", "H", "E", "buildmode", "linkshared", "r", "I", "d"}

// splitFlags splits a GOFLAGS value as the go command does: at spaces, with quotes around a whole
// word.
func splitFlags(s string) ([]string, error) {
	var words []string
	for s = strings.TrimLeft(s, " \t\r\n"); s != ""; s = strings.TrimLeft(s, " \t\r\n") {
		if q := s[0]; q == '\'' || q == '"' {
			end := strings.IndexByte(s[1:], q)
			if end < 0 {
				return nil, fmt.Errorf("a quote is not closed in %s", s)
			}
			words, s = append(words, s[1:1+end]), s[end+2:]
			continue
		}
		end := strings.IndexAny(s, " \t\r\n")
		if end < 0 {
			end = len(s)
		}
		words, s = append(words, s[:end]), s[end:]
	}
	return words, nil
}

// joinFlags is the inverse of splitFlags.
func joinFlags(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		switch {
		case !strings.ContainsAny(w, " \t\r\n'\"") && w != "":
		case !strings.Contains(w, "'"):
			w = "'" + w + "'"
		default:
			w = `"` + w + `"`
		}
		quoted[i] = w
	}
	return strings.Join(quoted, " ")
}

// cutFlag takes a flag apart: -name=value. Without a value it is "true".
func cutFlag(flag string) (name, value string) {
	name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(flag, "-"), "-"), "=")
	if !ok {
		value = "true"
	}
	return name, value
}

// userFlags are the flags that the user has asked for: GOFLAGS and the command line's, which are in
// the form -name=value.
type userFlags struct {
	line    []string // the command line's, but for link
	link    []string // the values of -ldflags, those in GOFLAGS too
	overlay string   // the file of -overlay, if any
	pgo     bool     // -pgo is among them
}

// userFlags looks at the flags and refuses by name those that cannot work.
func (t *Toolchain) userFlags(line []string) (*userFlags, error) {
	u := &userFlags{}
	env, err := splitFlags(t.env["GOFLAGS"])
	if err != nil {
		return nil, fmt.Errorf("GOFLAGS cannot be read: %v", err)
	}
	for i, flag := range slices.Concat(env, line) {
		name, value := cutFlag(flag)
		from := "-" + name
		if i < len(env) {
			from += " in GOFLAGS"
		}
		why, no := refused[name]
		switch {
		case no && value == "false", name == "buildmode" && (value == "exe" || value == "default"), name == "compiler" && value == "gc":
		case no:
			return nil, fmt.Errorf("%s does not work with Ringo: %s. Build without it", from, why)
		case name == "ldflags":
			if err := checkLinkFlags(from, value); err != nil {
				return nil, err
			}
			u.link = append(u.link, value)
			continue // ours will be with them
		case name == "pgo":
			u.pgo = true
		case name == "overlay":
			u.overlay = value
			continue // ours will name what it replaces
		}
		if i >= len(env) {
			u.line = append(u.line, flag)
		}
	}
	return u, nil
}

func checkLinkFlags(from, value string) error {
	_, flags := cutPattern(value)
	words, err := splitFlags(flags)
	if err != nil {
		return fmt.Errorf("%s cannot be read: %v", from, err)
	}
	for _, w := range words {
		if name, v := cutFlag(w); strings.HasPrefix(w, "-") && slices.Contains(refusedLinkFlags, name) && !(name == "linkmode" && v == "internal") {
			return fmt.Errorf("%s holds -%s, which does not work with Ringo: an image is linked statically, by Go's own linker, "+
				"at an address of its choice. Build without it", from, name)
		}
	}
	return nil
}

// cutPattern takes the value of -ldflags apart: flags may be for packages that match a pattern.
func cutPattern(value string) (pattern, flags string) {
	value = strings.TrimSpace(value)
	if value == "" || value[0] == '-' {
		return "", value
	}
	pattern, flags, ok := strings.Cut(value, "=")
	if ok {
		pattern += "="
	}
	return pattern, flags // without a =, the go command says what is wrong
}

// linkFlags are the -ldflags for the user's program: of those that match a package, only the last one counts,
// so each of them gets ours.
func (o *Overlay) linkFlags(u *userFlags) []string {
	ours := joinFlags(o.Link)
	flags := []string{"-ldflags=" + ours}
	for _, value := range u.link {
		pattern, theirs := cutPattern(value)
		if pattern == "" || strings.HasSuffix(pattern, "=") {
			value = pattern + strings.TrimSpace(theirs+" "+ours)
		}
		flags = append(flags, "-ldflags="+value)
	}
	return flags
}

// ours are the flags that build with an overlay file.
func (o *Overlay) flags(file string, u *userFlags) []string {
	flags := append([]string{"-overlay=" + file}, o.linkFlags(u)...)
	for _, e := range o.Early {
		flags = append(flags, "-gcflags="+e+"=-+")
	}
	if !u.pgo {
		flags = append(flags, "-pgo=off") // a profile would recompile all of the standard library
	}
	return flags
}

// overlayFile writes the go command's overlay: the kernel's, the user's own, and added, which maps
// files to what takes their place.
func (t *Toolchain) overlayFile(o *Overlay, u *userFlags, added map[string]string) (string, error) {
	replace := map[string]string{}
	if u.overlay != "" {
		var theirs struct{ Replace map[string]string }
		data, err := os.ReadFile(t.abs(u.overlay))
		if err == nil {
			err = json.Unmarshal(data, &theirs)
		}
		if err != nil {
			return "", fmt.Errorf("the overlay file of -overlay cannot be read: %v", err)
		}
		for target, file := range theirs.Replace {
			if file != "" {
				file = t.abs(file)
			}
			target = t.abs(target)
			if _, both := o.Replace[target]; both {
				return "", fmt.Errorf("%s of -overlay replaces %s, and so does Ringo: leave that file out", u.overlay, target)
			}
			replace[target] = file
		}
	}
	for _, m := range []map[string]string{o.Replace, added} {
		for target, file := range m {
			replace[target] = file
		}
	}
	data, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "\t")
	if err != nil {
		return "", err
	}
	id := newKey("json")
	id.add(string(data))
	dir, err := t.cached("json", id.String(), func(dir string) error {
		return writeFile(filepath.Join(dir, "overlay.json"), data)
	})
	return filepath.Join(dir, "overlay.json"), err
}

func (t *Toolchain) abs(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(t.Dir, name)
}
