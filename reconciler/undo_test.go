package reconciler_test

import (
	"testing"

	"github.com/stackfile/stack/plan"
)

// The replace of DESIGN.md, stop first. Each undo comes when the replace did
// not get to ready, for a step that was done, after the undo before it.
func replace() *plan.Plan {
	return of(
		act("create"),
		act("stop old", "create"),
		act("rename old", "stop old"),
		act("rename new", "rename old"),
		act("start", "rename new"),
		act("wait ready", "start"),
		act("remove old", "wait ready"),
		act("remove new", "!wait ready", "create"),
		act("rename old back", "!wait ready", "rename old", "remove new?"),
		act("start old", "!wait ready", "stop old", "rename old back?"))
}

func TestUndoRunsBackwardsFromTheStepThatFailed(t *testing.T) {
	undone := map[string]string{
		"create": "create failed, stop old skipped (create), rename old skipped (create), rename new skipped (create), " +
			"start skipped (create), wait ready skipped (create), remove old skipped (create), " +
			"remove new skipped (create), rename old back skipped (create), start old skipped (create)",
		"rename new": "create succeeded, stop old succeeded, rename old succeeded, rename new failed, " +
			"start skipped (rename new), wait ready skipped (rename new), remove old skipped (rename new), " +
			"remove new succeeded, rename old back succeeded, start old succeeded",
		"wait ready": "create succeeded, stop old succeeded, rename old succeeded, rename new succeeded, " +
			"start succeeded, wait ready failed, remove old skipped (wait ready), " +
			"remove new succeeded, rename old back succeeded, start old succeeded",
		"nothing": "create succeeded, stop old succeeded, rename old succeeded, rename new succeeded, " +
			"start succeeded, wait ready succeeded, remove new unneeded, rename old back unneeded, start old unneeded, remove old succeeded",
	}
	for step, want := range undone {
		t.Run(step, func(t *testing.T) { expect(t, replace(), fail(step), want) })
	}
}

func TestFailedUndoDoesNotStopTheNext(t *testing.T) {
	expect(t, replace(), fail("start", "remove new"),
		"create succeeded, stop old succeeded, rename old succeeded, rename new succeeded, "+
			"start failed, wait ready skipped (start), remove old skipped (start), "+
			"remove new failed, rename old back succeeded, start old succeeded")
}

func TestUndoGoesBeforeWhatElseIsReady(t *testing.T) {
	p := of(act("a"), act("b", "a"), act("other 1"), act("other 2"), act("undo", "!b", "a"))
	expect(t, p, fail("b"), "a succeeded, b failed, undo succeeded, other 1 succeeded, other 2 succeeded")
}

func TestGuardedReplaceIsNeitherDoneNorUndone(t *testing.T) {
	p := replace()
	for i := range p.Actions {
		p.Actions[i] = unless(act(p.Actions[i].ID, "pull"), "pull")
		p.Actions[i].After = append(p.Actions[i].After, replace().Actions[i].After...)
	}
	p.Actions = append(p.Actions, act("pull"))
	expect(t, p, fail(), "pull succeeded, create unneeded, stop old unneeded, rename old unneeded, rename new unneeded, "+
		"start unneeded, wait ready unneeded, remove old unneeded, remove new unneeded, rename old back unneeded, start old unneeded")
}
