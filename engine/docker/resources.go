package docker

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// CreateNetwork makes a network. One that is there with the same definition is
// success. The call is POST /networks/create, and for one that is contested GET
// /networks.
func (e *Engine) CreateNetwork(ctx context.Context, op engine.CreateNetwork) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	name := op.Definition.Name
	options, err := convertNetwork(op, e.client.ClientVersion())
	if err != nil {
		return fmt.Errorf("network %s: create: %w", name, err)
	}
	_, err = e.client.NetworkCreate(ctx, name, options)
	if errdefs.IsConflict(err) {
		found, look := e.client.NetworkInspect(ctx, name, network.InspectOptions{})
		if look == nil && sameDefinition(found.Labels, op.Labels) {
			return nil
		}
	}
	if err == nil && op.Contested && !e.atLeast("1.44") {
		err = e.settle(ctx, op)
	}
	return e.fail(err, "network %s: create", name)
}

// settle leaves one network of the name, the oldest. Engines before API 1.44
// make two when they are asked twice at once: by this run, and by one that was
// killed before it had its answer. Neither could be joined by name then.
func (e *Engine) settle(ctx context.Context, op engine.CreateNetwork) error {
	list, err := e.client.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("name", op.Definition.Name))})
	if err != nil {
		return err
	}
	same := slices.DeleteFunc(list, func(n network.Summary) bool {
		return n.Name != op.Definition.Name || !sameDefinition(n.Labels, op.Labels)
	})
	slices.SortFunc(same, func(a, b network.Summary) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	for _, double := range same[min(1, len(same)):] {
		if err := gone(e.client.NetworkRemove(ctx, double.ID)); err != nil {
			return err
		}
	}
	return nil
}

func sameDefinition(found, asked map[string]string) bool {
	want := asked[engine.LabelDefinition]
	return want != "" && found[engine.LabelDefinition] == want
}

// RemoveNetwork removes a network that nothing is connected to; one that is
// gone is success. The call is DELETE /networks/{id}.
func (e *Engine) RemoveNetwork(ctx context.Context, op engine.RemoveNetwork) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	err := gone(e.client.NetworkRemove(ctx, op.Name))
	if errdefs.IsPermissionDenied(err) { // 403: has active endpoints
		return fmt.Errorf("network %s: remove: %w", op.Name, marked{answer{err}, engine.ErrConflict})
	}
	return e.fail(err, "network %s: remove", op.Name)
}

// ConnectNetwork connects a container. One that is connected with the same
// settings is success. The call is POST /networks/{id}/connect.
func (e *Engine) ConnectNetwork(ctx context.Context, op engine.ConnectNetwork) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	if err := connectGate(op.Endpoint, e.client.ClientVersion()); err != nil {
		return fmt.Errorf("container %s: connect to network %s: %w", op.Container, op.Network, err)
	}
	found, err := e.client.ContainerInspect(ctx, op.Container)
	if err != nil {
		return e.fail(err, "container %s: connect to network %s", op.Container, op.Network)
	}
	// A stopped container would be connected to what is not there, and fail
	// at its start.
	net, err := e.client.NetworkInspect(ctx, op.Network, network.InspectOptions{})
	if err != nil {
		return e.fail(err, "container %s: connect to network %s", op.Container, op.Network)
	}
	settings := convertEndpoint(op.Endpoint, finalName(strings.TrimPrefix(found.Name, "/")), linksOf(found))
	present := found.NetworkSettings.Networks[op.Network]
	switch {
	case present == nil:
	case present.NetworkID != "" && present.NetworkID != net.ID:
		// It was on a network of this name that is gone.
		if err := e.client.NetworkDisconnect(ctx, op.Network, found.ID, true); err != nil {
			return e.fail(err, "container %s: connect to network %s", op.Container, op.Network)
		}
	case alike(present, settings):
		return nil
	}
	err = e.client.NetworkConnect(ctx, op.Network, found.ID, settings)
	if errdefs.IsPermissionDenied(err) { // 403: the endpoint exists
		err = marked{answer{err}, engine.ErrConflict}
	}
	return e.fail(err, "container %s: connect to network %s", op.Container, op.Network)
}

