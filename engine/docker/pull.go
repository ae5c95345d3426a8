package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/go-units"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// PullImage brings an image from its registry, with the credentials that the
// docker command has for it. Progress counts the bytes downloaded, of all
// layers that are known so far. The call is POST /images/create.
//
// A credential helper that does not work is no reason to fail, since most images
// need no credentials: it is a warning of the outcome, or part of the error.
func (e *Engine) PullImage(ctx context.Context, op engine.PullImage, progress func(plan.Progress)) (plan.Outcome, error) {
	if err := e.connect(ctx); err != nil {
		return plan.Outcome{}, err
	}
	name, err := reference.ParseNormalizedNamed(op.Image)
	if err != nil {
		return plan.Outcome{}, e.fail(err, "pull image %q", op.Image)
	}
	auth, problem := keyring{e.options.ConfigDir}.header(name)
	if err := e.pull(ctx, op, auth, progress); err != nil {
		return plan.Outcome{}, besides(e.fail(err, "pull image %q", op.Image), problem)
	}
	found, err := e.client.ImageInspect(ctx, op.Image)
	if err != nil {
		return plan.Outcome{}, e.fail(err, "pull image %q: what it is now", op.Image)
	}
	return plan.Outcome{ImageID: found.ID, Warnings: texts(problem)}, nil
}

func (e *Engine) pull(ctx context.Context, op engine.PullImage, auth string, progress func(plan.Progress)) error {
	stream, err := e.client.ImagePull(ctx, op.Image, image.PullOptions{RegistryAuth: auth, Platform: op.Platform})
	if err != nil {
		return transientPull(err)
	}
	defer stream.Close()
	return transientPull(followPull(stream, progress))
}

// besides adds what went wrong before to an error that it may explain.
func besides(err, problem error) error {
	if problem == nil {
		return err
	}
	return fmt.Errorf("%w (%w)", err, problem)
}

func texts(err error) []string {
	if err == nil {
		return nil
	}
	return []string{err.Error()}
}

// RemoveImage takes a reference away, and the image and its untagged parents
// with the last of them. That it is not there is success; an image that a
// container uses stays, and is an [engine.ErrConflict]. The call is
// DELETE /images/{name}.
func (e *Engine) RemoveImage(ctx context.Context, op engine.RemoveImage) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	_, err := e.client.ImageRemove(ctx, op.Image, image.RemoveOptions{PruneChildren: true})
	if errdefs.IsNotFound(err) {
		return nil
	}
	return e.fail(err, "remove image %q", op.Image)
}

// TagImage gives an image one more reference. The call is
// POST /images/{name}/tag.
func (e *Engine) TagImage(ctx context.Context, op engine.TagImage) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	return e.fail(e.client.ImageTag(ctx, op.Image, op.As), "tag image %q as %q", op.Image, op.As)
}

// A pullMessage is one line of what the engine answers to a pull.
type pullMessage struct {
	ID     string // of a layer, mostly
	Status string
	Detail struct{ Current, Total int64 } `json:"progressDetail"`
	Error  *struct{ Message string }      `json:"errorDetail"`
}

// followPull reads the answer to a pull to its end.
func followPull(stream io.Reader, progress func(plan.Progress)) error {
	p := pulling{layers: map[string]*layer{}}
	for messages := json.NewDecoder(stream); ; {
		var m pullMessage
		switch err := messages.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case m.Error != nil:
			return errors.New(m.Error.Message)
		}
		if p.add(m) {
			progress(p.progress())
		}
	}
}

// pulling is how far a pull has come.
type pulling struct{ layers map[string]*layer }

type layer struct {
	current, total   int64 // of the download, in bytes
	fetched, present bool  // present: fetched and extracted
}

// add reports whether the message says anything new.
func (p *pulling) add(m pullMessage) bool {
	l := p.layers[m.ID]
	if l == nil {
		l = &layer{}
	}
	was := *l
	switch m.Status {
	case "Pulling fs layer", "Waiting":
	case "Downloading":
		l.current, l.total = m.Detail.Current, max(m.Detail.Total, m.Detail.Current)
	case "Verifying Checksum", "Download complete", "Extracting":
		l.fetched, l.current = true, l.total
	case "Pull complete", "Already exists":
		l.fetched, l.present, l.current = true, true, l.total
	default:
		return false // not about a layer
	}
	known := p.layers[m.ID] != nil
	p.layers[m.ID] = l
	return !known || *l != was
}

func (p *pulling) progress() plan.Progress {
	var current, total int64
	var fetched, present int
	for _, l := range p.layers {
		current += l.current
		total += l.total
		if l.fetched {
			fetched++
		}
		if l.present {
			present++
		}
	}
	text := "downloading"
	switch {
	case fetched == len(p.layers):
		text = fmt.Sprintf("extracting %d/%d layers", present, len(p.layers))
	case total > 0:
		text = fmt.Sprintf("downloading %s/%s", units.HumanSize(float64(current)), units.HumanSize(float64(total)))
	}
	return plan.Progress{Text: text, Current: current, Total: total}
}
