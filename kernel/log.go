package kernel

import (
	"path"
	"time"

	"github.com/ringo-os/ringo/kernel/machine"
	"github.com/ringo-os/ringo/kernel/syslog"
)

// logPatience is how long a program that ends waits for its last lines to reach the log's server.
const logPatience = 2 * time.Second

// log is where what the program writes goes, nil without the word log=. Package withnet connects it.
var log *syslog.Log

// Log returns the machine's log, nil if there is none. Whoever asks has a network to connect it.
func Log() *syslog.Log {
	logWanted = false
	return log
}

// logWanted says that there is a log, and nobody has come to connect it.
var logWanted bool

// beginLog makes the log that the command line asks for, nil for none.
func beginLog(hostname func() string) *syslog.Log {
	words := machine.CommandLine()
	value, ok := words.Value("log")
	if !ok {
		return nil
	}
	target, err := syslog.ParseTarget(string(value))
	if err != nil {
		stop(ExitDevice, "log="+string(value)+" cannot be done: "+err.Error())
	}
	log = syslog.New(syslog.Options{
		Target:   target,
		App:      path.Base(string(words.ProgramName())),
		Hostname: hostname,
		Room:     int(min(memoryForFiles()/logShare, logMost)),
	})
	logWanted = true
	machine.WhenReady(func() {
		if logWanted {
			stop(ExitDevice, "log="+string(value)+" cannot be done: this image was built without a network, for the program does not use package net")
		}
	})
	log.Begin()
	return log
}

// How much the lines may take that wait for the server: a share of what files may take.
const (
	logShare = 32
	logMost  = 1 << 20
)