// linksOf are the links that a container has on each of its networks. Its
// definition tells, since an endpoint knows only its own.
func linksOf(c container.InspectResponse) []string {
	recorded, err := engine.DecodeDefinition(c.Config.Labels[engine.LabelDefinition], nil)
	if err != nil { // made by somebody else
		return nil
	}
	return recorded.Links
}

// connectGate: the engine applies these at creation only.
func connectGate(e spec.Endpoint, api string) error {
	if e.MacAddress != "" {
		if err := engine.Needs("networks.mac_address on connecting", "1.54", api); err != nil {
			return err
		}
	}
	if e.DriverOpts[spec.InterfaceName] != "" {
		if err := engine.Needs("networks.interface_name", "1.49", api); err != nil {
			return err
		}
	}
	if e.GwPriority != 0 {
		return engine.Needs("networks.gw_priority", "1.48", api)
	}
	return nil
}

// alike reports whether an endpoint is as wanted; what the engine adds, such as
// its own alias, does not count.
func alike(present, want *network.EndpointSettings) bool {
	for _, alias := range want.Aliases {
		if !slices.Contains(present.Aliases, alias) {
			return false
		}
	}
	address := func(s *network.EndpointSettings) network.EndpointIPAMConfig {
		if s.IPAMConfig == nil {
			return network.EndpointIPAMConfig{}
		}
		return *s.IPAMConfig
	}
	return reflect.DeepEqual(address(present), address(want)) && present.GwPriority == want.GwPriority
}

// DisconnectNetwork takes a container off a network; one that is not on it, or
// either of them gone, is success. The call is POST /networks/{id}/disconnect.
func (e *Engine) DisconnectNetwork(ctx context.Context, op engine.DisconnectNetwork) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	err := e.client.NetworkDisconnect(ctx, op.Network, op.Container, false)
	if err == nil {
		return nil
	}
	// The engine has three codes for "not connected", depending on its
	// version and on whether the container runs: the container knows.
	found, look := e.client.ContainerInspect(ctx, op.Container)
	if errdefs.IsNotFound(look) || look == nil && found.NetworkSettings.Networks[op.Network] == nil {
		return nil
	}
	return e.fail(err, "container %s: disconnect from network %s", op.Container, op.Network)
}

// CreateVolume makes a named volume. One that is there with the same definition
// is success: creating is atomic in the engine, which answers with the labels of
// whoever came first. The call is POST /volumes/create.
func (e *Engine) CreateVolume(ctx context.Context, op engine.CreateVolume) error {
	made, err := e.volumeCreate(ctx, op)
	if err != nil {
		return err
	}
	v := op.Definition
	if made.Labels[engine.LabelDefinition] != engine.With(v.Labels, op.Labels)[engine.LabelDefinition] {
		return fmt.Errorf("volume %s: create: is there, made from another definition: %w", v.Name, engine.ErrConflict)
	}
	return nil
}

// ClaimVolume makes a volume unless it is there, and returns the labels that it
// has: the engine answers with those of whoever came first. The call is POST
// /volumes/create.
func (e *Engine) ClaimVolume(ctx context.Context, op engine.CreateVolume) (map[string]string, error) {
	made, err := e.volumeCreate(ctx, op)
	return made.Labels, err
}

func (e *Engine) volumeCreate(ctx context.Context, op engine.CreateVolume) (volume.Volume, error) {
	if err := e.connect(ctx); err != nil {
		return volume.Volume{}, err
	}
	v := op.Definition
	made, err := e.client.VolumeCreate(ctx, volume.CreateOptions{
		Name: v.Name, Driver: v.Driver, DriverOpts: v.DriverOpts, Labels: engine.With(v.Labels, op.Labels),
	})
	return made, e.fail(err, "volume %s: create", v.Name)
}

// RemoveVolume removes a volume and what is in it; one that is gone is success.
// The call is DELETE /volumes/{name}.
func (e *Engine) RemoveVolume(ctx context.Context, op engine.RemoveVolume) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	return e.fail(gone(e.client.VolumeRemove(ctx, op.Name, false)), "volume %s: remove", op.Name)
}
