package memory

import (
	"context"
	"encoding/json"
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
		e.networks[name] = network{e.newID("network", name), maps.Clone(op.Labels), op.Definition}
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
		n, ok := e.networks[op.Name]
		if !ok {
			return nil
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
		n, ok := e.networks[op.Network]
		if !ok {
			return fmt.Errorf("container %s: network %s: %w", op.Container, op.Network, engine.ErrNotFound)
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
		if c := e.find(op.Container); c != nil {
			delete(c.attached, op.Network)
		}
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
	out := engine.Network{ID: n.id, Labels: maps.Clone(n.labels), Driver: n.definition.Driver, Members: slices.Clone(members)}
	if out.Driver == "" {
		out.Driver = "bridge"
	}
	return out, recorded(n.labels, &out.Recorded)
}

func (v volume) snapshot() (engine.Volume, error) {
	out := engine.Volume{Labels: maps.Clone(v.labels), Driver: v.definition.Driver, Created: v.created}
	if out.Driver == "" {
		out.Driver = "local"
	}
	return out, recorded(v.labels, &out.Recorded)
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
