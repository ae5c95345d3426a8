package laws

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// chosen reports whether the run is about a service: all are, or those that are
// named and what these depend on.
func (c Case) chosen(name string) bool {
	if len(c.Options.Services) == 0 || slices.Contains(c.Options.Services, name) {
		return true
	}
	for _, other := range c.Options.Services {
		if !c.Options.NoDeps && c.needs(other, name) {
			return true
		}
	}
	return false
}

func (c Case) needs(service, name string) bool {
	for dependency := range c.Desired.Services[service].DependsOn {
		if dependency == name || c.needs(dependency, name) {
			return true
		}
	}
	return false
}

// missed is in what the world differs from what is asked of it, seen without the
// planner.
func (c Case) missed(now engine.State) (out []string) {
	count := map[string]int{}
	byName := map[string]engine.Container{}
	for _, n := range now.Containers {
		byName[n.Name] = n
		if count[n.Service]++; c.Options.RemoveOrphans && !c.declared(n.Service) && !n.OneOff {
			out = append(out, "orphan "+n.Name+" is there")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Desired.Services)) {
		s := c.Desired.Services[name]
		if !c.chosen(name) {
			continue
		}
		if got := count[name]; got != c.replicas(s) {
			out = append(out, fmt.Sprintf("service %s has %d containers and not %d", name, got, c.replicas(s)))
		}
		for n := 1; n <= c.replicas(s); n++ {
			out = append(out, c.missedOf(s, c.name(s, n), byName)...)
		}
	}
	return out
}

func (c Case) declared(service string) bool {
	_, ok := c.Desired.Services[service]
	return ok || slices.Contains(c.Desired.Inactive, service)
}

func (c Case) missedOf(s spec.Service, name string, byName map[string]engine.Container) (out []string) {
	now, ok := byName[name]
	if !ok {
		return []string{"there is no " + name}
	}
	if !c.Options.NoStart && now.Status != engine.StatusRunning && !(s.Job && now.Status == engine.StatusExited && now.ExitCode == 0) {
		out = append(out, fmt.Sprintf("%s is %s", name, now.Status))
	}
	if c.Options.NoRecreate || now.Observed == nil || now.Labels[engine.LabelDefinition] == "" {
		return out // one that another tool made is compared by what can be read back
	}
	for what, definition := range map[string]spec.Container{"recorded": *now.Recorded, "observed": *now.Observed} {
		definition.Inputs = s.Container.Inputs // what counts of these, the planner decides
		if what == "recorded" {
			definition = withLive(definition, s.Container)
		}
		if got, want := encode(definition), encode(s.Container); got != want {
			out = append(out, fmt.Sprintf("%s is %s as\n%s\nand asked for as\n%s", name, what, got, want))
		}
	}
	return out
}

// needless are the containers that were replaced although all that differs can
// be changed in place, going by the table of docs/architecture.md.
func (c Case) needless(before, now engine.State) (out []string) {
	if o := c.Options; o.ForceRecreate || o.RenewAnonymous || o.Rerun || o.Build || o.Pull != "" {
		return nil
	}
	ids := map[string]string{}
	for _, n := range now.Containers {
		ids[n.Name] = n.ID
	}
	for _, was := range before.Containers {
		s := c.Desired.Services[was.Service]
		if c.desires(was) && c.stays(was, s, before) && ids[was.Name] != was.ID {
			out = append(out, was.Name+" is replaced without need")
		}
	}
	return out
}

// stays reports whether nothing asks for a container to be replaced: neither
// what it is made from nor what it depends on.
func (c Case) stays(was engine.Container, s spec.Service, before engine.State) bool {
	if was.Recorded == nil || s.Build != nil || s.PullPolicy == "always" || was.ImageID != before.Images[s.Container.Image].ID || aside(before, was.Name) {
		return false
	}
	for _, d := range s.DependsOn {
		if d.Namespace || d.Restart {
			return false
		}
	}
	want := s.Container
	want.Inputs = was.Recorded.Inputs
	moves := ephemeral(want) && encode(was.Observed.Networks) != encode(want.Networks)
	return encode(withLive(*was.Recorded, want)) == encode(want) && !limitRemoved(*was.Observed, want) && !moves
}

// aside reports whether an earlier run left an old container behind.
func aside(state engine.State, name string) bool {
	return slices.ContainsFunc(state.Containers, func(c engine.Container) bool { return c.Name == name+".old" })
}

// withLive is a definition with what an engine can change as another one has it.
func withLive(definition, from spec.Container) spec.Container {
	to, v := reflect.ValueOf(&definition).Elem(), reflect.ValueOf(from)
	for i := range to.NumField() {
		if to.Type().Field(i).Tag.Get("live") != "" {
			to.Field(i).Set(v.Field(i))
		}
	}
	return definition
}

// limitRemoved reports whether a limit is to go that the engine cannot unset.
func limitRemoved(is, want spec.Container) bool {
	a, b := reflect.ValueOf(is), reflect.ValueOf(want)
	for i := range a.NumField() {
		if a.Type().Field(i).Tag.Get("live") == "set" && !a.Field(i).IsZero() && b.Field(i).IsZero() {
			return true
		}
	}
	return false
}

func ephemeral(c spec.Container) bool {
	for _, list := range c.Ports {
		if slices.Contains(list, "") {
			return true
		}
	}
	return false
}

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func snapshot(t testing.TB, r engine.Reader, desired *spec.Stack) engine.State {
	t.Helper()
	state, err := r.Snapshot(t.Context(), planner.Query(desired))
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	return state
}

// picture is all of a project's state that a user can tell from another: no
// IDs, no times.
func (c Case) picture(t testing.TB, r engine.Reader) string {
	t.Helper()
	return c.describe(snapshot(t, r, c.Desired))
}

func (c Case) describe(state engine.State) string {
	var lines []string
	for _, n := range state.Containers {
		if _, ok := c.Desired.Services[n.Service]; !ok {
			lines = append(lines, fmt.Sprintf("orphan %s %s", n.Name, definition(n)))
			continue
		}
		lines = append(lines, fmt.Sprintf("container %s %s image %s %s", n.Name, c.status(n), n.ImageID, definition(n)))
	}
	for name, n := range state.Networks {
		lines = append(lines, fmt.Sprintf("network %s %s doubles %d", name, n.Labels[engine.LabelDefinition], len(n.Doubles)))
	}
	for name, v := range state.Volumes {
		if len(name) != 64 { // anonymous ones have a name that the engine makes
			lines = append(lines, fmt.Sprintf("volume %s %s", name, v.Labels[engine.LabelDefinition]))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// status is that of a container, as far as a run decides on it: a job that runs
// is one that will be done.
func (c Case) status(n engine.Container) engine.Status {
	switch {
	case c.Options.NoStart:
		return "(not started)"
	case c.Desired.Services[n.Service].Job && n.Status == engine.StatusExited && n.ExitCode == 0:
		return engine.StatusRunning
	}
	return n.Status
}

func definition(c engine.Container) string {
	if c.Observed == nil {
		return "(no definition)"
	}
	text, err := engine.EncodeDefinition(*c.Observed)
	if err != nil {
		return err.Error()
	}
	return text
}
