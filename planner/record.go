package planner

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// generationsKept is how many generations a project has.
const generationsKept = 3

// A Recording is what a run of Up came to, and how it began.
type Recording struct {
	Desired *spec.Stack
	Options Options
	Before  engine.State             // as the run found the engine
	After   engine.State             // as it left it, read with RecordQuery
	Records map[string]engine.Record // measured in this run, by service
}

// RecordQuery is what has to be observed before Record can plan for desired.
func RecordQuery(desired *spec.Stack) engine.Query {
	q := Query(desired)
	q.Repository = engine.GenerationRepository(desired.Name)
	return q
}

// Record plans the generation of a run that succeeded. The references that keep
// its images come first, then the volume, which is whole or is not: what an
// interrupted Record leaves, the next one removes. The plan is empty when the
// newest generation is what was reached, and for runs that prove nothing: those
// that start nothing, or replace nothing.
func Record(r Recording) (*plan.Plan, error) {
	k := &keeping{draft: newDraft(r.Desired.Name, r.After), Recording: r}
	if r.Options.NoStart || r.Options.NoRecreate {
		return k.finish()
	}
	reached, err := k.reached()
	if err != nil {
		return nil, err
	}
	g, err := k.generation(reached)
	if err != nil {
		return nil, err
	}
	if newest := k.newest(); newest == nil || !k.same(*newest, g, true) {
		if err := k.keep(g); err != nil {
			return nil, err
		}
	}
	return k.finish()
}

// Unkept reports whether the newest generation does not tell of the containers
// that are there, when desired is reached: the run that made them was killed
// before it could record them, or the volume was pruned. What makes no
// difference to a container does not count.
func Unkept(desired *spec.Stack, observed engine.State, opts Options) bool {
	k := &keeping{Recording: Recording{Desired: desired, Options: opts, After: observed}}
	reached, err := k.reached()
	if err != nil || opts.NoStart || opts.NoRecreate || len(observed.Containers) == 0 {
		return false
	}
	bare, _, err := engine.Withhold(reached)
	newest := k.newest()
	return err == nil && (newest == nil || newest.Stack == nil || encode(shape(bare)) != encode(shape(newest.Stack)))
}

// shape is what a stack asks of containers.
func shape(s *spec.Stack) map[string]spec.Service {
	out := map[string]spec.Service{}
	for name, service := range s.Services {
		out[name] = spec.Service{Container: service.Container, ImageID: service.ImageID, Replicas: service.Replicas}
	}
	return out
}

// keeping is the work sheet of one Record.
type keeping struct {
	draft
	Recording
	reachedStack *spec.Stack // with its secrets
}

// newest is the newest generation before this one, nil for none.
func (k *keeping) newest() *engine.Generation {
	all := k.After.Generations
	if len(all) == 0 {
		return nil
	}
	return &all[len(all)-1]
}

// reached is the stack as it is now: what was asked for, of services that were
// left alone what the newest generation says.
func (k *keeping) reached() (*spec.Stack, error) {
	u := newUp(k.Desired, k.After, k.Options)
	if _, err := u.choose(); err != nil {
		return nil, err
	}
	out := &spec.Stack{
		Name: k.Desired.Name, WorkingDir: k.Desired.WorkingDir, Files: k.Desired.Files, Inactive: slices.Clone(k.Desired.Inactive),
		Services: map[string]spec.Service{}, Networks: maps.Clone(k.Desired.Networks), Volumes: maps.Clone(k.Desired.Volumes),
	}
	for name := range k.Desired.Services {
		if u.chosen[name] {
			out.Services[name] = k.lasting(k.Desired.Services[name], u.replicas(k.Desired.Services[name]))
		} else {
			out.Inactive = append(out.Inactive, name)
		}
	}
	if len(k.Options.Services) > 0 {
		k.merge(out)
	}
	slices.Sort(out.Inactive)
	return out, nil
}

