package docker

import (
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"syscall"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"github.com/stackfile/stack/engine"
)

// transient marks an error of a call that may pass by itself, cause being what
// callers are told. It is for calls after the first one has reached the engine:
// before, there is none to wait for.
func (e *Engine) transient(err, cause error) error {
	var dial *net.OpError
	switch {
	case errdefs.IsUnavailable(err): // it answers 503 while it shuts down
		return &engine.TransientError{Err: cause}
	case errors.As(err, &dial) && dial.Op == "dial":
		return &engine.TransientError{Err: cause}
	case client.IsErrConnectionFailed(err) && strings.HasPrefix(err.Error(), "Cannot connect to the Docker daemon"):
		// The client tells no more than this. Over a socket it could not
		// connect; over TCP the answer may have timed out.
		return &engine.TransientError{Err: cause, Sent: !strings.HasPrefix(e.where(), "unix:")}
	case broken(err):
		return &engine.TransientError{Err: cause, Sent: true}
	}
	return cause
}

// broken reports whether the connection ended before the answer did.
func broken(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// busy are the words in which the engine passes on that a registry could not
// answer just now. It has no codes for that.
var busy = regexp.MustCompile(`(?i)toomanyrequests|too many requests` +
	`|unexpected (http )?status( code)?( from .*)?: ?(429|5\d\d)` +
	`|tls handshake timeout|i/o timeout|client\.timeout|request canceled while waiting for connection` +
	`|connection reset by peer|unexpected eof|: eof$|temporary failure in name resolution`)

// exhausted is what a registry says for hours.
const exhausted = "pull rate limit"

// transientPull marks an error of a registry that may pass by itself.
func transientPull(err error) error {
	if err == nil || !busy.MatchString(err.Error()) || strings.Contains(err.Error(), exhausted) {
		return err
	}
	return &engine.TransientError{Err: err, Sent: true}
}
