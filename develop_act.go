package stack

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// An act is what follows a change, beside copies.
type act struct {
	service string
	action  spec.WatchAction
	exec    spec.Hook
}

// pending is what has gathered.
type pending struct {
	rebuild, restart map[string]bool
	exec             map[string][]spec.Hook
}

func (p *pending) add(a act) {
	if p.rebuild == nil {
		*p = pending{map[string]bool{}, map[string]bool{}, map[string][]spec.Hook{}}
	}
	switch a.action {
	case spec.Rebuild:
		p.rebuild[a.service] = true
	case spec.RestartOnly, spec.SyncRestart:
		p.restart[a.service] = true
	case spec.SyncExec:
		same := func(h spec.Hook) bool { return slices.Equal(h.Command, a.exec.Command) && h.User == a.exec.User }
		if !slices.ContainsFunc(p.exec[a.service], same) {
			p.exec[a.service] = append(p.exec[a.service], a.exec)
		}
	}
}

// plan adds to what there is to do.
func (w *Watch) plan(acts []act) {
	if len(acts) == 0 {
		return
	}
	w.mutex.Lock()
	for _, a := range acts {
		w.todo.add(a)
	}
	w.mutex.Unlock()
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// actAll carries out what has gathered, each time that nothing more comes.
func (w *Watch) actAll(ctx context.Context) {
	for {
		todo, err := w.settled(ctx)
		if err != nil {
			return
		}
		w.rebuild(ctx, slices.Sorted(maps.Keys(todo.rebuild)))
		w.restart(ctx, without(todo.restart, todo.rebuild))
		for _, service := range slices.Sorted(maps.Keys(todo.exec)) {
			if !todo.rebuild[service] {
				w.exec(ctx, service, todo.exec[service])
			}
		}
	}
}

// settled waits until something has come and nothing more does for a while.
func (w *Watch) settled(ctx context.Context) (pending, error) {
	var rest <-chan time.Time
	for {
		select {
		case <-w.woken:
			rest = time.After(w.opts.Settle)
		case <-rest:
			return w.taken(), nil
		case <-ctx.Done():
			return pending{}, ctx.Err()
		}
	}
}

// taken is what has gathered, which is to be done now.
func (w *Watch) taken() pending {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	todo := w.todo
	w.todo = pending{}
	return todo
}

func without(set, other map[string]bool) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(set)), func(name string) bool { return other[name] })
}

// rebuild is an up of the services with fresh images: one whose image is as it
// was is left alone, and one that fails leaves what served before.
func (w *Watch) rebuild(ctx context.Context, services []string) {
	if len(services) == 0 || ctx.Err() != nil {
		return
	}
	options := w.opts.Plan
	options.Services, options.Build, options.NoDeps, options.IgnoreOrphans = services, true, true, true
	goal := Up(w.project.Desired, options)
	goal.Record = nil // what is tried out now is nothing to roll back to
	began := time.Now()
	before := w.images(ctx, services)
	_, err := Apply(ctx, w.engine, goal, w.opts.Options)
	w.prune(ctx, before, w.images(ctx, services))
	w.done(ctx, services, spec.Rebuild, began, err)
}

func (w *Watch) restart(ctx context.Context, services []string) {
	if len(services) == 0 || ctx.Err() != nil {
		return
	}
	began := time.Now()
	_, err := Apply(ctx, w.engine, Restart(w.project, planner.StopOptions{Services: services, Timeout: w.opts.Plan.StopTimeout}), w.opts.Options)
	w.done(ctx, services, spec.RestartOnly, began, err)
}

// exec runs the commands in each container that runs.
func (w *Watch) exec(ctx context.Context, service string, hooks []spec.Hook) {
	began := time.Now()
	list, err := Containers(ctx, w.engine, w.project, Selection{Services: []string{service}})
	for _, c := range list {
		for _, hook := range hooks {
			if c.Status == engine.StatusRunning {
				err = errors.Join(err, w.engine.RunHook(ctx, engine.RunHook{Name: c.ID, Hook: hook}, func(plan.Progress) {}))
			}
		}
	}
	w.done(ctx, []string{service}, spec.SyncExec, began, err)
}

// done tells the end of one act, for each service.
func (w *Watch) done(ctx context.Context, services []string, action spec.WatchAction, began time.Time, err error) {
	if ctx.Err() != nil {
		return
	}
	for _, service := range services {
		w.tell(Watched{Service: service, Act: action, Elapsed: time.Since(began), Err: err})
	}
}

// images are those of the services, by reference.
func (w *Watch) images(ctx context.Context, services []string) map[string]engine.Image {
	var refs []string
	for _, name := range services {
		refs = append(refs, w.project.Desired.Services[name].Container.Image)
	}
	found, err := snapshot(ctx, w.engine, engine.Query{Project: w.project.Name, Images: refs, Brief: true}, w.opts.Pause)
	if err != nil {
		return nil // then none is known to have been replaced
	}
	return found.Images
}

// prune removes the images of earlier rebuilds that this one has replaced and
// that nothing means any more. One that is in use stays: the engine refuses.
func (w *Watch) prune(ctx context.Context, before, after map[string]engine.Image) {
	for ref, now := range after {
		old := before[ref]
		if now.ID == old.ID {
			continue
		}
		w.built[now.ID] = true
		if w.built[old.ID] && !w.opts.Keep && w.unnamed(ctx, old.ID) {
			_ = w.engine.RemoveImage(ctx, engine.RemoveImage{Image: old.ID}) // it is in use, or gone
		}
	}
}

// unnamed reports whether no reference means an image.
func (w *Watch) unnamed(ctx context.Context, id string) bool {
	found, err := snapshot(ctx, w.engine, engine.Query{Project: w.project.Name, Images: []string{id}, Brief: true}, w.opts.Pause)
	image, ok := found.Images[id]
	return err == nil && ok && len(image.References) == 0
}
