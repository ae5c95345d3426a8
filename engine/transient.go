package engine

import "github.com/stackfile/stack/plan"

// A TransientError is one that may pass by itself: the engine restarts, or a
// registry is busy. It reads as its cause does.
type TransientError struct {
	Err  error
	Sent bool // the engine may have carried the call out: only its answer is missing
}

func (e *TransientError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *TransientError) Unwrap() error { return e.Err }

// Repeatable reports whether an operation can be asked for again when nobody
// knows whether it has been carried out: it then finds its work done, as Mutator
// promises, or does it once more without harm. A hook may not be one that can
// run twice, and a build is too long to begin anew. A container that starts may
// have done its work and ended; so a start is repeatable only as far as the
// container can be seen not to have been started. A signal that the program
// handles must not come twice.
func Repeatable(op plan.Op) bool {
	switch op.(type) {
	case RunHook, BuildImage, StartContainer, KillContainer, CommitContainer:
		return false
	}
	return true
}
