//go:build e2e

package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A lane is one sandbox that goes through a cycle again and again.
type lane struct {
	*sandbox
	api    api
	number int // of the cycle
	cycle  []scenario
	sum    *tally
	calls  [][]call  // of each scenario's undisturbed run
	wanted []picture // what it ends with
	litter []string  // anonymous volumes of before: down leaves them
}

func newLane(t *testing.T, number int, cycle []scenario, sum *tally) *lane {
	t.Helper()
	l := &lane{number: number, sandbox: newSandbox(t, tiers), api: apiOf(t, os.Getenv("DOCKER_HOST")), cycle: cycle, sum: sum}
	t.Cleanup(l.clear)
	l.patience = 5 * time.Minute // several lanes at once keep the engine busy
	if !cycle[0].fresh {
		l.run1(up, 0)
		l.mark()
	}
	for _, sc := range cycle {
		l.lay(sc)
		r := l.run1(sc.args, sc.code)
		p, _ := l.picture(l.api)
		l.calls, l.wanted = append(l.calls, r.calls), append(l.wanted, p)
		l.leave(sc)
	}
	return l
}

// run1 runs the program, which must end so.
func (l *lane) run1(args []string, code int) result {
	l.t.Helper()
	return l.try(args...).ended(code)
}

// lay lays out the file of a scenario.
func (l *lane) lay(sc scenario) {
	l.t.Helper()
	if sc.fresh {
		l.clear()
	}
	if sc.edit == nil {
		return
	}
	path := filepath.Join(l.dir, "stack.yaml")
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(sc.edit(string(text))), 0o644)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// clear removes the volumes that the scenario before has left.
func (l *lane) clear() {
	for _, volume := range append(l.litter, l.name+"_data") {
		_, _ = l.api.try(http.MethodDelete, "/volumes/"+volume, nil, nil) // those that are there
	}
	l.litter = nil
}

// leave leaves something in the volumes that were made.
func (l *lane) leave(sc scenario) {
	l.t.Helper()
	if sc.fresh {
		l.mark()
	}
}

// mark writes into the volumes what must be there from now on.
func (l *lane) mark() {
	l.t.Helper()
	l.api.writeFile(l.name+"-db-1", "/data", "mark", l.name)
	l.api.writeFile(l.name+"-back-1", "/scratch", "mark", l.name)
}

// lost says what is not in the volumes, or in the config, that was written there.
// gone says that there are no containers any more.
func (l *lane) lost(gone bool) string {
	l.t.Helper()
	type file struct{ where, has, wants string }
	var files []file
	if gone {
		for _, volume := range append(l.litter, l.name+"_data") {
			files = append(files, file{volume, l.api.readVolume(probeImage, volume, "mark"), l.name})
		}
	} else {
		back := l.name + "-back-1"
		files = []file{
			{"data", l.api.readFile(l.name+"-db-1", "/data/mark"), l.name},
			{"scratch", l.api.readFile(back, "/scratch/mark"), l.name},
			{"settings", l.api.readFile(back, "/settings"), "x"},
		}
	}
	for _, f := range files {
		if f.has != f.wants {
			return fmt.Sprintf("%s says %q", f.where, f.has)
		}
	}
	return ""
}

// scratch is the anonymous volume of the first back, if there is one.
func (l *lane) scratch() (volumes []string) {
	l.t.Helper()
	for _, c := range get[[]listed](l.api, "/containers/json", labelled("com.docker.compose.project="+l.name)) {
		for _, m := range get[inspected](l.api, "/containers/"+c.ID+"/json", nil).Mounts {
			if m.Destination == "/scratch" && c.Labels["com.docker.compose.container-number"] == "1" {
				volumes = append(volumes, m.Name)
			}
		}
	}
	return volumes
}

// A faultPoint is a fault at the n-th call of a scenario.
type faultPoint struct {
	fault fault
	n     int
}

// run goes through all points of these faults, or through the sample for nil.
func (l *lane) run(kinds []fault) {
	l.t.Helper()
	points := make([][]faultPoint, len(l.cycle))
	rounds := 0
	for i := range l.cycle {
		if kinds == nil {
			points[i] = l.sample(i)
		}
		for _, f := range kinds {
			for _, n := range l.disturbed(i, f) {
				points[i] = append(points[i], faultPoint{f, n + 1})
			}
		}
		rounds = max(rounds, len(points[i]))
	}
	begun, count := time.Now(), 0
	defer func() {
		if kinds != nil {
			l.t.Logf("%s, %s: %d points in %s", l.cycle[0].name, kinds[0].name, count, time.Since(begun).Round(time.Second))
		}
	}()
	for round := range rounds {
		for i := range l.cycle {
			if round < len(points[i]) {
				l.point(i, points[i][round])
				count++
			} else {
				l.undisturbed(i)
			}
		}
	}
}

