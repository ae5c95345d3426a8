package planner

import (
	"cmp"
	"reflect"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// Query is what has to be observed before Up, Build and Pull can plan for
// desired.
func Query(desired *spec.Stack) engine.Query {
	q := engine.Query{Project: desired.Name}.For(desired)
	for _, s := range desired.Services {
		q.Host = q.Host || wantsHost(s)
		q.Limits = q.Limits || limited(s.Container)
		for _, b := range fixedPorts(s.Container) {
			q.Ports = append(q.Ports, b.port)
		}
	}
	return q
}

// limited reports whether limits are asked for that a kernel may be unable to
// do.
func limited(c spec.Container) bool {
	if c.Blkio != nil {
		return true
	}
	v := reflect.ValueOf(c)
	for _, i := range limits {
		if !v.Field(i).IsZero() {
			return true
		}
	}
	return false
}

// limits are the fields of spec.Container that hold limits.
var limits = limitFields(reflect.TypeFor[spec.Container]())

func limitFields(t reflect.Type) (out []int) {
	for i := range t.NumField() {
		if tag := t.Field(i).Tag.Get("live"); (tag == "set" || tag == "update") && t.Field(i).Name != "Restart" {
			out = append(out, i)
		}
	}
	return out
}

// Build plans the builds of the services that have one.
func Build(desired *spec.Stack, observed engine.State, opts ImageOptions) (*plan.Plan, error) {
	d := newDraft(desired.Name, observed)
	d.allPlatforms = true
	services, err := imageServices(desired, opts)
	if err != nil {
		return nil, err
	}
	for _, s := range services {
		if s.Build != nil {
			d.build(desired, adapted(s, opts), plan.Reason{Code: plan.Requested, Text: "build"})
		}
		if s.Build != nil && opts.Push && !unnamed(desired.Name, s) {
			d.push(s)
		}
	}
	return d.finish(desired)
}

// adapted is a service whose build is as the command line asks.
func adapted(s spec.Service, opts ImageOptions) spec.Service {
	b := *s.Build
	b.Args = engine.With(b.Args, opts.Args)
	b.NoCache = b.NoCache || opts.NoCache
	b.Pull = b.Pull || opts.Pull
	b.Provenance, b.SBOM = cmp.Or(opts.Provenance, b.Provenance), cmp.Or(opts.SBOM, b.SBOM)
	b.SSH = engine.With(b.SSH, opts.SSH)
	s.Build = &b
	return s
}

// Pull plans the pulls of the services' images. Those that can be built are
// pulled only where the file names an image for them.
func Pull(desired *spec.Stack, observed engine.State, opts ImageOptions) (*plan.Plan, error) {
	d := newDraft(desired.Name, observed)
	services, err := imageServices(desired, opts)
	if err != nil {
		return nil, err
	}
	for _, s := range services {
		_, there := observed.Images[s.Container.Image]
		switch {
		case s.Build != nil && (opts.IgnoreBuildable || unnamed(desired.Name, s)):
			d.note(s.Name, "service %s is not pulled: its image is built", s.Name)
		case opts.Policy == "" && (s.PullPolicy == "never" || s.PullPolicy == "build"):
			d.note(s.Name, "service %s is not pulled: its pull_policy is %s (--policy always pulls it)", s.Name, s.PullPolicy)
		case opts.Policy == "missing" && there:
		default:
			d.pull(s, plan.Reason{Code: plan.Requested, Text: "pull"})
		}
	}
	return d.finish(desired)
}

// unnamed reports whether the image of a service has only the name that its
// build gets by default.
func unnamed(project string, s spec.Service) bool {
	return s.Container.Image == project+"-"+s.Name
}

func imageServices(desired *spec.Stack, opts ImageOptions) ([]spec.Service, error) {
	u := newUp(desired, engine.State{}, Options{Services: opts.Services, NoDeps: !opts.WithDependencies && len(opts.Services) > 0})
	order, err := u.choose()
	if err != nil {
		return nil, err
	}
	out := make([]spec.Service, len(order))
	for i, name := range order {
		out[i] = desired.Services[name]
	}
	return out, nil
}
