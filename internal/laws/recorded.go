package laws

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/reconciler"
)

// recorded: what was reached is recorded once, and is what runs: to go back to it
// changes nothing. A run that is killed while it records leaves nothing that the
// next one does not mend.
func (c Case) recorded(t testing.TB, run *plan.Plan, end *memory.Engine) {
	t.Helper()
	if c.Options.NoStart || c.Options.NoRecreate {
		return
	}
	c.recordedBriefly(t, run)
	before, p := snapshot(t, c.Engine, c.Desired), c.record(t, end, nil)
	if again := c.record(t, end, &before); !reflect.DeepEqual(again.Actions, p.Actions) {
		t.Errorf("recorded: another plan of the same input:\n%s\nthe first was:\n%s", again.Graph(), p.Graph())
	}
	e := end.Clone()
	c.carryOut(t, e, p)
	if again := c.record(t, e, nil); !again.Empty() {
		t.Errorf("recorded: recorded twice:\n%s", again.Graph())
	}
	if next, err := c.settled().plan(t, e); err != nil {
		t.Errorf("recorded: the next plan: %v", err)
	} else if !next.Empty() {
		t.Errorf("recorded: the next plan is not empty:\n%s", next.Graph())
	}
	state := history(t, e, c.Desired.Name)
	back, err := planner.Rollback(c.Desired.Name, state, planner.RollbackOptions{To: 1})
	if errors.As(err, new(*planner.MissingError)) && slices.ContainsFunc(state.Containers, adopted) {
		return // what another tool has bound into a container cannot be read back from it
	}
	if err != nil {
		t.Errorf("recorded: back to the generation: %v", err)
	} else if !back.Empty() {
		t.Errorf("recorded: the generation is not what runs:\n%s", back.Graph())
	}
	c.recordedInSpite(t, end, p, generations(state))
}

func adopted(c engine.Container) bool { return c.Adopted != nil }

// recordedBriefly: what a brief look after a run tells, with what the run knows,
// is recorded as what a full look tells.
func (c Case) recordedBriefly(t testing.TB, run *plan.Plan) {
	t.Helper()
	before, e := snapshot(t, c.Engine, c.Desired), c.Engine.Clone()
	// It has succeeded before.
	result, _ := reconciler.Apply(context.Background(), performOn(e), run, reconciler.Options{})
	brief, err := e.Snapshot(context.Background(), planner.RecordQuery(before, c.Desired.Name))
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	got, err := planner.Record(planner.Recording{
		Desired: c.Desired, Options: c.Options, Before: before, After: planner.Reached(before, brief, run, result.Outcomes),
	})
	if want := c.record(t, e, &before); err != nil || !reflect.DeepEqual(got.Actions, want.Actions) {
		t.Errorf("recorded: after a brief look (error %v):\n%s\nafter a full one:\n%s", err, got.Graph(), want.Graph())
	}
}

// recordedInSpite kills the recording after each of its calls.
func (c Case) recordedInSpite(t testing.TB, end *memory.Engine, p *plan.Plan, want string) {
	t.Helper()
	for _, k := range c.points(len(p.Actions)) {
		e := end.Clone()
		kill := countdown{left: k, perform: performOn(e)}
		// Its error is the kill.
		_, _ = reconciler.Apply(context.Background(), kill.call, p, reconciler.Options{Parallel: 1})
		c.carryOut(t, e, c.record(t, e, nil))
		if got := generations(history(t, e, c.Desired.Name)); got != want {
			t.Errorf("recorded: killed after %d calls, the next recording ends with\n%s\nand not with\n%s", k, got, want)
			return
		}
	}
}

// record plans the generation of a run that ended with e. before is how it
// began; nil for as the case does.
func (c Case) record(t testing.TB, e *memory.Engine, before *engine.State) *plan.Plan {
	t.Helper()
	if before == nil {
		state := snapshot(t, c.Engine, c.Desired)
		before = &state
	}
	q := planner.Query(c.Desired)
	q.Repository = engine.GenerationRepository(c.Desired.Name)
	after, err := e.Snapshot(context.Background(), q)
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	p, err := planner.Record(planner.Recording{Desired: c.Desired, Options: c.Options, Before: *before, After: after})
	if err != nil {
		t.Fatalf("record: %v", err)
	}
	return p
}

func (c Case) carryOut(t testing.TB, e *memory.Engine, p *plan.Plan) {
	t.Helper()
	if _, err := reconciler.Apply(context.Background(), performOn(e), p, reconciler.Options{}); err != nil {
		t.Errorf("recorded: %v\nthe plan was:\n%s", err, p.Graph())
	}
}

// history is what a rollback looks at.
func history(t testing.TB, e *memory.Engine, project string) engine.State {
	t.Helper()
	q := planner.RollbackQuery(project)
	q.Repository = engine.GenerationRepository(project)
	state, err := e.Snapshot(context.Background(), q)
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	return state
}

// generations are all of a project's, with the references that keep their
// images.
func generations(s engine.State) string {
	var lines []string
	for _, g := range s.Generations {
		lines = append(lines, fmt.Sprintf("generation %d", g.Number))
	}
	for ref, image := range s.Images {
		if _, ok := engine.TaggedGeneration(s.Generations[0].Project, ref); ok {
			lines = append(lines, ref+" "+image.ID)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func digest(content []byte) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256(content))
}
