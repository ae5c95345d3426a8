package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// A verdict is what a container that is there needs.
type verdict struct {
	reasons []plan.Reason // to replace it for certain
	doubts  []plan.Reason // to replace it unless the guard holds
	guard   plan.Guard
	update  []difference  // in place
	rewire  []difference  // by disconnecting and connecting
	restart []plan.Reason // a stop and a start of what runs
}

func (v verdict) replaces() bool { return len(v.reasons) > 0 || len(v.doubts) > 0 }

// why are the reasons of a replacement: all certain ones, or else the doubts.
func (v verdict) why() []plan.Reason {
	if len(v.reasons) > 0 {
		return v.reasons
	}
	return v.doubts
}

// decide compares a replica's container with what is desired.
func (u *up) decide(r *replica) verdict {
	var v verdict
	if u.opts.NoRecreate {
		return v
	}
	asked := r.asked()
	v.compare(r.found, &asked)
	v.judgeFiles(r)
	u.judgeImage(&v, r)
	u.judgeDependencies(&v, r)
	u.judgeStep(&v, r)
	if u.opts.ForceRecreate && (u.opts.RecreateDeps || u.explicit(r.service.Name)) {
		v.reasons = append(v.reasons, requested("--force-recreate"))
	}
	if u.opts.Rerun && u.reruns(r.service) {
		v.reasons = append(v.reasons, requested("--rerun"))
	}
	if u.opts.RenewAnonymous && len(r.found.Anonymous) > 0 {
		v.reasons = append(v.reasons, requested("--renew-anon-volumes"))
	}
	if len(v.reasons) > 0 {
		v.guard = nil
	}
	return v
}

func (v *verdict) compare(c *engine.Container, desired *spec.Container) {
	movesPort := ephemeral(*desired)
	for _, d := range differences(c, desired) {
		switch {
		case d.class == inPlace:
			v.update = append(v.update, d)
		case d.class == rewire && !movesPort:
			v.rewire = append(v.rewire, d)
		default:
			v.reasons = append(v.reasons, d.reason)
		}
	}
	if c.Status == engine.StatusDead || c.Status == engine.StatusRemoving {
		v.reasons = append(v.reasons, plan.Reason{Code: plan.Drifted, Field: "status", From: string(c.Status), To: "running"})
	}
}

// judgeFiles restarts a container that still has files which were replaced on
// the host: a bind mount holds the file, not its name, until the next start. A
// job is on its way with the files that it was started with.
func (v *verdict) judgeFiles(r *replica) {
	if r.service.Job || !upright(*r.found) {
		return
	}
	for _, target := range r.found.Stale {
		v.restart = append(v.restart, plan.Reason{
			Code: plan.Drifted, Field: join("volumes", target),
			Text: fmt.Sprintf("drifted: volumes.%s: the file was replaced on the host; the container still has the old one", target),
		})
	}
}

// judgeImage looks at what the image's reference means, now or after the build
// or pull that this plan makes.
func (u *up) judgeImage(v *verdict, r *replica) {
	ref := r.service.Container.Image
	i := u.imageOf(r.service)
	switch {
	case r.service.ImageID != "":
		if i.id == r.found.ImageID || slices.ContainsFunc(v.reasons, ofImage) {
			return
		}
		v.reasons = append(v.reasons, plan.Reason{Code: plan.Changed, Field: "image", Text: fmt.Sprintf("image: %s was %s then, is %s", ref, short(i.id), short(r.found.ImageID))})
	case i.action != "":
		v.guard = append(v.guard, plan.Same{ID: i.action, Image: ref, ImageID: r.found.ImageID})
		v.doubts = append(v.doubts, plan.Reason{Code: plan.Changed, Field: "image", Text: fmt.Sprintf("image: if %s means another one than %s", ref, short(r.found.ImageID))})
	case i.id != "" && i.id != r.found.ImageID:
		v.reasons = append(v.reasons, plan.Reason{Code: plan.Changed, Field: "image", Text: fmt.Sprintf("image: %s now means %s, was %s", ref, short(i.id), short(r.found.ImageID))})
	}
}

