package docker

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/stackfile/stack/engine"
)

// brief puts into s what a brief query asks for. The list of containers is one
// call, whatever there is.
func (e *Engine) brief(ctx context.Context, q engine.Query, s *engine.State) error {
	options := container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", engine.LabelProject))}
	if q.Project != "" {
		options.Filters = filters.NewArgs(filters.Arg("label", engine.LabelProject+"="+q.Project))
	}
	found, err := e.client.ContainerList(ctx, options)
	if err == nil {
		s.Containers = listed(found)
		err = e.inspectAll(ctx, q, nil, lists{}, s)
	}
	return e.fail(err, "snapshot")
}

// listed are containers as their list tells of them, in the order of their
// names.
func listed(found []container.Summary) (out []engine.Container) {
	for _, c := range found {
		out = append(out, decodeListed(c))
	}
	slices.SortFunc(out, func(a, b engine.Container) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// exited finds the exit code in the words of a list.
var exited = regexp.MustCompile(`^(?:Exited|Restarting) \((\d+)\)`)

func decodeListed(c container.Summary) engine.Container {
	out := engine.Container{
		ID: c.ID, Name: nameOf(c), ImageID: c.ImageID, Labels: c.Labels, Status: engine.Status(c.State),
		Service: c.Labels[engine.LabelService], Number: atoi(c.Labels[engine.LabelNumber]),
		OneOff: strings.EqualFold(c.Labels[engine.LabelOneOff], "true"),
	}
	// Up 3 minutes (healthy), Up 2 seconds (health: starting), Exited (1) 2 hours ago
	switch {
	case strings.HasSuffix(c.Status, "(healthy)"):
		out.Health = engine.HealthHealthy
	case strings.HasSuffix(c.Status, "(unhealthy)"):
		out.Health = engine.HealthUnhealthy
	case strings.HasSuffix(c.Status, "(health: starting)"):
		out.Health = engine.HealthStarting
	}
	if code := exited.FindStringSubmatch(c.Status); code != nil {
		out.ExitCode = atoi(code[1])
	}
	out.Ports = boundPorts(c)
	return out
}

func boundPorts(c container.Summary) (out []engine.Port) {
	for _, p := range c.Ports {
		if p.PublicPort != 0 {
			out = append(out, engine.Port{IP: p.IP, Public: p.PublicPort, Private: p.PrivatePort, Protocol: p.Type})
		}
	}
	sortPorts(out)
	return out
}
