package docker

import (
	"context"

	"github.com/docker/docker/api/types/system"

	"github.com/stackfile/stack/engine"
)

// host asks for the facts of the engine's machine. The calls are GET /info, and
// GET /nodes/{id} of a swarm's manager.
func (e *Engine) host(ctx context.Context) (*engine.Host, error) {
	info, err := e.info(ctx)
	if err != nil {
		return nil, err
	}
	h := readHost(*info)
	if id := info.Swarm.NodeID; id != "" && info.Swarm.ControlAvailable {
		node, _, err := e.client.NodeInspectWithRaw(ctx, id)
		if err != nil {
			return nil, err
		}
		h.NodeLabels = node.Spec.Labels
	}
	return &h, nil
}

func readHost(info system.Info) engine.Host {
	h := engine.Host{
		ID: info.ID, Hostname: info.Name, OS: info.OSType, Arch: engine.Arch(info.Architecture),
		Labels: pairs(info.Labels), CPUs: int64(info.NCPU) * 1e9, Memory: info.MemTotal, Generic: map[string]int64{},
	}
	h.NodeLabels = h.Labels
	if s := info.Swarm; s.NodeID != "" {
		h.ID, h.Address, h.Worker, h.NodeLabels = s.NodeID, s.NodeAddr, !s.ControlAvailable, nil
	}
	for _, r := range info.GenericResources {
		if r.DiscreteResourceSpec != nil {
			h.Generic[r.DiscreteResourceSpec.Kind] += r.DiscreteResourceSpec.Value
		}
		if r.NamedResourceSpec != nil {
			h.Generic[r.NamedResourceSpec.Kind]++
		}
	}
	return h
}