// merge adds the services that the run was not about, as the newest generation
// has them.
func (k *keeping) merge(out *spec.Stack) {
	newest := k.newest()
	if newest == nil || newest.Stack == nil {
		return
	}
	out.Services = union(newest.Stack.Services, out.Services)
	out.Networks = union(newest.Stack.Networks, out.Networks)
	out.Volumes = union(newest.Stack.Volumes, out.Volumes)
	out.Inactive = slices.DeleteFunc(out.Inactive, func(name string) bool {
		_, ok := out.Services[name]
		return ok
	})
}

// lasting is a service without what is about the way and not the result: a
// rollback builds nothing, pulls nothing, and knows no inputs of jobs.
func (k *keeping) lasting(s spec.Service, replicas int) spec.Service {
	s.Replicas, s.ImageID = replicas, k.imageID(s)
	s.Build, s.PullPolicy, s.PullAfter = nil, "", 0
	s.Touched, s.Unread, s.Container.Inputs = nil, nil, nil
	return s
}

// imageID is what the service's containers are made from.
func (k *keeping) imageID(s spec.Service) string {
	for _, c := range k.After.Containers {
		if c.Service == s.Name && !c.OneOff {
			return c.ImageID
		}
	}
	if s.ImageID != "" {
		return s.ImageID
	}
	return k.After.Images[s.Container.Image].ID
}

// generation is what is kept of the stack that was reached.
func (k *keeping) generation(reached *spec.Stack) (engine.Generation, error) {
	k.reachedStack = reached
	bare, left, err := engine.Withhold(reached)
	if err != nil {
		return engine.Generation{}, err
	}
	g := engine.Generation{Number: 1, Project: reached.Name, Stack: bare, Withheld: map[string][]string{}, Records: map[string]engine.Record{}}
	newest := k.newest()
	if newest != nil {
		g.Number = newest.Number + 1
	}
	g.Volume = engine.GenerationVolume(g.Project, g.Number)
	for _, pointer := range left {
		g.Withheld[pointer] = k.marks(pointer)
	}
	if newest != nil {
		k.inherit(&g, *newest)
	}
	maps.Copy(g.Records, k.Records)
	for name := range g.Records {
		if _, ok := reached.Services[name]; !ok {
			delete(g.Records, name)
		}
	}
	return g, nil
}

// inherit takes over what the run was not about.
func (k *keeping) inherit(g *engine.Generation, newest engine.Generation) {
	for pointer, marks := range newest.Withheld {
		name := engine.Steps(pointer)[1]
		if was, ok := newest.Stack.Services[name]; ok && reflect.DeepEqual(k.reachedStack.Services[name], was) {
			g.Withheld[pointer] = marks
		}
	}
	maps.Copy(g.Records, newest.Records)
}

// marks are those of the containers that have the value at a pointer now.
func (k *keeping) marks(pointer string) []string {
	value, _ := engine.Lookup(k.reachedStack, pointer)
	var out []string
	eachHolder(k.After, pointer, func(c engine.Container, rest, has string) {
		if mark := c.Mark(rest); has == value && !slices.Contains(out, mark) {
			out = append(out, mark)
		}
	})
	slices.Sort(out)
	return out
}

// eachHolder calls f for each container that has a value at the pointer of a
// stack, with the pointer within the service.
func eachHolder(observed engine.State, pointer string, f func(c engine.Container, rest, value string)) {
	steps := engine.Steps(pointer)
	if steps[0] != "Services" || len(steps) < 3 {
		return
	}
	rest := engine.Pointer(steps[2:]...)
	for _, c := range observed.Containers {
		if c.Service != steps[1] || c.OneOff || c.Recorded == nil {
			continue
		}
		if value, ok := engine.Lookup(c.Made(), rest); ok {
			f(c, rest, value)
		}
	}
}

// same reports whether an older generation is the same as a new one: with
// surely only if that is known of its secrets too, else unless the contrary is.
func (k *keeping) same(old, g engine.Generation, surely bool) bool {
	if old.Stack == nil || encode(essence(old.Stack)) != encode(essence(g.Stack)) {
		return false
	}
	for pointer, marks := range g.Withheld {
		if meet(marks, old.Withheld[pointer]) {
			continue
		}
		if surely && len(marks) > 0 || k.differs(old, pointer) {
			return false
		}
	}
	return true
}

