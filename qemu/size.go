package qemu

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Size is a number of bytes.
type Size int64

// ParseSize reads a size of memory: a number of mebibytes, or one with K, M, G or T behind it.
func ParseSize(s string) (Size, error) {
	number, unit := strings.TrimSuffix(strings.TrimSuffix(s, "iB"), "B"), Size(1<<20)
	if i := strings.IndexAny(number, "kKmMgGtT"); i >= 0 && i == len(number)-1 {
		unit = 1 << (10 * (1 + strings.IndexByte("KMGT", number[i]&^0x20)))
		number = number[:i]
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64/int64(unit) {
		return 0, fmt.Errorf("%q is no size of memory: write it like 64M or 2G", s)
	}
	if size := Size(n) * unit; size >= 1<<20 {
		return size, nil
	}
	return 0, fmt.Errorf("%q is too little memory: QEMU starts no machine with less than 1M", s)
}

// mebibytes rounds up.
func (s Size) mebibytes() int64 { return (int64(s) + 1<<20 - 1) >> 20 }

// String writes a size as ParseSize reads it.
func (s Size) String() string {
	switch {
	case s%(1<<30) == 0 && s != 0:
		return strconv.FormatInt(int64(s>>30), 10) + "G"
	case s%(1<<20) == 0:
		return strconv.FormatInt(int64(s>>20), 10) + "M"
	default:
		return strconv.FormatInt(int64(s>>10), 10) + "K"
	}
}
