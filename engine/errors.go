package engine

import (
	"fmt"
	"strings"
)

// A NotReadyError says why a container did not meet a condition, with all that
// helps to find the cause.
type NotReadyError struct {
	Container string
	Condition Condition
	Cause     string // such as "exited", "unhealthy", "still starting after 1m0s"
	ExitCode  int    // of an exit
	OOMKilled bool
	Restarts  int
	Probe     string   // the last probe's output
	Logs      []string // the last lines since this start
}

func (e *NotReadyError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "container %s: not %s: %s", e.Container, e.Condition, e.Cause)
	if e.OOMKilled {
		b.WriteString(" (out of memory)")
	}
	return b.String()
}
