package reconciler_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

// ran are the events of an action that ran from one second to another.
func ran(id string, from, to float64) []reconciler.Event {
	return []reconciler.Event{
		{Action: id, Status: reconciler.Started, Time: second(from)},
		{Action: id, Status: reconciler.Succeeded, Time: second(to)},
	}
}

func second(s float64) time.Time {
	return time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(s * float64(time.Second)))
}

func told(t reconciler.Timings) (path, parts string) {
	var a, b []string
	for _, s := range t.Path {
		a = append(a, fmt.Sprintf("%s %.1f+%.1f", s.Action, s.Queued, s.Seconds))
	}
	for _, p := range t.Parts {
		b = append(b, fmt.Sprintf("%s %.1f", p.What, p.Seconds))
	}
	return strings.Join(a, ", "), strings.Join(b, ", ")
}

func TestTheCriticalPathIsWhatWasWaitedFor(t *testing.T) {
	model := act("wait model", "start model")
	model.Change.Service = "model"
	image := act("build model")
	image.Change = plan.Change{Verb: plan.Build, Object: "image", Name: "app-model"}
	p := of(
		act("network"), image, act("start db", "network"), act("wait db", "start db"),
		act("guarded", "build model"), act("start model", "network", "guarded"), model,
		act("start web", "wait model", "wait db"), act("undo", "!start web"),
	)
	var events []reconciler.Event
	for _, e := range [][]reconciler.Event{
		ran("network", 0.5, 0.6), ran("build model", 0.5, 2.5), ran("start db", 0.6, 0.8), ran("wait db", 0.8, 2),
		{{Action: "guarded", Status: reconciler.Unneeded, Time: second(2.5)}},
		ran("start model", 2.7, 3), ran("wait model", 3, 7), ran("start web", 7, 7.2),
		{{Action: "undo", Status: reconciler.Unneeded, Time: second(7.2)}},
	} {
		events = append(events, e...)
	}
	path, parts := told(reconciler.TimingsOf(p, events, second(0), second(7.5)))
	if want := "build model 0.0+2.0, start model 0.2+0.3, wait model 0.0+4.0, start web 0.0+0.2"; path != want {
		t.Errorf("path  %s\nwant %s", path, want)
	}
	if want := "waiting for model 4.0, build app-model 2.0, engine 0.5, reading and planning 0.5, tidying up 0.3, waiting for a turn 0.2"; parts != want {
		t.Errorf("parts %s\nwant  %s", parts, want)
	}
}

func TestPartsAreAllOfTheTime(t *testing.T) {
	p := of(act("a"), act("b", "a"), act("wait", "b"))
	for name, events := range map[string][]reconciler.Event{
		"nothing ran": nil,
		"one failed":  {ran("a", 1, 2)[0], {Action: "a", Status: reconciler.Failed, Time: second(2)}, {Action: "b", Status: reconciler.Skipped, Time: second(2)}},
		"all ran":     append(append(ran("a", 1, 2), ran("b", 2.25, 3)...), ran("wait", 3, 9)...),
	} {
		timings := reconciler.TimingsOf(p, events, second(0), second(10))
		sum := 0.0
		for _, part := range timings.Parts {
			sum += part.Seconds
		}
		if timings.Seconds != 10 || math.Abs(sum-10) > 1e-6 {
			t.Errorf("%s: parts of %.3f s in %.3f s: %+v", name, sum, timings.Seconds, timings)
		}
	}
}
