package docker

import (
	"context"
	"fmt"

	"github.com/docker/docker/client"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/docker/internal/buildkit"
	"github.com/stackfile/stack/plan"
)

// BuildImage makes an image with the engine's BuildKit. All builds share one
// connection, opened by the first of them and closed with the engine. The
// proxies of the docker command's configuration are arguments of each build. The
// calls are POST /grpc and POST /session, see package buildkit, and POST
// /images/{name}/tag.
//
// An error of the build is an [*engine.BuildError]; an engine without BuildKit
// is an [engine.ErrUnsupported].
func (e *Engine) BuildImage(ctx context.Context, op engine.BuildImage, progress func(plan.Progress)) (plan.Outcome, error) {
	if err := e.connect(ctx); err != nil {
		return plan.Outcome{}, err
	}
	proxies, problem := keyring{e.options.ConfigDir}.proxies(e.where())
	op.Build.Args = engine.With(proxies, op.Build.Args)
	out, err := e.builds.Build(ctx, op, progress)
	out.Warnings = append(out.Warnings, texts(problem)...)
	if err == nil {
		out.Warnings = append(out.Warnings, texts(e.stamp(ctx, op.Image))...)
	}
	return out, err
}

// stamp has the engine note the time at which a reference came to mean what it
// means. BuildKit in Engine 20.10 does not, and a build that is all in the cache
// leaves no other trace.
func (e *Engine) stamp(ctx context.Context, ref string) error {
	if err := e.client.ImageTag(ctx, ref, ref); err != nil {
		return fmt.Errorf("image %s: note when it was built: %w", ref, err)
	}
	return nil
}

func newBuilder(c *client.Client, opts Options) *buildkit.Builder {
	return buildkit.New(c, buildkit.Options{
		Credentials: keyring{opts.ConfigDir}.forBuild,
		Environment: opts.Environment,
	})
}