// essence is the stack without what makes no difference to its containers.
func essence(s *spec.Stack) *spec.Stack {
	return &spec.Stack{Name: s.Name, Services: s.Services, Networks: s.Networks, Volumes: s.Volumes}
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(mark string) bool { return slices.Contains(b, mark) })
}

// differs reports whether a value that an older generation left out is known to
// be another one than that of now.
func (k *keeping) differs(old engine.Generation, pointer string) (known bool) {
	value, _ := engine.Lookup(k.reachedStack, pointer)
	eachHolder(k.Before, pointer, func(c engine.Container, rest, was string) {
		known = known || was != value && slices.Contains(old.Withheld[pointer], c.Mark(rest))
	})
	return known
}

// keep plans the generation, and the end of those that make room for it.
func (k *keeping) keep(g engine.Generation) error {
	labels, err := g.Labels()
	if err != nil {
		return err
	}
	var tagged []string
	numbers := map[int]bool{g.Number: true}
	s := step{change: plan.Change{Verb: plan.Create, Object: "volume", Name: g.Volume}, reasons: []plan.Reason{{Code: plan.Missing, Text: "keeps what this run came to"}}}
	for _, name := range sortedKeys(g.Stack.Services) {
		ref, id := engine.GenerationTag(g.Project, g.Number, name), g.Stack.Services[name].ImageID
		if id != "" && k.After.Images[ref].ID != id {
			tagged = append(tagged, k.add(s, "tag "+ref, engine.TagImage{Image: id, As: ref}))
		}
	}
	made := k.add(s, "create volume "+g.Volume, engine.CreateVolume{Definition: spec.Volume{Name: g.Volume}, Labels: labels}, after(tagged...)...)
	stay, go_ := k.room(g)
	for _, old := range stay {
		numbers[old.Number] = true
	}
	last := []string{made}
	for _, old := range go_ {
		s := step{change: plan.Change{Verb: plan.Remove, Object: "volume", Name: old.Volume}, reasons: []plan.Reason{{Code: plan.Surplus, Text: fmt.Sprintf("makes room: %d generations are kept", generationsKept)}}}
		last = append(last, k.add(s, "remove volume "+old.Volume, engine.RemoveVolume{Name: old.Volume}, onDone(made)))
	}
	k.untag(g, numbers, last)
	return nil
}

// room parts the older generations into those that stay and those that go: the
// same ones as the new one, as far as is known, and else the oldest.
func (k *keeping) room(g engine.Generation) (stay, out []engine.Generation) {
	for _, old := range slices.Backward(k.After.Generations) {
		if len(stay) == generationsKept-1 || k.same(old, g, false) {
			out = append(out, old)
		} else {
			stay = append(stay, old)
		}
	}
	return stay, out
}

// untag takes away the references of generations that are no more, once the new
// one has its own.
func (k *keeping) untag(g engine.Generation, numbers map[int]bool, edges []string) {
	var refs []string
	for _, ref := range sortedKeys(k.After.Images) {
		if n, ok := engine.TaggedGeneration(k.plan.Project, ref); ok && !numbers[n] {
			refs = append(refs, ref)
		}
	}
	tagged := k.After
	tagged.Images = maps.Clone(tagged.Images)
	for _, ref := range refs {
		for name, s := range g.Stack.Services {
			if image := tagged.Images[ref]; image.ID == s.ImageID {
				image.References = append(slices.Clone(image.References), engine.GenerationTag(g.Project, g.Number, name))
				tagged.Images[ref] = image
			}
		}
	}
	dropped, _ := droppable(k.plan.Project, tagged, refs)
	k.removeTags(dropped, plan.Reason{Code: plan.Surplus, Text: "its generation is not kept any more"}, after(edges...)...)
}