// ofImage reports whether a reason tells of another reference already.
func ofImage(r plan.Reason) bool { return r.Field == "image" }

// short is an ID as people compare them.
func short(id string) string {
	if algorithm, hex, ok := strings.Cut(id, ":"); ok && len(hex) > 12 {
		return algorithm + ":" + hex[:12]
	}
	return id
}

// judgeDependencies makes a container follow those it stands on.
func (u *up) judgeDependencies(v *verdict, r *replica) {
	for _, name := range sortedKeys(r.service.DependsOn) {
		d := r.service.DependsOn[name]
		if d.Namespace && len(u.turns[name]) > 0 {
			u.judgeNamespace(v, r, u.turns[name][0])
		}
		if d.Restart && !d.Namespace {
			u.judgeRestart(v, r, u.turns[name])
		}
	}
	v.guard = slices.CompactFunc(v.guard, func(a, b plan.Same) bool { return a == b })
}

// judgeNamespace makes a container follow the first replica of the service
// whose namespace it shares.
func (u *up) judgeNamespace(v *verdict, r *replica, owner *replica) {
	name := owner.service.Name
	switch {
	case owner.certain():
		v.reasons = append(v.reasons, follow(name, "shares a namespace with %s, which is replaced"))
	case owner.restarted && !owner.replaced && r.attached(owner):
		v.restart = append(v.restart, follow(name, "shares a namespace with %s, which is restarted"))
	case owner.begun != "" && !owner.replaced:
		v.reasons = append(v.reasons, follow(name, "shares a namespace with %s, which is started"))
	case owner.found != nil && !slices.Contains(r.found.Joins, owner.found.ID):
		v.reasons = append(v.reasons, follow(name, "shares a namespace with %s, which it is not attached to any more"))
	case owner.replaced:
		v.guard = append(v.guard, owner.guard...)
		v.doubts = append(v.doubts, follow(name, "shares a namespace with %s, if that is replaced"))
	case owner.found != nil && r.attached(owner) && r.found.Started.Before(owner.found.Started):
		v.restart = append(v.restart, follow(name, "shares a namespace with %s, which has started anew since"))
	}
}

// attached reports whether the container that is there runs in a namespace of
// the owner's. It keeps the namespace of the owner's start before, if that is
// restarted, and has no network then.
func (r *replica) attached(owner *replica) bool {
	return upright(*r.found) && slices.Contains(r.found.Joins, owner.found.ID)
}

// upright reports whether a container has a program that the engine does not
// start anew by itself.
func upright(c engine.Container) bool {
	return c.Status == engine.StatusRunning || c.Status == engine.StatusPaused
}

// judgeRestart makes a container follow the renewal of a service that it
// depends on with restart: true. A service is renewed when all its replicas
// are; one more of them, or one of several lost and made again, is no reason.
func (u *up) judgeRestart(v *verdict, r *replica, others []*replica) {
	if len(others) == 0 {
		return
	}
	name, doubt := others[0].service.Name, plan.Guard(nil)
	for _, other := range others {
		switch {
		case other.newerThan(r):
		case other.replaced:
			doubt = append(doubt, other.guard...)
		default:
			return
		}
	}
	if len(doubt) > 0 {
		v.guard = append(v.guard, doubt...)
		v.doubts = append(v.doubts, follow(name, "depends on %s, if that is replaced"))
		return
	}
	v.reasons = append(v.reasons, follow(name, "depends on %s, which is made anew"))
}

// newerThan reports whether the replica will be, or is, of a later date than
// the start of its dependent. The latter is what an interrupted run leaves; it
// says nothing of a dependent that was made before it depended on the replica.
func (r *replica) newerThan(dependent *replica) bool {
	switch {
	case r.certain(), r.found == nil, r.service.Job && r.begun != "" && !r.replaced:
		return true
	}
	if !recordedDependencies(*dependent.found)[r.service.Name].Restart {
		return false
	}
	started := dependent.found.Started
	return !started.IsZero() && r.found.Created.After(started)
}

func follow(name, format string) plan.Reason {
	return plan.Reason{Code: plan.Dependency, Text: fmt.Sprintf(format, name)}
}