// disturbed are the calls of the i-th scenario that a fault happens to: a kill to
// all of them, any other to those that change something and to the first of each
// kind of the rest, since what reads is tried again by the same code everywhere.
// Of two scenarios of one name each has half of them.
func (l *lane) disturbed(i int, f fault) (out []int) {
	seen := map[string]bool{}
	for n, c := range l.calls[i] {
		if f.kills || c.mutates() || !seen[c.kind()] {
			out = append(out, n)
		}
		seen[c.kind()] = true
	}
	if last := len(l.cycle) - 1; l.cycle[0].name == l.cycle[last].name {
		out = slices.DeleteFunc(out, func(n int) bool { return n%len(l.cycle) != i })
	}
	return out
}

// sample is a few points of one scenario, spread evenly over its calls and, with
// the other scenarios', over the faults; the same ones each time.
func (l *lane) sample(i int) (out []faultPoint) {
	slot := 2*l.number + i
	for j := range sampled {
		n := (slot%3 + 3*j) * len(l.calls[i]) / (3 * sampled)
		out = append(out, faultPoint{faults[(sampled*slot+j)%len(faults)], n + 1})
	}
	return out
}

// undisturbed is a step of the cycle that has no point left to try.
func (l *lane) undisturbed(i int) {
	l.t.Helper()
	l.lay(l.cycle[i])
	l.litter = append(l.litter, l.scratch()...)
	l.run1(l.cycle[i].args, l.cycle[i].code)
	l.leave(l.cycle[i])
}

// point has one fault happen, and sees to it that the same command, once more,
// reaches the undisturbed result.
func (l *lane) point(i int, p faultPoint) {
	l.t.Helper()
	sc := l.cycle[i]
	l.lay(sc)
	_, before := l.picture(l.api)
	l.litter = append(l.litter, l.scratch()...)
	r, hit := l.disturb(p.fault, p.n, sc.args...)
	good := l.wantClean(p.fault, hit, r, sc.code)
	var wrong []string
	if p.fault.passes && !hit.greets() {
		if now, _ := l.picture(l.api); now.unlike(l.wanted[i]) != "" {
			wrong = append(wrong, "at once:\n"+now.unlike(l.wanted[i]))
		}
	}
	again := l.try(sc.args...)
	wrong = append(wrong, l.unlike(i, again, before)...)
	failed := !good || len(wrong) > 0
	l.sum.note(sc.name+", "+p.fault.name, hit != call{}, failed)
	if len(wrong) > 0 {
		l.t.Errorf("%s, %s at call %d of %d, %s:\n%s\n--- the run ---\n%s%s\n--- once more ---\n%s%s",
			sc.name, p.fault.name, p.n, len(l.calls[i]), hit, strings.Join(wrong, "\n"), r.stdout, r.stderr, again.stdout, again.stderr)
	}
	if failed {
		l.repair(i)
	}
	l.leave(sc)
}

// unlike is all in which the project differs from what an undisturbed run
// leaves.
func (l *lane) unlike(i int, again result, before map[string]string) (wrong []string) {
	sc := l.cycle[i]
	if again.code != sc.code {
		wrong = append(wrong, fmt.Sprintf("once more: exit status %d, want %d", again.code, sc.code))
	}
	now, ids := l.picture(l.api)
	if d := now.unlike(l.wanted[i]); d != "" {
		wrong = append(wrong, d)
	}
	if sc.code != 0 && !maps.Equal(ids, before) {
		wrong = append(wrong, fmt.Sprintf("the old containers are not those of before: %v, were %v", ids, before))
	}
	if want := map[bool]int{false: 0, true: 2}[sc.code != 0]; !*everyFault && sc.args[0] == "up" {
		if plan := l.try("plan", "--exit-code"); plan.code != want {
			wrong = append(wrong, fmt.Sprintf("plan --exit-code: %d, want %d:\n%s%s", plan.code, want, plan.stdout, plan.stderr))
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	if sc.fresh {
		l.mark() // nothing was there to be lost
	}
	if lost := l.lost(sc.args[0] == "down"); lost != "" {
		wrong = append(wrong, lost)
	}
	return wrong
}

// repair lets the points after one that has failed begin where they should.
func (l *lane) repair(i int) {
	l.t.Helper()
	l.sweep()
	sc := l.cycle[i]
	if sc.args[0] == "down" {
		return
	}
	if sc.code == 0 {
		l.run1(up, 0)
	} else {
		l.edit("stack.yaml", `command: [exit, "3"]`, `command: [-address, ":8080"]`)
		l.run1(up, 0)
		l.lay(sc)
	}
	if !sc.fresh {
		l.mark()
	}
}
