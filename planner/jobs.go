package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// reruns reports whether --rerun means the job s: it is named, or else no job
// is.
func (u *up) reruns(s spec.Service) bool {
	named := slices.ContainsFunc(u.opts.Services, func(name string) bool { return u.desired.Services[name].Job })
	return s.Job && (!named || slices.Contains(u.opts.Services, s.Name))
}

// unattended reports whether s is a job for whose end nothing waits.
func (u *up) unattended(s spec.Service) bool {
	if !s.Job || u.opts.Wait {
		return false
	}
	for _, other := range u.desired.Services {
		if other.DependsOn[s.Name].Condition == spec.Completed {
			return false
		}
	}
	return true
}

// skip tells that a job does not run, when all its replicas have succeeded and
// nothing asks for more.
func (u *up) skip(s spec.Service) {
	turns := u.turns[s.Name]
	if !s.Job || u.opts.NoStart || len(turns) == 0 {
		return
	}
	for _, r := range turns {
		if r.disturbed() || r.found == nil || !meets(*r.found, engine.Completed) {
			return
		}
	}
	why := []string{"inputs unchanged"}
	for _, target := range sortedKeys(s.Unread) {
		why = append(why, fmt.Sprintf("%s not looked at: %s", target, s.Unread[target]))
	}
	u.plan.Skips = append(u.plan.Skips, plan.Skip{Service: s.Name, Text: strings.Join(why, "; ")})
}

// asked is what the replica's container is to be made from. Of its bind mounts
// only those count as changed that were looked at both when it was made and
// now: neither a larger file nor a newer stack is a reason to run a job again.
func (r *replica) asked() spec.Container {
	c := r.service.Container
	if r.found.Recorded == nil {
		return c
	}
	wanted := c.Inputs
	c.Inputs = maps.Clone(r.found.Recorded.Inputs)
	for target := range c.Inputs {
		if digest, ok := wanted[target]; ok && !r.wrote(target) {
			c.Inputs[target] = digest
		}
	}
	return c
}

// wrote reports whether what is bound at target has not been written since the
// job ended: then what differs there is the job's own work.
func (r *replica) wrote(target string) bool {
	touched, writable := r.service.Touched[target]
	return writable && (runs(r.found.Status) || !touched.After(r.found.Finished))
}
