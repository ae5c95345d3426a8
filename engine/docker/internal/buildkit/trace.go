package buildkit

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/grpcerrors"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/grpc/codes"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

const (
	// logLines is how many lines of a failed step's output an error holds.
	logLines = 20
	// muchData is from when on a transfer is worth telling, in bytes.
	muchData = 1 << 20
)

// A trace follows a build: it turns BuildKit's statuses into progress, and
// keeps what is needed to say why it failed.
type trace struct {
	report   func(plan.Progress)
	steps    map[digest.Digest]*step
	order    []*step
	warnings []string
}

// A step is a vertex of BuildKit's graph.
type step struct {
	name     string
	internal bool // no step of the Dockerfile
	began    bool
	ended    bool
	failure  string
	partial  string   // output without its newline yet
	logs     []string // the last lines
	fetched  map[string]client.VertexStatus
	told     string // the last text about fetching
}

func newTrace(report func(plan.Progress)) *trace {
	return &trace{report: report, steps: map[digest.Digest]*step{}}
}

func (t *trace) add(s *client.SolveStatus) {
	// All of them before the first is told, so that the total is right.
	for _, v := range s.Vertexes {
		t.know(v)
	}
	for _, v := range s.Vertexes {
		t.begin(v)
	}
	for _, v := range s.Statuses {
		t.fetch(v)
	}
	for _, l := range s.Logs {
		t.log(l)
	}
	for _, v := range s.Vertexes {
		t.end(v)
	}
	for _, w := range s.Warnings {
		t.warnings = append(t.warnings, string(w.Short))
	}
}

func (t *trace) know(v *client.Vertex) {
	if t.steps[v.Digest] != nil {
		return
	}
	s := &step{name: v.Name, internal: strings.HasPrefix(v.Name, "[internal]"), fetched: map[string]client.VertexStatus{}}
	t.steps[v.Digest] = s
	t.order = append(t.order, s)
}

func (t *trace) begin(v *client.Vertex) {
	s := t.steps[v.Digest]
	if s.began || v.Started == nil || v.Cached {
		return
	}
	s.began = true
	t.tell(s.name, "")
}

// end follows the last output of the step. A step may be reported as done more
// than once, first without its error.
func (t *trace) end(v *client.Vertex) {
	s := t.steps[v.Digest]
	if s.failure == "" {
		s.failure = v.Error
	}
	if s.ended || v.Completed == nil {
		return
	}
	t.flush(s)
	s.ended = true
	t.tell(s.name+ending(v), "")
}

// flush tells a last line that has no newline.
func (t *trace) flush(s *step) {
	if s.partial != "" {
		t.line(s, s.partial)
		s.partial = ""
	}
}

func ending(v *client.Vertex) string {
	switch {
	case v.Error != "":
		return " (failed)"
	case v.Cached:
		return " (cached)"
	case v.Started != nil:
		return " (" + v.Completed.Sub(*v.Started).Round(100*time.Millisecond).String() + ")"
	}
	return ""
}

// fetch tells how much of a context or base image has been transferred.
func (t *trace) fetch(v *client.VertexStatus) {
	s := t.steps[v.Vertex]
	if s == nil || s.ended {
		return
	}
	s.fetched[v.ID] = *v
	if text := s.amount(); text != "" && text != s.told {
		s.told = text
		t.tell(s.name+" "+text, "")
	}
}

func (s *step) amount() string {
	var current, total int64
	for _, v := range s.fetched {
		current += v.Current
		total += v.Total
	}
	switch {
	case current < muchData:
		return ""
	case total < current:
		return units.HumanSize(float64(current))
	}
	return units.HumanSize(float64(current)) + "/" + units.HumanSize(float64(total))
}

func (t *trace) log(l *client.VertexLog) {
	s := t.steps[l.Vertex]
	if s == nil {
		return
	}
	lines := strings.Split(s.partial+string(l.Data), "\n")
	s.partial = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		t.line(s, line)
	}
}

// line takes a line of output. Of one that was written over and over, such as a
// progress bar, only the last state counts.
func (t *trace) line(s *step, text string) {
	text = strings.TrimRight(text, "\r")
	text = text[strings.LastIndexByte(text, '\r')+1:]
	s.logs = append(s.logs, text)
	s.logs = s.logs[max(0, len(s.logs)-logLines):]
	t.tell(s.name, text)
}

func (t *trace) tell(text, log string) {
	var ended, total int64
	for _, s := range t.order {
		if s.internal {
			continue
		}
		total++
		if s.ended {
			ended++
		}
	}
	t.report(plan.Progress{Text: text, Current: ended, Total: total, Log: log})
}

// failure is the error of a build that ended with err, and with the warnings.
func (t *trace) failure(ctx context.Context, image string, err error, warnings []string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("build image %q: %w", image, context.Cause(ctx))
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
