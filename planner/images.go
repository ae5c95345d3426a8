package planner

import (
	"errors"
	"fmt"

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
		if u.images[ref].action != "" {
			continue
		}
		found, there := u.observed.Images[ref]
		u.images[ref] = image{id: found.ID, action: u.bring(s, found, there)}
	}
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
	return u.draft.build(u.desired.Name, s, why)
}

func (u *up) pull(s spec.Service, why plan.Reason) string { return u.draft.pull(s, why) }

// build adds the build of a service's image.
func (d *draft) build(project string, s spec.Service, why plan.Reason) string {
	ref := s.Container.Image
	b := *s.Build
	b.Labels = engine.With(b.Labels, map[string]string{engine.LabelProject: project, engine.LabelService: s.Name})
	st := step{change: plan.Change{Verb: plan.Build, Object: "image", Name: ref, Service: s.Name}, reasons: []plan.Reason{why}}
	return d.add(st, "build "+ref, engine.BuildImage{Image: ref, Platform: s.Container.Platform, Build: b})
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
		if _, there := u.observed.Images[s.Container.Image]; there {
			continue
		}
		switch {
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
