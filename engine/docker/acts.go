package docker

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// PauseContainer freezes a running container; one that is paused, or does not
// run, is success. The call is POST /containers/{id}/pause.
func (e *Engine) PauseContainer(ctx context.Context, op engine.PauseContainer) error {
	return e.onContainer(ctx, op.Name, "pause", func() error {
		err := e.client.ContainerPause(ctx, op.Name)
		if err == nil {
			return nil
		}
		if found, look := e.client.ContainerInspect(ctx, op.Name); look == nil && (found.State.Paused || !found.State.Running) {
			return nil
		}
		return err
	})
}

// KillContainer sends a signal; a container that does not run, or is gone, is
// success. The call is POST /containers/{id}/kill.
func (e *Engine) KillContainer(ctx context.Context, op engine.KillContainer) error {
	return e.onContainer(ctx, op.Name, "kill", func() error {
		err := gone(e.client.ContainerKill(ctx, op.Name, op.Signal))
		if errdefs.IsConflict(err) { // it is not running
			return nil
		}
		return err
	})
}

// CommitContainer makes an image of a container. The call is POST /commit.
func (e *Engine) CommitContainer(ctx context.Context, op engine.CommitContainer) (out plan.Outcome, err error) {
	err = e.onContainer(ctx, op.Name, "commit", func() error {
		made, err := e.client.ContainerCommit(ctx, op.Name, container.CommitOptions{
			Reference: op.Image, Author: op.Author, Comment: op.Message, Changes: op.Changes, Pause: op.Pause,
		})
		out.ImageID = made.ID
		return err
	})
	return out, err
}

// PushImage brings an image to its registry, with the credentials that the
// docker command has for it. The call is POST /images/{name}/push.
func (e *Engine) PushImage(ctx context.Context, op engine.PushImage, progress func(plan.Progress)) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	name, err := reference.ParseNormalizedNamed(op.Image)
	if err != nil {
		return e.fail(err, "push image %q", op.Image)
	}
	auth, problem := keyring{e.options.ConfigDir}.header(name)
	if auth == "" {
		auth = "e30=" // engines before 28 refuse a push without the header: {}
	}
	if err := e.push(ctx, op.Image, auth, progress); err != nil {
		return besides(e.fail(err, "push image %q", op.Image), problem)
	}
	return nil
}

func (e *Engine) push(ctx context.Context, ref, auth string, progress func(plan.Progress)) error {
	stream, err := e.client.ImagePush(ctx, ref, image.PushOptions{RegistryAuth: auth})
	if err != nil {
		return transientPull(err)
	}
	defer stream.Close()
	return transientPull(followPush(stream, progress))
}

// followPush reads the answer to a push to its end.
func followPush(stream io.Reader, progress func(plan.Progress)) error {
	layers := map[string]pullMessage{}
	for messages := json.NewDecoder(stream); ; {
		var m pullMessage
		switch err := messages.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case m.Error != nil:
			return errors.New(m.Error.Message)
		case m.Status == "Pushing":
			layers[m.ID] = m
			progress(pushed(layers))
		}
	}
}

// pushed is how much of the layers that are new to the registry is there.
func pushed(layers map[string]pullMessage) plan.Progress {
	out := plan.Progress{Text: "pushing"}
	for _, m := range layers {
		out.Current += min(m.Detail.Current, max(m.Detail.Total, m.Detail.Current))
		out.Total += max(m.Detail.Total, m.Detail.Current)
	}
	return out
}
