package planner

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// An image is what a reference means now, and the action after which it may
// mean something else.
type image struct {
	id     string // "" when it is not there
	action string // that builds or pulls it; "" for none
}

// imagesOf plans the builds and pulls that the services need.
func (u *up) imagesOf(order []string) {
	for _, name := range order {
		s := u.desired.Services[name]
		ref := s.Container.Image
		if s.ImageID != "" || u.images[ref].action != "" {
			continue
		}
		found, there := u.observed.Images[ref]
		u.images[ref] = image{id: found.ID, action: u.bring(s, found, there)}
	}
}

// imageOf is the image of a service: the one it is bound to, or what its
// reference means.
func (u *up) imageOf(s spec.Service) image {
	if s.ImageID != "" {
		return image{id: s.ImageID}
	}
	return u.images[s.Container.Image]
}

// bring plans the build or pull of a service's image, and returns its action,
// "" when the image is taken as it is.
func (u *up) bring(s spec.Service, found engine.Image, there bool) string {
	if s.Build != nil {
		switch {
		case u.opts.Build, s.PullPolicy == "build":
			return u.build(s, requestedBuild(u.opts.Build, there))
		case !there:
			return u.build(s, plan.Reason{Code: plan.Missing})
		}
		return ""
	}
	switch policy := u.policy(s); {
	case policy == "always":
		return u.pull(s, plan.Reason{Code: plan.Requested, Text: "pull policy: always"})
	case !there:
		return u.pull(s, plan.Reason{Code: plan.Missing})
	case policy == "refresh" && u.observed.Taken.Sub(found.Tagged) > s.PullAfter:
		return u.pull(s, plan.Reason{Code: plan.Requested, Text: fmt.Sprintf("pull policy: older than %s", s.PullAfter)})
	}
	return ""
}

func requestedBuild(flag, there bool) plan.Reason {
	switch {
	case !there:
		return plan.Reason{Code: plan.Missing}
	case flag:
		return requested("--build")
	}
	return plan.Reason{Code: plan.Requested, Text: "pull policy: build"}
}

func (u *up) policy(s spec.Service) string {
	if u.opts.Pull != "" {
		return u.opts.Pull
	}
	return s.PullPolicy
}

func (u *up) build(s spec.Service, why plan.Reason) string {
	return u.draft.build(u.desired, s, why)
}

func (u *up) pull(s spec.Service, why plan.Reason) string { return u.draft.pull(s, why) }

// build adds the build of a service's image, after those of the services whose
// images it has as contexts.
func (d *draft) build(desired *spec.Stack, s spec.Service, why plan.Reason) string {
	ref := s.Container.Image
	b := *s.Build
	b.Labels = engine.With(b.Labels, map[string]string{engine.LabelProject: desired.Name, engine.LabelService: serviceLabel(s)})
	edges := d.contexts(desired, s, &b)
	st := step{change: plan.Change{Verb: plan.Build, Object: "image", Name: ref, Service: s.Name}, reasons: []plan.Reason{why}}
	op := engine.BuildImage{Image: ref, Platform: s.Container.Platform, Build: b, AllPlatforms: d.allPlatforms && len(b.Platforms) > 1}
	return d.add(st, "build "+ref, op, edges...)
}

// contexts turns the contexts of a build that name a service into that
// service's image, and adds its build. Two that build upon each other are found
// as a cycle when the plan is checked.
func (d *draft) contexts(desired *spec.Stack, s spec.Service, b *spec.Build) (edges []plan.Edge) {
	b.AdditionalContexts = maps.Clone(b.AdditionalContexts)
	for _, key := range sortedKeys(b.AdditionalContexts) {
		name, ok := strings.CutPrefix(b.AdditionalContexts[key], "service:")
		other, known := desired.Services[name]
		if !ok || !known {
			continue
		}
		b.AdditionalContexts[key] = "docker-image://" + other.Container.Image
		if other.Build == nil {
			continue
		}
		edges = append(edges, onDone("build "+other.Container.Image))
		if !d.building[name] {
			d.building[name] = true
			d.build(desired, other, plan.Reason{Code: plan.Dependency, Text: s.Name + " is built upon it"})
		}
	}
	return edges
}

func (d *draft) pull(s spec.Service, why plan.Reason) string {
	ref := s.Container.Image
	st := step{change: plan.Change{Verb: plan.Pull, Object: "image", Name: ref, Service: s.Name}, reasons: []plan.Reason{why}}
	return d.add(st, "pull "+ref, engine.PullImage{Image: ref, Platform: s.Container.Platform})
}

// checkImages finds the images that are missing and may not be brought.
func (u *up) checkImages(order []string) error {
	var errs []error
	for _, name := range order {
		s := u.desired.Services[name]
		if _, there := u.observed.Images[cmp.Or(s.ImageID, s.Container.Image)]; there {
			continue
		}
		switch {
		case s.ImageID != "":
			errs = append(errs, &ImageError{Service: name, Image: s.Container.Image, Cause: "as it was then, " + short(s.ImageID) + ", is not there any more"})
		case s.Build != nil && u.opts.NoBuild:
			errs = append(errs, &ImageError{Service: name, Image: s.Container.Image, Cause: "not there, and --no-build forbids to build it"})
		case s.Build == nil && u.policy(s) == "never":
			errs = append(errs, &ImageError{Service: name, Image: s.Container.Image, Cause: "not there, and the pull policy is never"})
		}
	}
	return errors.Join(errs...)
}

// An ImageError says that a service's image is missing and may not be brought.
type ImageError struct{ Service, Image, Cause string }

func (e *ImageError) Error() string {
	return fmt.Sprintf("image %s of service %s: %s", e.Image, e.Service, e.Cause)
}
