package lock

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Self is this process.
func Self() Process {
	host, _ := os.Hostname() // for people; without a name they have the PID
	id := Identity{Host: host, PID: os.Getpid(), Boot: bootID(), Namespaces: namespaces()}
	started, err := startOf(id.PID)
	if err != nil {
		id.Boot = "" // nobody could tell it from a later one of its PID
	}
	id.Started = started
	return Process{Identity: id, look: look}
}

func bootID() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // without it nobody is known to be dead
	return strings.TrimSpace(string(text))
}

// namespaces are those that PIDs and start times are relative to. A kernel
// without time namespaces has but one.
func namespaces() string {
	pid, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	clock, _ := os.Readlink("/proc/self/ns/time")
	return strings.TrimSuffix(pid+" "+clock, " ")
}

// look says when the process of a PID started, and whether it lives.
func look(pid int) (started uint64, life Life) {
	started, err := startOf(pid)
	switch {
	case err == nil:
		return started, Alive
	case errors.Is(err, errEnded):
		return 0, Dead
	}
	// /proc may hide the processes of others: the kernel tells whether there
	// is one of that PID.
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return 0, Dead
	}
	return 0, Unknown
}

var errEnded = errors.New("has ended")

// startOf reads the start time out of /proc/PID/stat, in which the name of the
// program may have blanks and parentheses of its own. A zombie has ended: only
// its parent has not looked yet.
func startOf(pid int) (uint64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	const state, start = 0, 19 // after the name
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) <= start {
		return 0, fmt.Errorf("/proc/%d/stat: only %d fields after the name", pid, len(fields))
	}
	if s := fields[state]; s == "Z" || s == "X" {
		return 0, fmt.Errorf("process %d: %w", pid, errEnded)
	}
	return strconv.ParseUint(fields[start], 10, 64)
}
