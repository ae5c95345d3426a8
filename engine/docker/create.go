package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/strslice"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// CreateContainer makes a container and does not start it. What the engine
// answers beside success is in the outcome's warnings. A container that is
// already there under the name, made from the same definition and not started
// yet, is taken as made by this call: the engine finishes a call whose client
// has gone. The call is POST /containers/create.
func (e *Engine) CreateContainer(ctx context.Context, op engine.CreateContainer) (plan.Outcome, error) {
	if err := e.connect(ctx); err != nil {
		return plan.Outcome{}, err
	}
	if err := e.pinNamespaces(ctx, &op); err != nil {
		return plan.Outcome{}, e.fail(err, "container %s: create", op.Name)
	}
	c, err := convert(op, e.client.ClientVersion())
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("container %s: create: %w", op.Name, err)
	}
	if err := e.keepEntrypoint(ctx, op, c.Config); err != nil {
		return plan.Outcome{}, e.fail(err, "container %s: create", op.Name)
	}
	made, err := e.client.ContainerCreate(ctx, c.Config, c.Host, c.Network, c.Platform, op.Name)
	err = e.fail(err, "container %s: create", op.Name)
	if errors.Is(err, engine.ErrConflict) {
		made.ID, err = e.made(ctx, op, c.Config.Env, err)
	}
	if err != nil {
		return plan.Outcome{}, err
	}
	return plan.Outcome{ContainerID: made.ID, Warnings: made.Warnings}, nil
}

// made is the ID of the container that an earlier call of the same operation has
// made; when there is another one, the conflict stays. A name that is taken while
// there is no container passes: a call whose client has gone is about to make it,
// or it is just going.
func (e *Engine) made(ctx context.Context, op engine.CreateContainer, env []string, conflict error) (string, error) {
	found, err := e.client.ContainerInspect(ctx, op.Name)
	switch {
	case errdefs.IsNotFound(err):
		return "", &engine.TransientError{Err: conflict}
	case err != nil || !madeBy(op, env, found):
		return "", conflict
	}
	return found.ID, nil
}

// madeBy reports whether an operation can have made the container. The values of
// the environment are compared too, since the definition's label leaves them out.
func madeBy(op engine.CreateContainer, env []string, found container.InspectResponse) bool {
	if found.State.Status != container.StateCreated || !sameDefinition(found.Config.Labels, op.Labels) {
		return false
	}
	return !slices.ContainsFunc(env, func(line string) bool { return !slices.Contains(found.Config.Env, line) })
}

// pinNamespaces replaces the names of containers whose namespaces or volumes
// are shared by their IDs: a name may mean another container at the next start.
func (e *Engine) pinNamespaces(ctx context.Context, op *engine.CreateContainer) error {
	for _, mode := range []*string{&op.NetworkMode, &op.PID, &op.IPC} {
		name, ok := strings.CutPrefix(*mode, "container:")
		if !ok {
			continue
		}
		id, err := e.containerID(ctx, name)
		if err != nil {
			return err
		}
		*mode = "container:" + id
	}
	op.VolumesFrom = slices.Clone(op.VolumesFrom)
	for i, from := range op.VolumesFrom {
		name, mode, hasMode := strings.Cut(from, ":")
		id, err := e.containerID(ctx, name)
		if err != nil {
			return err
		}
		if op.VolumesFrom[i] = id; hasMode {
			op.VolumesFrom[i] += ":" + mode
		}
	}
	return nil
}

func (e *Engine) containerID(ctx context.Context, name string) (string, error) {
	found, err := e.client.ContainerInspect(ctx, name)
	if err != nil {
		return "", err
	}
	return found.ID, nil
}

// keepEntrypoint makes "no command" mean so: with an empty command and no
// entrypoint the engine would take both from the image, so the image's
// entrypoint is named.
func (e *Engine) keepEntrypoint(ctx context.Context, op engine.CreateContainer, config *container.Config) error {
	c := op.Definition
	if c.Entrypoint != nil || c.Command == nil || len(*c.Command) > 0 {
		return nil
	}
	image, err := e.client.ImageInspect(ctx, cmp.Or(op.Image, c.Image))
	if err != nil {
		return err
	}
	if image.Config != nil && len(image.Config.Entrypoint) > 0 {
		config.Entrypoint = image.Config.Entrypoint
		return nil
	}
	config.Entrypoint = strslice.StrSlice{""}
	return nil
}
