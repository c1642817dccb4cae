// Package rtc reads the battery-backed clock of a PC (Motorola MC146818A data sheet). It has no fractions of a
// second, but can say when one begins.
//
// Early code.
package rtc

import "github.com/ringo-os/ringo/kernel/early/cpu"

// The I/O ports, the registers (data sheet, address map) and their bits.
const (
	address = 0x70
	data    = 0x71

	registerSeconds = 0x00
	registerMinutes = 0x02
	registerHours   = 0x04
	registerDay     = 0x07
	registerMonth   = 0x08
	registerYear    = 0x09
	registerA       = 0x0A
	registerB       = 0x0B
	registerC       = 0x0C
	registerD       = 0x0D

	updateInProgress = 1 << 7 // in A
	hours24          = 1 << 1 // in B
	binary           = 1 << 2 // in B; else BCD
	updateInterrupt  = 1 << 4 // in B: interrupt when an update has ended, which is when a second begins
	validRAMAndTime  = 1 << 7 // in D
	afternoon        = 1 << 7 // in hours, if not hours24
)

// in8 and out8 are variables for the sake of tests.
var (
	in8  = cpu.In8
	out8 = cpu.Out8
)

func register(n uint8) uint8 {
	out8(address, n)
	return in8(data)
}

// registers are those of the time, as they are read.
type registers struct {
	seconds, minutes, hours, day, month, year, century uint8
}

// Read returns the time in seconds since 1970 UTC. century is the CMOS register of the century,
// from ACPI's FADT, or 0. ok is false if there is no clock or it makes no sense. It may be that nearly a second has
// gone by since.
func Read(century uint8) (seconds int64, ok bool) {
	if !present() {
		return 0, false
	}
	// Two readings that are equal, with no update begun before either: none came in between.
	const tries = 8
	last, haveLast := registers{}, false
	for range tries {
		if !settled() {
			return 0, false
		}
		r := readAll(century)
		if haveLast && r == last {
			return r.unix(register(registerB), century != 0)
		}
		last, haveLast = r, true
	}
	return 0, false
}

// IRQ is the ISA interrupt that the clock is wired to.
const IRQ = 8

// Announce makes the clock interrupt when a second begins, again and again until Still; false if there is no clock.
func Announce() bool {
	if !present() {
		return false
	}
	out8(address, registerB)
	out8(data, in8(data)|updateInterrupt)
	register(registerC) // what is left there from before would keep it from interrupting
	return true
}

// Still ends the interrupts that Announce has asked for.
func Still() {
	out8(address, registerB)
	out8(data, in8(data)&^updateInterrupt)
	register(registerC)
}

func present() bool {
	d := register(registerD)
	return d&validRAMAndTime != 0 && d != 0xFF
}

// settled waits for the end of an update, which takes 2 ms (data sheet, update cycle).
func settled() bool {
	for range 1 << 15 { // each takes 2 accesses of about 1 µs
		if register(registerA)&updateInProgress == 0 {
			return true
		}
	}
	return false
}

func readAll(century uint8) registers {
	r := registers{
		seconds: register(registerSeconds),
		minutes: register(registerMinutes),
		hours:   register(registerHours),
		day:     register(registerDay),
		month:   register(registerMonth),
		year:    register(registerYear),
	}
	if century != 0 {
		r.century = register(century & 0x7F) // bit 7 of the address would mask the NMI
	}
	return r
}

// unix converts the registers by the mode in register B.
func (r registers) unix(mode uint8, hasCentury bool) (seconds int64, ok bool) {
	pm := false
	if mode&hours24 == 0 {
		pm = r.hours&afternoon != 0
		r.hours &^= afternoon
	}
	ok = true
	number := func(v uint8) int64 {
		if mode&binary != 0 {
			return int64(v)
		}
		if v>>4 > 9 || v&15 > 9 {
			ok = false
		}
		return int64(v>>4)*10 + int64(v&15)
	}
	second, minute, hour := number(r.seconds), number(r.minutes), number(r.hours)
	day, month, year := number(r.day), number(r.month), number(r.year)
	if mode&hours24 == 0 {
		if hour < 1 || hour > 12 {
			return 0, false
		}
		hour %= 12
		if pm {
			hour += 12
		}
	}
	if year > 99 {
		return 0, false
	}
	century := number(r.century)
	switch {
	case hasCentury && century >= 19 && century <= 29:
		year += century * 100
	case year < 70:
		year += 2000
	default:
		year += 1900
	}
	if !ok || second > 59 || minute > 59 || hour > 23 || month < 1 || month > 12 || year < 1970 ||
		day < 1 || day > daysIn(month, year) {
		return 0, false
	}
	return ((days(year, month, day)*24+hour)*60+minute)*60 + second, true
}

func leap(year int64) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func daysIn(month, year int64) int64 {
	switch month {
	case 2:
		if leap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// days is how many days a date of the Gregorian calendar is after 1970-01-01.
func days(year, month, day int64) int64 {
	// Years counted from March: the leap day comes last.
	if month <= 2 {
		year, month = year-1, month+12
	}
	return year*365 + year/4 - year/100 + year/400 + (month*153-457)/5 + day - 719469
}
