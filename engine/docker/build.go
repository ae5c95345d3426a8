package docker

import (
	"context"

	"github.com/docker/docker/client"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/docker/internal/buildkit"
	"github.com/stackfile/stack/plan"
)

// BuildImage makes an image with the engine's BuildKit. All builds share one
// connection, opened by the first of them and closed with the engine. The
// proxies of the docker command's configuration are arguments of each build. The
// calls are POST /grpc and POST /session; see package buildkit.
//
// An error of the build is an [*engine.BuildError]; an engine without BuildKit
// is an [engine.ErrUnsupported].
func (e *Engine) BuildImage(ctx context.Context, op engine.BuildImage, progress func(plan.Progress)) (plan.Outcome, error) {
	if err := e.connect(ctx); err != nil {
		return plan.Outcome{}, err
	}
	proxies, problem := keyring{e.options.ConfigDir}.proxies(e.client.DaemonHost())
	op.Build.Args = engine.With(proxies, op.Build.Args)
	out, err := e.builds.Build(ctx, op, progress)
	out.Warnings = append(out.Warnings, texts(problem)...)
	return out, err
}

func newBuilder(c *client.Client, opts Options) *buildkit.Builder {
	return buildkit.New(c, buildkit.Options{
		Credentials: keyring{opts.ConfigDir}.forBuild,
		Environment: opts.Environment,
	})
}
