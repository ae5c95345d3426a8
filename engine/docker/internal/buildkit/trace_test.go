package buildkit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

var clock = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func begun(id, name string) *client.Vertex {
	return &client.Vertex{Digest: digest.Digest(id), Name: name, Started: &clock}
}

func done(id, name, failure string) *client.Vertex {
	v := begun(id, name)
	after := clock.Add(1500 * time.Millisecond)
	v.Completed, v.Error = &after, failure
	return v
}

func known(id, name string) *client.Vertex {
	return &client.Vertex{Digest: digest.Digest(id), Name: name}
}

func cached(id, name string) *client.Vertex {
	v := done(id, name, "")
	v.Cached = true
	return v
}

func output(id, text string) *client.SolveStatus {
	return &client.SolveStatus{Logs: []*client.VertexLog{{Vertex: digest.Digest(id), Data: []byte(text)}}}
}

func vertexes(v ...*client.Vertex) *client.SolveStatus { return &client.SolveStatus{Vertexes: v} }

// follow feeds the statuses to a trace, and returns what it tells, one a line.
func follow(statuses ...*client.SolveStatus) (*trace, []string) {
	var told []string
	t := newTrace(func(p plan.Progress) {
		told = append(told, strings.TrimSuffix(fmt.Sprintf("%d/%d %s | %s", p.Current, p.Total, p.Text, p.Log), " | "))
	})
	for _, s := range statuses {
		t.add(s)
	}
	return t, told
}

func TestATraceTellsStepsAndLines(t *testing.T) {
	_, told := follow(
		vertexes(begun("i", "[internal] load build context"), known("a", "[1/2] FROM x"), known("b", "[2/2] RUN y")),
		vertexes(done("i", "[internal] load build context", ""), cached("a", "[1/2] FROM x")),
		vertexes(begun("b", "[2/2] RUN y")),
		output("b", "one\ntw"),
		output("b", "o\n 10%\r100%\r\nthree"),
		vertexes(done("b", "[2/2] RUN y", "")),
	)
	want := []string{
		"0/2 [internal] load build context",
		"0/2 [internal] load build context (1.5s)",
		"1/2 [1/2] FROM x (cached)",
		"1/2 [2/2] RUN y",
		"1/2 [2/2] RUN y | one",
		"1/2 [2/2] RUN y | two",
		"1/2 [2/2] RUN y | 100%",
		"1/2 [2/2] RUN y | three",
		"2/2 [2/2] RUN y (1.5s)",
	}
	if !slices.Equal(told, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}

func TestATraceTellsLargeTransfersOnly(t *testing.T) {
	fetched := func(id string, current, total int64) *client.SolveStatus {
		return &client.SolveStatus{Statuses: []*client.VertexStatus{{ID: id, Vertex: "a", Current: current, Total: total}}}
	}
	_, told := follow(vertexes(begun("a", "FROM x")), fetched("layer", 29, 0), fetched("layer", 2e6, 8e6), fetched("layer", 2e6, 8e6), fetched("other", 1e6, 2e6))
	want := []string{"0/1 FROM x", "0/1 FROM x 2MB/8MB", "0/1 FROM x 3MB/10MB"}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestAFailureIsThatOfTheStepThatCausedIt(t *testing.T) {
	const cause = "executor failed running [/bin/sh -c make]: exit code: 2"
	tr, _ := follow(
		vertexes(begun("c", "importing cache manifest from x"), begun("a", "[2/3] RUN sleep"), begun("b", "[3/3] RUN make")),
		output("b", strings.Repeat("line\n", 2*logLines)+"last"),
		output("a", "of another step\n"),
		vertexes(done("c", "importing cache manifest from x", "no such host"), done("a", "[2/3] RUN sleep", "context canceled")),
		vertexes(done("b", "[3/3] RUN make", cause)),
	)
	err := tr.failure(t.Context(), "web", errors.New("failed to solve: rpc error: code = Unknown desc = "+cause), nil)
	var failed *engine.BuildError
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if want := `build image "web": [3/3] RUN make: exit code: 2`; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if len(failed.Logs) != logLines || failed.Logs[logLines-1] != "last" || slices.Contains(failed.Logs, "of another step") {
		t.Errorf("output %q", failed.Logs)
	}
}

func TestACancelledBuildIsNoFailure(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tr, _ := follow(vertexes(done("a", "[1/1] RUN y", "context canceled")))
	err := tr.failure(ctx, "web", errors.New("failed to solve: context canceled"), nil)
	if !errors.Is(err, context.Canceled) || err.Error() != `build image "web": context canceled` {
		t.Errorf("%v", err)
	}
}

func TestAFailureOutsideOfAnyStepKeepsItsCause(t *testing.T) {
	tr, _ := follow(vertexes(done("i", "[internal] load build definition", "")))
	cause := errors.New("failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 2: unknown instruction: WRONG")
	err := tr.failure(t.Context(), "web", cause, []string{"credentials for x: no helper"})
	want := `build image "web": dockerfile parse error line 2: unknown instruction: WRONG (credentials for x: no helper)`
	if err.Error() != want || !errors.Is(err, cause) {
		t.Errorf("error %q, want %q", err, want)
	}
}

func TestACauseIsFreeOfNoise(t *testing.T) {
	cases := []struct{ text, want string }{
		{"no space left", "no space left"},
		{"failed to solve: rpc error: code = Unknown desc = failed to solve: no space left", "no space left"},
		{`failed to compute cache key: failed to calculate checksum of ref a-b::c1: "/nowhere": not found`, `"/nowhere": not found`},
		{"failed to calculate checksum of ref", "failed to calculate checksum of ref"},
	}
	for _, c := range cases {
		if got := clean(c.text); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestWhatFailedInAGoodBuildIsAWarning(t *testing.T) {
	tr, _ := follow(vertexes(done("c", "importing cache manifest from x", "no such host"), done("a", "[1/1] RUN y", "")))
	if got := tr.setbacks(); !slices.Equal(got, []string{"importing cache manifest from x: no such host"}) {
		t.Errorf("%q", got)
	}
}
