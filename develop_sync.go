package stack

import (
	"context"
	"errors"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
	"github.com/stackfile/stack/watch"
)

// first copies what is there already, for the rules that ask for it.
func (w *Watch) first(ctx context.Context) {
	copies := map[string]transfer{}
	for i, rule := range w.rules {
		if rule.InitialSync && rule.Action.Syncs() {
			for _, c := range w.files.All(i) {
				w.gather(copies, i, c)
			}
		}
	}
	w.syncAll(ctx, copies)
}

// changed does what the rules ask for: copies at once, and the rest when it has
// come to rest.
func (w *Watch) changed(ctx context.Context, list []watch.Change) {
	copies, follow := map[string]transfer{}, []act{}
	for _, c := range list {
		rebuilt := w.rebuilding(c)
		for _, i := range c.Rules {
			rule := w.rules[i]
			if rule.Action != spec.Rebuild && rebuilt[rule.service] {
				continue // the image has it then
			}
			if rule.Action.Syncs() {
				w.gather(copies, i, c)
			}
			if rule.Action != spec.Sync {
				follow = append(follow, act{rule.service, rule.Action, rule.Exec})
			}
		}
	}
	w.syncAll(ctx, copies)
	w.plan(follow)
}

// rebuilding are the services that a change has rebuilt.
func (w *Watch) rebuilding(c watch.Change) map[string]bool {
	out := map[string]bool{}
	for _, i := range c.Rules {
		if w.rules[i].Action == spec.Rebuild {
			out[w.rules[i].service] = true
		}
	}
	return out
}

// gather adds a change to what is copied into a service's containers.
func (w *Watch) gather(copies map[string]transfer, i int, c watch.Change) {
	rule := w.rules[i]
	w.touched[i][c.Path] = true
	to := copies[rule.service]
	to.add(rule.inside(c.Path), c)
	copies[rule.service] = to
}

// inside is where a path of this machine is in the container.
func (r developRule) inside(name string) string {
	below, err := filepath.Rel(r.Path, name)
	if err != nil {
		below = filepath.Base(name)
	}
	return path.Join(r.Target, filepath.ToSlash(below))
}

// syncAll copies into all containers of each service.
func (w *Watch) syncAll(ctx context.Context, copies map[string]transfer) {
	if len(copies) == 0 {
		return
	}
	began := time.Now()
	found, err := snapshot(ctx, w.engine, engine.Query{Project: w.project.Name, Brief: true}, w.opts.Pause)
	for _, service := range slices.Sorted(maps.Keys(copies)) {
		done := Watched{Service: service, Act: spec.Sync, Files: copies[service].files(), Err: err}
		for _, c := range found.Containers {
			if c.Service == service && !c.OneOff {
				done.Err = errors.Join(done.Err, w.sync(ctx, c, copies[service]))
			}
		}
		done.Elapsed = time.Since(began)
		if ctx.Err() == nil {
			w.tell(done)
		}
	}
}

// sync copies into one container. One that has gone needs it no more.
func (w *Watch) sync(ctx context.Context, c engine.Container, t transfer) error {
	err := Retry(ctx, w.opts.Pause, func() error { return t.into(ctx, w.engine, c) })
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	return err
}

// catchUp gives a new container what was copied into those before it. What was
// removed from them goes when it runs, since it takes a program of its own.
func (w *Watch) catchUp(ctx context.Context, ev engine.ContainerEvent) {
	c := engine.Container{ID: ev.ID, Name: ev.Name, Service: ev.Service, Status: engine.StatusRunning}
	t := w.sofar(ev.Service)
	switch {
	case ev.Action == "create":
		w.fresh[ev.ID] = true
		c.Status, t.remove = engine.StatusCreated, nil
	case !w.fresh[ev.ID]:
		return
	default:
		delete(w.fresh, ev.ID)
		t.put = nil
	}
	if t.files() == 0 {
		return
	}
	began := time.Now()
	if err := w.sync(ctx, c, t); ctx.Err() == nil {
		w.tell(Watched{Service: ev.Service, Act: spec.Sync, Files: t.files(), Elapsed: time.Since(began), Err: err})
	}
}

// sofar is all that was copied into a service's containers, as it is now.
func (w *Watch) sofar(service string) (t transfer) {
	for i, rule := range w.rules {
		if rule.service != service {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(w.touched[i])) {
			t.add(rule.inside(name), watch.Now(name))
		}
	}
	return t
}
