// Package buildkit makes images with the BuildKit inside a Docker Engine, over
// the engine's own connection. It never starts a builder of its own, and reads
// no environment variable (but BuildKit's client does, for a running SSH agent).
package buildkit

import (
	"context"
	"fmt"
	"slices"

	docker "github.com/docker/docker/client"
	"github.com/moby/buildkit/client"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// Options of a Builder. The zero value builds without credentials, and knows no
// environment.
type Options struct {
	// Credentials are those for a registry's host, all of them "" when there
	// are none.
	Credentials func(host string) (Credentials, error)
	// Environment is where secrets of the form env:NAME come from.
	Environment func(name string) (string, bool)
}

// Credentials let a registry know who asks: a name and password, or a token.
type Credentials struct{ Username, Password, IdentityToken string }

// A Builder builds images. Its methods may be called from several goroutines;
// all builds share one connection, which the first of them opens.
type Builder struct {
	engine *docker.Client
	opts   Options

	// turn guards backend. It is a channel so that who waits for it still
	// sees its context end.
	turn    chan struct{}
	backend *backend
}

// New returns a Builder on an engine. It does not contact it. Before the first
// Build, the API version must have been negotiated.
func New(engine *docker.Client, opts Options) *Builder {
	return &Builder{engine: engine, opts: opts, turn: make(chan struct{}, 1)}
}

// Close ends the connection, and with it the builds that are under way.
func (b *Builder) Close() error {
	b.turn <- struct{}{}
	defer func() { <-b.turn }()
	if b.backend == nil {
		return nil
	}
	err := b.backend.Close()
	b.backend = nil
	return err
}

// Build makes the image and gives it its references. It reports each step as it
// begins and ends, each line of output, and what is fetched meanwhile, from the
// calling goroutine. The outcome has the ID that the reference means
// afterwards; a build that is all in the cache gives the same ID again.
//
// An error of the build itself is a *[engine.BuildError]. An engine without
// BuildKit, or with one too old for what is asked, is an
// [engine.ErrUnsupported].
func (b *Builder) Build(ctx context.Context, op engine.BuildImage, progress func(plan.Progress)) (plan.Outcome, error) {
	k, err := b.open(ctx)
	if err != nil {
		return plan.Outcome{}, buildError(op, err)
	}
	opts, err := solveOptions(op, k.abilities)
	if err != nil {
		return plan.Outcome{}, buildError(op, err)
	}
	s, err := b.session(op.Build)
	if err != nil {
		return plan.Outcome{}, buildError(op, err)
	}
	opts.Session = s.attached
	t := newTrace(progress)
	opts.CacheImports, t.warnings = splitMissing(opts.CacheImports)
	if err := solve(ctx, k.Client, opts, t); err != nil {
		return plan.Outcome{}, t.failure(ctx, op.Image, err, s.warnings())
	}
	id, err := b.imageID(ctx, op.Image)
	return plan.Outcome{ImageID: id, Warnings: slices.Concat(t.warnings, t.setbacks(), s.warnings())}, err
}

// solve feeds the trace from this goroutine, as the contract of progress asks,
// while BuildKit's client works in another one.
func solve(ctx context.Context, c *client.Client, opts client.SolveOpt, t *trace) error {
	statuses := make(chan *client.SolveStatus)
	done := make(chan error, 1)
	go func() {
		_, err := c.Solve(ctx, nil, opts, statuses)
		done <- err
	}()
	for s := range statuses {
		t.add(s)
	}
	return <-done
}

// imageID asks the engine: what the exporter answers is the digest of the
// config or of the manifest, depending on where the engine keeps its images.
func (b *Builder) imageID(ctx context.Context, ref string) (string, error) {
	found, err := b.engine.ImageInspect(ctx, ref)
	if err != nil {
		return "", fmt.Errorf("build image %q: what it is now: %w", ref, err)
	}
	return found.ID, nil
}

func buildError(op engine.BuildImage, err error) error {
	return fmt.Errorf("build image %q: %w", op.Image, err)
}
