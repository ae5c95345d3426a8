package planner

import (
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
	After   engine.State             // as it left it, see Reached
	Records map[string]engine.Record // measured in this run, by service
}

// RecordQuery is what has to be observed, beside what the run had observed
// before, for Record: for a project of which there was nothing no references are
// looked for, since there is nothing to take away. Should its volumes have been
// pruned and its images not, the next recording does that.
func RecordQuery(before engine.State, project string) engine.Query {
	q := engine.Query{Project: project, Brief: true}
	if len(before.Containers)+len(before.Generations) > 0 || referred(before, project) {
		q.Repository = engine.GenerationRepository(project)
	}
	return q
}

// referred reports whether a reference of a generation means one of the images.
func referred(observed engine.State, project string) bool {
	for _, image := range observed.Images {
		for _, ref := range image.References {
			if _, ok := engine.TaggedGeneration(project, ref); ok {
				return true
			}
		}
	}
	return false
}

// Record plans the generation of a run that succeeded. The references that keep
// its images come first, then the volume, which is whole or is not: what an
// interrupted Record leaves, the next one removes. The plan is empty when the
// newest generation is what was reached, and for runs that prove nothing: those
// that start nothing, or replace nothing.
func Record(r Recording) (*plan.Plan, error) {
	k := newKeeping(r)
	k.draft = newDraft(r.Desired.Name, r.After)
	if r.Options.NoStart || r.Options.NoRecreate {
		return k.finish(k.Desired)
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
	return k.finish(k.Desired)
}

// Unkept reports whether the newest generation does not tell of the containers
// that are there, when desired is reached: the run that made them was killed
// before it could record them, or the volume was pruned. What makes no
// difference to a container does not count. Containers of another tool, or of a
// stack from before generations, are no reason to begin with them: where nothing
// differs nothing is touched.
func Unkept(desired *spec.Stack, observed engine.State, opts Options) bool {
	if opts.NoStart || opts.NoRecreate || len(observed.Containers) == 0 || slices.ContainsFunc(observed.Containers, unrecorded) {
		return false
	}
	k := newKeeping(Recording{Desired: desired, Options: opts, After: observed})
	reached, err := k.reached()
	if err != nil {
		return false
	}
	newest := k.newest()
	return newest == nil || newest.Stack == nil || !covers(newest.Stack, reached)
}

// covers reports whether a generation has every service of a stack as it is. That
// one is asked for no more leaves its containers alone, and so is nothing to
// record.
func covers(was, is *spec.Stack) bool {
	for name := range is.Services {
		kept, reached := shape(was.Services[name]), shape(is.Services[name])
		if same(&kept, &reached) {
			continue
		}
		if reached = withheld(reached); !same(&kept, &reached) {
			return false
		}
	}
	return true
}

// withheld is a service as a generation has it.
func withheld(service spec.Service) spec.Service {
	const name = "service"
	bare, _, err := engine.Withhold(&spec.Stack{Services: map[string]spec.Service{name: service}})
	if err != nil {
		return service
	}
	return bare.Services[name]
}

func unrecorded(c engine.Container) bool { return c.Labels[engine.LabelReasons] == "" }

// shape is what a service asks of containers.
func shape(s spec.Service) spec.Service {
	return spec.Service{Container: s.Container, ImageID: s.ImageID, Replicas: s.Replicas}
}

// keeping is the work sheet of one Record.
type keeping struct {
	draft
	Recording
	reachedStack *spec.Stack       // with its secrets
	imageIDs     map[string]string // of the services that have containers
}

func newKeeping(r Recording) *keeping {
	k := &keeping{Recording: r, imageIDs: map[string]string{}}
	for _, c := range r.After.Containers {
		if _, ok := k.imageIDs[c.Service]; !ok && !c.OneOff {
			k.imageIDs[c.Service] = c.ImageID
		}
	}
	return k
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
	if id, ok := k.imageIDs[s.Name]; ok {
		return id
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
	steps := engine.Steps(pointer)
	if len(steps) < 3 || steps[0] != "Services" {
		return nil // nobody has it but a network or a volume
	}
	value, _ := engine.Lookup(k.reachedStack.Services[steps[1]], engine.Pointer(steps[2:]...))
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
