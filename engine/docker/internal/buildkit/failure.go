package buildkit

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/buildkit/util/grpcerrors"
	"google.golang.org/grpc/codes"

	"github.com/stackfile/stack/engine"
)

// failure is the error of a build that ended with err, and with the warnings.
func (t *trace) failure(ctx context.Context, image string, err error, warnings []string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("build image %q: %w", image, ctx.Err())
	}
	if grpcerrors.Code(err) == codes.Unavailable {
		err = unavailable(err)
	}
	out := &engine.BuildError{Image: image, Cause: clean(err.Error()), Err: err}
	if s := t.culprit(err); s != nil {
		t.flush(s) // output may come after the end of its step
		out.Step, out.Cause, out.Logs = s.name, exitCode(clean(s.failure)), s.logs
	}
	if len(warnings) > 0 {
		out.Cause += " (" + strings.Join(warnings, "; ") + ")"
	}
	return out
}

// culprit is the step because of which the build ended with err. Others fail
// too, and it goes on, such as an import of a cache, or are cancelled with it.
func (t *trace) culprit(err error) *step {
	for _, s := range t.order {
		if s.failure != "" && strings.Contains(err.Error(), s.failure) {
			return s
		}
	}
	return nil
}

// setbacks are the steps that failed in a build that went well, such as an
// import of a cache.
func (t *trace) setbacks() []string {
	var out []string
	for _, s := range t.order {
		if s.failure != "" {
			out = append(out, s.name+": "+clean(s.failure))
		}
	}
	return out
}

// exitCode leaves of a cause that ends in one just that: the rest is the
// command, which the step names.
func exitCode(text string) string {
	const mark = "exit code: "
	at := strings.LastIndex(text, mark)
	if at < 0 {
		return text
	}
	if _, err := strconv.Atoi(text[at+len(mark):]); err != nil {
		return text
	}
	return text[at:]
}

// noise is what BuildKit puts before a cause at each of its layers. An asterisk
// stands for a name that it made up.
var noise = []string{
	"failed to solve: ",
	"failed to solve with frontend dockerfile.v0: ",
	"failed to build LLB: ",
	"failed to create LLB definition: ",
	"failed to compute cache key: ",
	"failed to calculate checksum of ref *: ",
	"rpc error: code = Unknown desc = ",
	"rpc error: code = NotFound desc = ",
}

// clean takes the noise off a cause.
func clean(text string) string {
	for i := 0; i < len(noise); i++ {
		if rest, ok := without(noise[i], text); ok {
			text, i = rest, -1 // and again, from the first
		}
	}
	return text
}

// without takes a prefix off.
func without(prefix, text string) (string, bool) {
	before, after, wild := strings.Cut(prefix, "*")
	rest, ok := strings.CutPrefix(text, before)
	if !ok || !wild {
		return rest, ok
	}
	_, rest, ok = strings.Cut(rest, after)
	return rest, ok
}
