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

// A BuildError says at which step a build failed, with the end of what that
// step printed.
type BuildError struct {
	Image string   // the reference that was to be made
	Step  string   // such as "[2/5] RUN make"; "" when it failed outside of any step
	Cause string   // in the engine's words
	Logs  []string // the last lines of the step's output
	Err   error    // what the engine answered
}

func (e *BuildError) Error() string {
	if e.Step == "" {
		return fmt.Sprintf("build image %q: %s", e.Image, e.Cause)
	}
	return fmt.Sprintf("build image %q: %s: %s", e.Image, e.Step, e.Cause)
}

func (e *BuildError) Unwrap() error { return e.Err }
