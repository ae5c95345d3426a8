package memory

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// container is one as the engine has it. The values in its fields are never
// changed in place, only its fields are.
type container struct {
	id, name  string
	image     string // the reference
	imageID   string
	labels    map[string]string
	made      spec.Container              // what was asked for
	live      spec.Container              // the same, with what was updated since
	attached  map[string]attachment       // by network
	anonymous map[string]string           // target -> volume
	carried   []string                    // those of them that an older container had
	volumes   []string                    // in use, anonymous ones too
	joins     []string                    // IDs
	copied    map[string]spec.FileContent // by target
	check     bool                        // there is a healthcheck
	stale     []string                    // see Drift.ReplaceFile

	behaviour                  Behaviour
	status                     engine.Status
	health                     engine.Health
	exitCode, restarts         int
	ports                      []engine.Port
	created, started, finished time.Time
	output                     []line
}

// An attachment is a container's place on a network.
type attachment struct {
	network  string // its ID
	endpoint spec.Endpoint
}

func (c *container) clone() *container {
	d := *c
	d.attached = maps.Clone(c.attached)
	d.copied = maps.Clone(c.copied)
	d.output = slices.Clone(c.output)
	return &d
}

// runs reports whether the container has a process, if only a paused one.
func (c *container) runs() bool {
	return c.status == engine.StatusRunning || c.status == engine.StatusPaused || c.status == engine.StatusRestarting
}

// env is the container's environment as KEY=value.
func (c *container) env() []string {
	var out []string
	for key, value := range c.made.Env {
		if value != nil {
			out = append(out, key+"="+*value)
		}
	}
	slices.Sort(out)
	return out
}

// recorded reads back what the container was made from, by its label as the
// real engine does; nil when it has none.
func (c *container) recorded() (*spec.Container, error) {
	label, ok := c.labels[engine.LabelDefinition]
	if !ok {
		return nil, nil
	}
	recorded, err := engine.DecodeDefinition(label, c.env())
	if err != nil {
		return nil, fmt.Errorf("container %s: %w", c.name, err)
	}
	return recorded, nil
}

// adopted is what another tool made the container from, as it can be told from
// the container: of its files their content, not where that came from.
func (c *container) adopted() *spec.Container {
	out := overlay(c.made, c.live)
	out.Files, out.Inputs, out.Networks = nil, nil, nil
	for name, a := range c.attached {
		if out.Networks == nil {
			out.Networks = map[string]spec.Endpoint{}
		}
		out.Networks[name] = a.endpoint
	}
	for target, f := range c.copied {
		if out.Files == nil {
			out.Files = map[string]spec.File{}
		}
		out.Files[target] = spec.File{Digest: "sha256:" + digest(string(f.Content))}
	}
	return &out
}

// snapshot is the container as a reader sees it, among the networks that there
// are.
func (c *container) snapshot(networks map[string]network) (engine.Container, error) {
	number, _ := strconv.Atoi(c.labels[engine.LabelNumber]) // 0 where another tool wrote nonsense
	out := engine.Container{
		ID: c.id, Name: c.name,
		Service: c.labels[engine.LabelService], Number: number, OneOff: c.labels[engine.LabelOneOff] == "True",
		Image: c.image, ImageID: c.imageID, Command: c.command(),
		Status: c.status, Health: c.health, ExitCode: c.exitCode, Restarts: c.restarts,
		Created: c.created, Started: c.started, Finished: c.finished,
		Labels: maps.Clone(c.labels), Ports: slices.Clone(c.ports),
		Joins: slices.Clone(c.joins), Stale: slices.Clone(c.stale), Anonymous: maps.Clone(c.anonymous),
	}
	recorded, err := c.recorded()
	if err != nil {
		return out, err
	}
	if recorded == nil {
		recorded, out.Adopted = c.adopted(), &engine.Adopted{}
	}
	observed := overlay(*recorded, c.live)
	observed.Networks = c.endpoints(networks)
	out.Recorded, out.Observed = recorded, &observed
	return out, nil
}

// endpoints leaves out those on networks that are gone, or were made anew.
func (c *container) endpoints(networks map[string]network) map[string]spec.Endpoint {
	var out map[string]spec.Endpoint
	for name, a := range c.attached {
		if networks[name].id != a.network {
			continue
		}
		if out == nil {
			out = map[string]spec.Endpoint{}
		}
		out[name] = a.endpoint
	}
	return out
}

func (c *container) command() string {
	var parts []string
	for _, list := range []*[]string{c.made.Entrypoint, c.made.Command} {
		if list != nil {
			parts = append(parts, *list...)
		}
	}
	return strings.Join(parts, " ")
}

// madeFrom reports whether the container carries a definition, the values of
// the environment included.
func (c *container) madeFrom(definition spec.Container) bool {
	recorded, err := c.recorded()
	return err == nil && recorded != nil && sameJSON(*recorded, definition)
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// find looks a container up by its ID or name; nil when there is none.
func (w *world) find(idOrName string) *container {
	if c, ok := w.containers[idOrName]; ok {
		return c
	}
	return w.containers[w.names[idOrName]]
}

// rename gives a container a name, in place of the one that it has.
func (w *world) rename(c *container, name string) {
	if w.names[c.name] == c.id {
		delete(w.names, c.name)
	}
	c.name = name
	w.names[name] = c.id
}

// get is find, with the error that an operation answers.
func (w *world) get(idOrName string) (*container, error) {
	if c := w.find(idOrName); c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("container %s: %w", idOrName, engine.ErrNotFound)
}

// sorted are the containers in the order of their names.
func (w *world) sorted() []*container {
	return slices.SortedFunc(maps.Values(w.containers), func(a, b *container) int { return strings.Compare(a.name, b.name) })
}

// event notes one in the life of a container, for those who watch.
func (w *world) event(c *container, action string) {
	w.events = append(w.events, engine.ContainerEvent{
		ID: c.id, Name: c.name, Service: c.labels[engine.LabelService], Action: action, ExitCode: c.exitCode, Time: w.now(),
	})
	w.projects = append(w.projects, c.labels[engine.LabelProject])
}
