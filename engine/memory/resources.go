package memory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

type network struct {
	id         string
	labels     map[string]string
	definition spec.Network
	doubles    []string // IDs of others of its name, see Drift.DoubleNetwork
}

// network is the one of a name. With several of them the name is ambiguous.
func (w *world) network(name string) (network, error) {
	n, ok := w.networks[name]
	switch {
	case !ok:
		return n, fmt.Errorf("network %s: %w", name, engine.ErrNotFound)
	case len(n.doubles) > 0:
		return n, fmt.Errorf("network %s: ambiguous: %d have this name: %w", name, 1+len(n.doubles), engine.ErrConflict)
	}
	return n, nil
}

// removeDouble removes a network by its ID, if that is one of a double.
func (w *world) removeDouble(id string) bool {
	for name, n := range w.networks {
		if i := slices.Index(n.doubles, id); i >= 0 {
			n.doubles = slices.Delete(slices.Clone(n.doubles), i, i+1)
			w.networks[name] = n
			return true
		}
	}
	return false
}

type volume struct {
	labels     map[string]string
	definition spec.Volume
	created    time.Time
}

// CreateNetwork makes a network. One that is there with the same labels, the
// recorded definition among them, is success.
func (e *Engine) CreateNetwork(ctx context.Context, op engine.CreateNetwork) error {
	return e.do(ctx, op, func() error {
		name := op.Definition.Name
		if found, ok := e.networks[name]; ok {
			return sameLabels("network", name, found.labels, op.Labels)
		}
		e.networks[name] = network{id: e.newID("network", name), labels: maps.Clone(op.Labels), definition: op.Definition}
		return nil
	})
}

func sameLabels(kind, name string, found, want map[string]string) error {
	if !maps.Equal(found, want) {
		return fmt.Errorf("create %s %s: there is another one of that name: %w", kind, name, engine.ErrConflict)
	}
	return nil
}

// RemoveNetwork removes a network without running members.
func (e *Engine) RemoveNetwork(ctx context.Context, op engine.RemoveNetwork) error {
	return e.do(ctx, op, func() error {
		if e.removeDouble(op.Name) {
			return nil
		}
		n, err := e.network(op.Name)
		if errors.Is(err, engine.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if members := e.members(op.Name, n.id); len(members) > 0 {
			return fmt.Errorf("remove network %s: in use by container %s: %w", op.Name, members[0], engine.ErrConflict)
		}
		delete(e.networks, op.Name)
		return nil
	})
}

// members are the names of the running containers on a network.
func (w *world) members(name, id string) (out []string) {
	for _, c := range w.sorted() {
		if a, ok := c.attached[name]; ok && a.network == id && c.runs() {
			out = append(out, c.name)
		}
	}
	return out
}

// ConnectNetwork attaches a container to a network.
func (e *Engine) ConnectNetwork(ctx context.Context, op engine.ConnectNetwork) error {
	return e.on(ctx, op, op.Container, "connect to network "+op.Network, func(c *container) error {
		n, err := e.network(op.Network)
		if err != nil {
			return fmt.Errorf("container %s: %w", op.Container, err)
		}
		a := attachment{n.id, op.Endpoint}
		if old, ok := c.attached[op.Network]; ok && old.network == n.id {
			if sameJSON(old.endpoint, a.endpoint) {
				return nil
			}
			return fmt.Errorf("container %s: connected otherwise: %w", op.Container, engine.ErrConflict)
		}
		if rival := e.address(op.Network, c, a); rival != nil && c.runs() {
			return fmt.Errorf("address %s is in use by container %s: %w", a.endpoint.IPv4, rival.name, engine.ErrConflict)
		}
		c.attached[op.Network] = a
		return nil
	})
}

// DisconnectNetwork takes a container off a network; that it is not on it, or
// that one of them is gone, is success.
func (e *Engine) DisconnectNetwork(ctx context.Context, op engine.DisconnectNetwork) error {
	return e.do(ctx, op, func() error {
		c := e.find(op.Container)
		if c == nil {
			return nil
		}
		if _, err := e.network(op.Network); errors.Is(err, engine.ErrConflict) {
			return fmt.Errorf("container %s: %w", op.Container, err)
		}
		delete(c.attached, op.Network)
		return nil
	})
}

// CreateVolume makes a volume. One that is there with the same labels, the
// recorded definition among them, is success.
func (e *Engine) CreateVolume(ctx context.Context, op engine.CreateVolume) error {
	return e.do(ctx, op, func() error {
		name := op.Definition.Name
		if found, ok := e.volumes[name]; ok {
			return sameLabels("volume", name, found.labels, op.Labels)
		}
		e.volumes[name] = volume{maps.Clone(op.Labels), op.Definition, e.now()}
		return nil
	})
}

// RemoveVolume removes a volume that no container uses, stopped ones included.
func (e *Engine) RemoveVolume(ctx context.Context, op engine.RemoveVolume) error {
	return e.do(ctx, op, func() error {
		if c := e.user(op.Name); c != nil {
			return fmt.Errorf("remove volume %s: in use by container %s: %w", op.Name, c.name, engine.ErrConflict)
		}
		if _, ok := e.volumes[op.Name]; ok {
			e.removed[op.Name]++
		}
		delete(e.volumes, op.Name)
		return nil
	})
}

func (n network) snapshot(members []string) (engine.Network, error) {
	out := engine.Network{ID: n.id, Labels: maps.Clone(n.labels), Driver: n.definition.Driver, Members: slices.Clone(members), Doubles: slices.Clone(n.doubles)}
	if out.Driver == "" {
		out.Driver = "bridge"
	}
	err := recorded(n.labels, &out.Recorded)
	if out.Recorded == nil && n.labels[engine.LabelProject] != "" {
		made := n.definition
		made.Driver = out.Driver
		out.Recorded, out.Adopted = &made, true
	}
	return out, err
}

func (v volume) snapshot() (engine.Volume, error) {
	out := engine.Volume{Labels: maps.Clone(v.labels), Driver: v.definition.Driver, Created: v.created}
	if out.Driver == "" {
		out.Driver = "local"
	}
	err := recorded(v.labels, &out.Recorded)
	if out.Recorded == nil && v.labels[engine.LabelProject] != "" {
		made := v.definition
		made.Driver = out.Driver
		out.Recorded, out.Adopted = &made, true
	}
	return out, err
}

// recorded reads the definition of a network or a volume back from its label,
// if it has one.
func recorded[T any](labels map[string]string, to **T) error {
	text, ok := labels[engine.LabelDefinition]
	if !ok {
		return nil
	}
	if err := json.Unmarshal([]byte(text), to); err != nil {
		return fmt.Errorf("label %s: %w", engine.LabelDefinition, err)
	}
	return nil
}
