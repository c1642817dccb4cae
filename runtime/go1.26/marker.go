//go:build ringo

package runtime

// imageMarker is what tells a binary with the kernel in it from any other: the linker package looks
// for it.
var imageMarker = [...]byte{'r', 'i', 'n', 'g', 'o', ' ', 'k', 'e', 'r', 'n', 'e', 'l', ' ', 'i', 'm', 'a', 'g', 'e', 0, 'v', '1'}
