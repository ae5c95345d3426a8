package buildkit

import (
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"

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
