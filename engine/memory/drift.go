package memory

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// Drift is what others do to the containers behind our back. Nothing of it is
// in the log of operations. Its methods panic when there is no such container:
// that is a mistake in the test.
type Drift struct{ e *Engine }

// Drift returns the hand of others on e.
func (e *Engine) Drift() Drift { return Drift{e} }

func (d Drift) change(name string, f func(*container)) {
	d.e.mu.Lock()
	defer d.e.mu.Unlock()
	c, err := d.e.get(name)
	if err != nil {
		panic(fmt.Sprintf("drift: %v", err))
	}
	f(c)
	d.e.touch()
}

// Stop is docker stop.
func (d Drift) Stop(name string) { d.change(name, func(c *container) { _ = d.e.stop(c) }) } // it never fails

// Exit ends the container's program with a code, as a crash does. Its restart
// policy may bring it back.
func (d Drift) Exit(name string, code int) { d.change(name, func(c *container) { d.e.exit(c, code) }) }

// Pause is docker pause.
func (d Drift) Pause(name string) {
	d.change(name, func(c *container) {
		c.status = engine.StatusPaused
		d.e.event(c, "pause")
	})
}

// Restart is a restart of the engine: each program ends, and those come back
// whose restart policy says so.
func (d Drift) Restart() {
	d.e.mu.Lock()
	defer d.e.mu.Unlock()
	defer d.e.touch()
	for _, c := range d.e.sorted() {
		ran, policy := c.runs(), c.live.Restart
		if ran {
			_ = d.e.stop(c) // it never fails
		}
		if policy == "always" || policy == "unless-stopped" && ran {
			_ = d.e.start(c) // one that cannot start stays as it is, as on a real engine
		}
	}
}

// SetHealth has the engine's own monitor come to a verdict.
func (d Drift) SetHealth(name string, h engine.Health) {
	d.change(name, func(c *container) {
		c.health = h
		d.e.event(c, "health_status: "+string(h))
	})
}

// Update is docker update: f changes the live fields.
func (d Drift) Update(name string, f func(*spec.Container)) {
	d.change(name, func(c *container) { f(&c.live) })
}

// Disconnect is docker network disconnect.
func (d Drift) Disconnect(name, network string) {
	d.change(name, func(c *container) { delete(c.attached, network) })
}

// ReplaceFile puts another file in place of one that is bound into a running
// container, which still has the old one.
func (d Drift) ReplaceFile(name, target string) {
	d.change(name, func(c *container) { c.stale = append(slices.Clip(c.stale), target) })
}

// Remove is docker rm -f.
func (d Drift) Remove(name string) { d.change(name, func(c *container) { d.e.remove(c, false) }) }

// Rename is docker rename.
func (d Drift) Rename(from, to string) { d.change(from, func(c *container) { d.e.rename(c, to) }) }

// ByCompose makes the container one that docker compose has made, which knows
// nothing of our labels.
func (d Drift) ByCompose(name string) {
	d.change(name, func(c *container) { c.labels = foreign(c.labels) })
}

// AllByCompose makes all networks and volumes of a project such.
func (d Drift) AllByCompose(project string) {
	d.e.mu.Lock()
	defer d.e.mu.Unlock()
	for name, n := range d.e.networks {
		if n.labels[engine.LabelProject] == project {
			n.labels = foreign(n.labels)
			d.e.networks[name] = n
		}
	}
	for name, v := range d.e.volumes {
		if v.labels[engine.LabelProject] == project {
			v.labels = foreign(v.labels)
			d.e.volumes[name] = v
		}
	}
	d.e.touch()
}

// foreign are labels without ours.
func foreign(labels map[string]string) map[string]string {
	out := maps.Clone(labels)
	maps.DeleteFunc(out, func(key, _ string) bool { return strings.HasPrefix(key, "dev.stack.") })
	return out
}

// DoubleNetwork makes a second network of a name, as an engine before API 1.44
// does for a run that was killed while it asked for the first.
func (d Drift) DoubleNetwork(name string) {
	d.e.mu.Lock()
	defer d.e.mu.Unlock()
	n, ok := d.e.networks[name]
	if !ok {
		panic("drift: no network " + name)
	}
	n.doubles = append(slices.Clip(n.doubles), d.e.newID("network", name))
	d.e.networks[name] = n
	d.e.touch()
}
