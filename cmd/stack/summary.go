package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/cmd/stack/internal/progress"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

// summarize tells what there is after an up: services, addresses, time.
func (p *program) summarize(ctx context.Context, project stack.Project, result stack.Result) error {
	list := result.Containers
	if list == nil { // what was reached is not kept, and so nobody has looked
		var err error
		if list, err = stack.Containers(ctx, p.engine, project, stack.Selection{}); err != nil {
			return err
		}
	}
	text := "up to date"
	if n := len(result.Plan.Changes()); n > 0 {
		text = plural(n, "change") + " made"
	}
	p.view.End(progress.Summary{
		Services: services(list, waited(result)), Addresses: p.addresses(list),
		Text: text, Elapsed: p.since().Seconds(), Timings: p.timings(result.Plan),
	})
	return nil
}

// timings say where the time went, to who asked for it, and to programs.
func (p *program) timings(made *plan.Plan) *reconciler.Timings {
	if !p.timed && p.mode() != progress.JSON {
		return nil
	}
	t := reconciler.TimingsOf(made, p.events, p.began, p.Now())
	return &t
}

// waited are the names of the containers that this run found healthy. The
// engine's own verdict comes later, after a whole interval of the healthcheck.
func waited(result stack.Result) map[string]bool {
	out := map[string]bool{}
	for _, a := range result.Plan.Actions {
		w, ok := a.Op.(engine.WaitContainer)
		if _, succeeded := result.Outcomes[a.ID]; ok && succeeded && (w.Condition == engine.Healthy || w.Condition == engine.Ready) {
			out[a.Change.Name] = true
		}
	}
	return out
}

// services counts the replicas of each service that stand alike.
func services(list []engine.Container, healthy map[string]bool) (out []progress.Service) {
	for _, c := range list {
		if c.Health == engine.HealthStarting && healthy[c.Name] {
			c.Health = engine.HealthHealthy
		}
		status := standing(c)
		i := slices.IndexFunc(out, func(s progress.Service) bool { return s.Name == c.Service && s.Status == status })
		if i < 0 {
			out = append(out, progress.Service{Name: c.Service, Status: status, Replicas: 1})
			continue
		}
		out[i].Replicas++
	}
	return out
}

// standing is how a container stands, in one word.
func standing(c engine.Container) string {
	switch {
	case c.Status == engine.StatusRunning && c.Health != "":
		return string(c.Health)
	case c.Status == engine.StatusExited && c.ExitCode == 0:
		return "completed"
	case c.Status == engine.StatusExited:
		return fmt.Sprintf("exited (%d)", c.ExitCode)
	}
	return string(c.Status)
}

// addresses are those of running containers, each once: an engine tells of a
// port for IPv4 and for IPv6.
func (p *program) addresses(list []engine.Container) (out []progress.Address) {
	for _, c := range list {
		for _, port := range c.Ports {
			if port.Public == 0 {
				continue
			}
			a := progress.Address{URL: p.url(port), Service: c.Service, Port: private(port)}
			if !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

func private(port engine.Port) string {
	text := strconv.Itoa(int(port.Private))
	if port.Protocol != "tcp" && port.Protocol != "" {
		text += "/" + port.Protocol
	}
	return text
}

// url is where a port answers: on this machine, or where the engine is. Ports
// that are no web server's by custom go without a scheme.
func (p *program) url(port engine.Port) string {
	host := port.IP
	if ip := net.ParseIP(host); host == "" || (ip != nil && (ip.IsUnspecified() || ip.IsLoopback())) {
		host = "localhost"
		if u, err := url.Parse(p.host()); err == nil && u.Hostname() != "" && (ip == nil || ip.IsUnspecified()) {
			host = u.Hostname()
		}
	}
	address := net.JoinHostPort(host, strconv.Itoa(int(port.Public)))
	switch {
	case port.Protocol != "tcp" && port.Protocol != "":
		return address
	case port.Private == 443 || port.Private == 8443:
		return "https://" + address
	case port.Private == 80 || port.Private == 3000 || port.Private == 5000 || port.Private/1000 == 8:
		return "http://" + address
	}
	return address
}
