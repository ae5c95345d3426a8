package planner

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// Down plans the end of a project: its containers stop, dependents first, and
// are removed, then its networks, and by flag its volumes and images. Only what
// carries the project's label goes. With desired nil the labels say all, and
// no service is an orphan.
func Down(project string, desired *spec.Stack, observed engine.State, opts DownOptions) (*plan.Plan, error) {
	w := &down{draft: newDraft(project, observed), desired: desired, observed: observed, opts: opts}
	if err := knownServices(desired, observed, opts.Services); err != nil {
		return nil, err
	}
	o := newOutgoing(&w.draft, desired, w.containers(), StopOptions{Timeout: opts.StopTimeout, Volumes: opts.Volumes})
	o.why = plan.Reason{Code: plan.Requested, Text: "down"}
	o.stopAll()
	o.removeAll()
	if len(opts.Services) == 0 {
		w.networks(o.removes)
		w.volumes(o.removes)
	}
	w.images(o.removes)
	if len(opts.Services) == 0 {
		w.history(o.removes)
	}
	return w.finish(desired)
}

type down struct {
	draft
	desired  *spec.Stack
	observed engine.State
	opts     DownOptions
	kept     []string // names of the containers that stay
}

// containers are those that go. Orphans stay unless asked for, and so do, unless
// they are named, services of other profiles than the active ones.
func (w *down) containers() []engine.Container {
	var out []engine.Container
	for _, c := range w.observed.Containers {
		switch {
		case !isOf(c, w.opts.Services):
		case w.inactive(c):
			w.kept = append(w.kept, c.Name)
			w.note(c.Service, "container %s stays: the service is in no active profile (--profile activates one)", c.Name)
		case w.orphan(c):
			w.kept = append(w.kept, c.Name)
			if w.opts.IgnoreOrphans {
				continue
			}
			w.note(c.Service, "container %s is an orphan: the file has no service %s (--remove-orphans removes it)", c.Name, c.Service)
		default:
			out = append(out, c)
		}
	}
	return out
}

// inactive reports whether a container is of a service that the command is not for.
// As in docker compose a run of one that has ended counts as an orphan.
func (w *down) inactive(c engine.Container) bool {
	if c.OneOff && w.opts.RemoveOrphans && idle(c.Status) {
		return false
	}
	return !meant(w.desired, c, w.opts.Services) && ofFile(w.desired, c)
}

func (w *down) orphan(c engine.Container) bool {
	return w.desired != nil && !w.opts.RemoveOrphans && !ofFile(w.desired, c)
}

// ofFile reports whether a container is of a service of the file, in whatever
// profile, or a step of one.
func ofFile(s *spec.Stack, c engine.Container) bool {
	return declared(s, c.Service) || declared(s, stepOf(c))
}

// declared reports whether the file has the service, in whatever profile.
func declared(s *spec.Stack, service string) bool {
	_, ok := s.Services[service]
	return ok || slices.Contains(s.Inactive, service)
}

// networks removes the project's networks. One that something else uses stays,
// with a note.
func (w *down) networks(removes []string) {
	for _, name := range sortedKeys(w.observed.Networks) {
		n := w.observed.Networks[name]
		if n.Labels[engine.LabelProject] != w.plan.Project {
			continue
		}
		if users := w.users(n); len(users) > 0 {
			w.note("", "network %s stays: it is used by %s", name, strings.Join(users, ", "))
			continue
		}
		single := w.removeDoubles(name, n)
		w.add(w.requested("network", name), "remove network "+name, engine.RemoveNetwork{Name: name}, after(append(slices.Clone(removes), single)...)...)
	}
}

func (w *down) requested(object, name string) step {
	return step{change: plan.Change{Verb: plan.Remove, Object: object, Name: name}, reasons: []plan.Reason{{Code: plan.Requested, Text: "down"}}}
}

// users are the members of a network that this plan leaves.
func (w *down) users(n engine.Network) []string {
	going := map[string]bool{}
	for _, c := range w.observed.Containers {
		going[c.Name] = !slices.Contains(w.kept, c.Name)
	}
	var out []string
	for _, member := range n.Members {
		if !going[member] {
			out = append(out, member)
		}
	}
	return out
}

