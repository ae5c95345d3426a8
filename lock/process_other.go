//go:build !linux

package lock

import "os"

// Self is this process. Without a boot and namespaces to go by, no other is ever
// known to be dead, and a lock that is left behind needs stack unlock.
func Self() Process {
	host, _ := os.Hostname() // for people; without a name they have the PID
	return Process{Identity: Identity{Host: host, PID: os.Getpid()}}
}
