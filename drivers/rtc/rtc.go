// Package rtc reads the battery-backed clock of a PC (Motorola MC146818A data sheet).
//
// Early code.
package rtc

// Read returns the time in seconds since 1970 UTC. century is the CMOS register of the century,
// from ACPI's FADT, or 0. ok is false if there is no clock or it makes no sense.
func Read(century uint8) (seconds int64, ok bool) { return 0, false }
