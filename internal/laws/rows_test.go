package laws

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
)

// A row is one of the table of differences in docs/architecture.md.
type row int

const (
	rowNone row = iota
	rowStarting
	rowInPlace
	rowLimitRemoved
	rowRewired
	rowRewiredEphemeral
	rowStopped
	rowReplaced
	rowContent
	rowNothing
	rowSurplus
	rowMissingNumber
	rowOrphanNote
	rowOrphanRemoved
	rowNetworkReplaced
	rowVolumeOptions
	rowLabels
	rowForeignName
	rowForeignPort
	rows
	rowOther row = -1 // a deed that the table does not speak of
)

// A line is what a row says: its words, and whether a plan, or the refusal to
// make one, does what they say.
type line struct {
	name string
	does func(p *plan.Plan, err error) bool
}

var table = [rows]line{
	rowNone:             {"no difference: nothing", empty},
	rowStarting:         {"health starting: nothing", empty},
	rowInPlace:          {"limits, restart policy: in place", has(updates)},
	rowLimitRemoved:     {"a limit removed, cpuset cleared: replace", has(replaces(limits...))},
	rowRewired:          {"attachment, alias, address: disconnect, connect", has(rewires)},
	rowRewiredEphemeral: {"the same, with an ephemeral port: replace", has(replaces("networks"))},
	rowStopped:          {"stopped, paused: start, unpause", has(brings)},
	rowReplaced:         {"anything else in the container: replace", has(replaces(fixed...))},
	rowContent:          {"content of a config, secret, env_file: replace", has(replaces("files", "environment"))},
	rowNothing:          {"depends_on, profiles, hooks, ...: nothing", empty},
	rowSurplus:          {"surplus replica: removed", has(because("surplus: "))},
	rowMissingNumber:    {"missing number: comes back", has(creates)},
	rowOrphanNote:       {"orphan: a note", notes("is an orphan")},
	rowOrphanRemoved:    {"orphan, --remove-orphans: removed", has(because("orphan: "))},
	rowNetworkReplaced:  {"network options: replaced, members reconnected", has(replacesNetwork)},
	rowVolumeOptions:    {"volume driver, options: an error", refuses[*planner.DataLossError](func(*planner.DataLossError) bool { return true })},
	rowLabels:           {"labels of a network, a volume: a note", notes("labels differ")},
	rowForeignName:      {"name held by something foreign: an error", refuses(conflictOver("container name"))},
	rowForeignPort:      {"host port held by something foreign: an error", refuses(conflictOver("host port"))},
}

func (r row) String() string {
	if r == rowOther {
		return "none of the table"
	}
	return table[r].name
}

// limits are the fields that an engine can set and not unset.
var limits = []string{"cpus", "cpu_shares", "cpu_quota", "cpuset", "mem_limit", "mem_reservation", "blkio_weight"}

// fixed are the fields of which the deeds change some.
var fixed = []string{"environment", "command", "labels", "user", "hostname", "image", "healthcheck", "cap_add", "tmpfs", "volumes", "ports", "shm_size"}

func empty(p *plan.Plan, err error) bool { return err == nil && p.Empty() }

func has(is func(plan.Action) bool) func(*plan.Plan, error) bool {
	return func(p *plan.Plan, err error) bool { return err == nil && slices.ContainsFunc(p.Actions, is) }
}

func notes(text string) func(*plan.Plan, error) bool {
	return func(p *plan.Plan, err error) bool {
		return err == nil && slices.ContainsFunc(p.Notes, func(n plan.Note) bool { return strings.Contains(n.Text, text) })
	}
}

func refuses[E error](is func(E) bool) func(*plan.Plan, error) bool {
	return func(_ *plan.Plan, err error) bool {
		var e E
		return errors.As(err, &e) && is(e)
	}
}

func conflictOver(object string) func(*planner.ConflictError) bool {
	return func(e *planner.ConflictError) bool { return e.Object == object }
}

func updates(a plan.Action) bool {
	_, ok := a.Op.(engine.UpdateContainer)
	return ok && a.Change.Verb == plan.Update
}

func rewires(a plan.Action) bool {
	_, on := a.Op.(engine.ConnectNetwork)
	_, off := a.Op.(engine.DisconnectNetwork)
	return (on || off) && a.Change.Verb == plan.Update
}

func brings(a plan.Action) bool {
	return (a.Change.Verb == plan.Start || a.Change.Verb == plan.Unpause) && a.Reasons[0].Code == plan.Drifted
}

func creates(a plan.Action) bool {
	_, ok := a.Op.(engine.CreateContainer)
	return ok && a.Reasons[0].Code == plan.Missing
}

func replacesNetwork(a plan.Action) bool {
	_, ok := a.Op.(engine.CreateNetwork)
	return ok && a.Change.Verb == plan.Replace
}

func because(text string) func(plan.Action) bool {
	return func(a plan.Action) bool { return strings.HasPrefix(a.Reasons[0].Text, text) }
}

// replaces is the creation of a replacement for one of the fields.
func replaces(fields ...string) func(plan.Action) bool {
	return func(a plan.Action) bool {
		_, ok := a.Op.(engine.CreateContainer)
		return ok && (a.Change.Verb == plan.Replace || a.Change.Verb == plan.Run) && slices.ContainsFunc(a.Reasons, func(r plan.Reason) bool {
			top, _, _ := strings.Cut(r.Field, ".")
			return slices.Contains(fields, top)
		})
	}
}

// A count is how many cases hit each row.
type count struct {
	mu sync.Mutex
	n  [rows]int
}

// add counts the rows that a case's deeds are of and that its plan shows.
func (c *count) add(deeds []deed, p *plan.Plan, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for r := range rows {
		done := slices.ContainsFunc(deeds, func(d deed) bool { return d.row == r })
		if r == rowNone {
			done = len(deeds) == 0
		}
		if done && table[r].does(p, err) {
			c.n[r]++
		}
	}
}

// report prints the rows, and fails when one was hit less often than least.
func (c *count) report(t *testing.T, least int) {
	var b strings.Builder
	for r := range rows {
		fmt.Fprintf(&b, "%6d  %s\n", c.n[r], r)
		if c.n[r] < least {
			t.Errorf("row %q: %d cases, want at least %d", r, c.n[r], least)
		}
	}
	t.Logf("cases by row of the table of differences:\n%s", b.String())
}