// volumes removes the project's named volumes, when asked for.
func (w *down) volumes(removes []string) {
	if !w.opts.Volumes {
		return
	}
	for _, name := range sortedKeys(w.observed.Volumes) {
		if w.observed.Volumes[name].Labels[engine.LabelProject] == w.plan.Project {
			s := w.requested("volume", name)
			s.loses = []string{"volume " + name}
			w.add(s, "remove volume "+name, engine.RemoveVolume{Name: name}, after(removes...)...)
		}
	}
}

// history removes the generations, when volumes are to go, and then or with
// their images the references that keep those.
func (w *down) history(removes []string) {
	edges := slices.Clone(removes)
	if w.opts.Volumes {
		for _, g := range w.observed.Generations {
			edges = append(edges, w.add(w.requested("volume", g.Volume), "remove volume "+g.Volume, engine.RemoveVolume{Name: g.Volume}, after(removes...)...))
		}
	}
	if !w.opts.Volumes && w.opts.Images == "" {
		return
	}
	w.releaseImages(edges)
}

// releaseImages takes away the references that keep images for generations: all
// of them when all images are to go, and else those without which the image
// stays, or that the stack has built itself.
func (w *down) releaseImages(edges []string) {
	var refs, others []string
	for _, ref := range sortedKeys(w.observed.Images) {
		if _, ok := engine.TaggedGeneration(w.plan.Project, ref); ok {
			refs = append(refs, ref)
		} else if w.has("remove image " + ref) {
			others = append(others, ref)
		}
	}
	left := w.observed
	left.Containers = slices.DeleteFunc(slices.Clone(left.Containers), func(c engine.Container) bool { return !slices.Contains(w.kept, c.Name) })
	drop, stay := droppable(w.plan.Project, left, refs, others...)
	if w.opts.Images == "all" {
		drop, stay = refs, nil
	}
	for _, ref := range stay {
		w.note("", "image %s stays: the image has no other name (--rmi all removes it)", ref)
	}
	all := after(edges...)
	for _, ref := range others {
		all = append(all, onSettled("remove image "+ref))
	}
	w.removeTags(drop, plan.Reason{Code: plan.Requested, Text: "down"}, all...)
}

// images removes references of images, when asked for: "local" those that were
// built and have no name of the user's, "all" those that the services use.
func (w *down) images(removes []string) {
	if w.opts.Images == "" {
		return
	}
	refs := map[string]bool{}
	for _, c := range w.observed.Containers {
		refs[c.Image] = refs[c.Image] || w.removesImage(c.Service, c.Image)
	}
	if w.desired != nil {
		for name, s := range w.desired.Services {
			_, there := w.observed.Images[s.Container.Image]
			refs[s.Container.Image] = there && w.removesImage(name, s.Container.Image)
		}
	}
	for _, ref := range sortedKeys(refs) {
		if refs[ref] {
			w.add(w.requested("image", ref), "remove image "+ref, engine.RemoveImage{Image: ref}, after(removes...)...)
		}
	}
}

func (w *down) removesImage(service, ref string) bool {
	if len(w.opts.Services) > 0 && !slices.Contains(w.opts.Services, service) {
		return false
	}
	built := ref == w.plan.Project+"-"+service || ref == w.plan.Project+"-"+service+":latest"
	return w.opts.Images == "all" || built
}

// knownServices is the error for services that neither the file nor the engine
// knows.
func knownServices(desired *spec.Stack, observed engine.State, names []string) error {
	known := map[string]bool{}
	if desired != nil {
		for _, name := range slices.Concat(sortedKeys(desired.Services), desired.Inactive, sortedKeys(desired.Providers)) {
			known[name] = true
		}
	}
	for _, c := range observed.Containers {
		known[c.Service] = true
	}
	var errs []error
	for _, name := range names {
		if !known[name] {
			errs = append(errs, &UnknownServiceError{Service: name, Known: sortedKeys(known)})
		}
	}
	return errors.Join(errs...)
}

// ErrNothing says that a project has no container on the engine.
var ErrNothing = fmt.Errorf("no containers: %w", engine.ErrNotFound)
