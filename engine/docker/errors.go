package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"github.com/stackfile/stack/engine"
)

// An UnavailableError says that nothing answers where the engine should be. It
// is an [engine.ErrUnavailable].
type UnavailableError struct {
	Host  string // where it was looked for, as in DOCKER_HOST
	Cause error
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("engine at %s: no engine: %v", e.Host, e.Cause)
}

// Unwrap gives the sentinel and the cause.
func (e *UnavailableError) Unwrap() []error { return []error{engine.ErrUnavailable, e.Cause} }

// unavailable is err of the first call, which tells whether there is an engine.
func (e *Engine) unavailable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &UnavailableError{Host: e.where(), Cause: answer{err}}
}

// fail names what was done to what, and marks the cause for callers that tell
// causes apart. It keeps nil.
func (e *Engine) fail(err error, format string, args ...any) error {
	switch {
	case err == nil:
		return nil
	case client.IsErrConnectionFailed(err):
		err = e.transient(err, &UnavailableError{Host: e.where(), Cause: answer{err}})
	default:
		err = e.transient(err, mark(err))
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}

// marked is a cause together with the sentinel that it amounts to.
type marked struct{ cause, sentinel error }

func (m marked) Error() string   { return m.cause.Error() }
func (m marked) Unwrap() []error { return []error{m.sentinel, m.cause} }

func mark(err error) error {
	cause := answer{err}
	switch {
	case errdefs.IsNotFound(err):
		return marked{cause, engine.ErrNotFound}
	case errdefs.IsConflict(err), errdefs.IsAlreadyExists(err):
		return marked{cause, engine.ErrConflict}
	case errdefs.IsNotImplemented(err):
		return marked{cause, engine.ErrUnsupported}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return cause
}

// answer is an error of the client without the words that say nothing.
type answer struct{ error }

func (a answer) Error() string {
	text := strings.TrimPrefix(a.error.Error(), "Error response from daemon: ")
	if strings.HasPrefix(text, "Cannot connect to the Docker daemon at ") {
		return "cannot connect"
	}
	if said, ok := saidBySSH(text); ok {
		return said
	}
	return text
}

func (a answer) Unwrap() error { return a.error }
