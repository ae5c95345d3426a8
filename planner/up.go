package planner

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// Up plans what makes the observed state into the desired one. It returns an
// error, and no plan, when the engine holds something that the stack needs and
// that is not the stack's, when data would be lost, or when opts name what is
// not there.
func Up(desired *spec.Stack, observed engine.State, opts Options) (*plan.Plan, error) {
	desired = known(desired, observed)
	u := newUp(desired, observed, opts)
	order, err := u.choose()
	if err != nil {
		return nil, err
	}
	u.restore()
	if err := errors.Join(u.checks(order), u.checkImages(order)); err != nil {
		return nil, err
	}
	u.need(order)
	u.networks(order)
	u.volumes(order)
	u.imagesOf(order)
	for _, name := range order {
		u.service(desired.Services[name])
	}
	u.orphans()
	u.retire()
	u.handOverPorts()
	if opts.Wait && !opts.NoStart {
		u.awaitAll(order)
	}
	u.remarks(order)
	return u.finished(order)
}

// up is the work sheet of one Up.
type up struct {
	draft
	desired  *spec.Stack
	observed engine.State
	opts     Options

	chosen  map[string]bool
	needed  map[need]bool
	pending map[string]string           // network, volume or image reference -> the action that brings it
	fresh   map[string]bool             // volumes created in this run
	images  map[string]image            // by reference
	names   map[string][]plan.Edge      // container name -> what has to be over before it can be relied upon
	rewired map[string]string           // container ID -> the last action that gives it back its name or a network made anew
	own     map[string]bool             // names of the project's containers, half-made ones too
	asides  map[string]engine.Container // name -> the proven container that was renamed aside for it
	halves  []plan.Edge                 // the removals of what is half-made
	turns   map[string][]*replica       // by service, once it was planned

	byService   map[string][]*engine.Container // replicas as observed, one-off containers left out
	unwanted    []engine.Container
	reasons     map[string]plan.Reason // of the unwanted, by ID
	released    map[string]release     // container -> the host ports it gives up
	wantedPorts map[string]string      // host port -> the service of this run that publishes it
}

func newUp(desired *spec.Stack, observed engine.State, opts Options) *up {
	services := len(desired.Services)
	return &up{
		draft: newDraft(desired.Name, observed), desired: desired, observed: observed, opts: opts,
		needed: make(map[need]bool, services), pending: map[string]string{}, names: map[string][]plan.Edge{}, rewired: map[string]string{}, fresh: map[string]bool{},
		images: map[string]image{}, asides: map[string]engine.Container{}, turns: make(map[string][]*replica, services),
		released: map[string]release{}, byService: make(map[string][]*engine.Container, services), reasons: map[string]plan.Reason{},
	}
}

// choose returns the services to converge, dependencies first.
func (u *up) choose() ([]string, error) {
	order, err := u.desired.Order()
	if err != nil {
		return nil, err
	}
	if err := u.checkNames(); err != nil {
		return nil, err
	}
	u.chosen = make(map[string]bool, len(order))
	targets := u.opts.Services
	if len(targets) == 0 {
		targets = order
	}
	for _, name := range targets {
		u.pick(name)
	}
	return slices.DeleteFunc(slices.Clone(order), func(name string) bool { return !u.chosen[name] }), nil
}

func (u *up) pick(name string) {
	service, ok := u.desired.Services[name]
	if !ok || u.chosen[name] {
		return
	}
	u.chosen[name] = true
	for _, dependency := range sortedKeys(service.DependsOn) {
		if !u.opts.NoDeps || u.desired.Services[dependency].Of == name {
			u.pick(dependency)
		}
	}
}

func (u *up) checkNames() error {
	var errs []error
	for _, name := range slices.Concat(u.opts.Services, sortedKeys(u.opts.Scale)) {
		_, ok := u.desired.Services[name]
		if _, provided := u.desired.Providers[name]; !ok && !provided {
			errs = append(errs, &UnknownServiceError{Service: name, Known: sortedKeys(u.desired.Services)})
		}
	}
	for _, name := range sortedKeys(u.opts.Scale) {
		if s := u.desired.Services[name]; s.ContainerName != "" && u.opts.Scale[name] > 1 {
			errs = append(errs, fmt.Errorf("service %s: %d replicas cannot all have the container_name %q", name, u.opts.Scale[name], s.ContainerName))
		}
	}
	return errors.Join(errs...)
}

// replicas is how many replicas of a service are desired.
func (u *up) replicas(s spec.Service) int {
	if n, ok := u.opts.Scale[cmp.Or(s.Of, s.Name)]; ok && (s.Of == "" || s.PerReplica) {
		return n
	} else if ok {
		return min(1, n)
	}
	return s.Replicas
}

// containerName is the name of a service's n-th replica.
func (u *up) containerName(s spec.Service, n int) string {
	return u.desired.ContainerName(s, n)
}

// orphans are containers of services that the file does not declare, in no
// profile. They stay, with a note, unless they are to go.
func (u *up) orphans() {
	for _, c := range u.observed.Containers {
		switch {
		case c.OneOff || declared(u.desired, c.Service):
		case declared(u.desired, stepOf(c)):
			if _, active := u.desired.Services[stepOf(c)]; active {
				u.surplus(c, "pre_start has no such step")
			}
		case u.opts.RemoveOrphans:
			u.surplus(c, "orphan: the file has no such service")
		case !u.opts.IgnoreOrphans:
			u.note(c.Service, "container %s is an orphan: the file has no service %s (--remove-orphans removes it)", c.Name, c.Service)
		}
	}
}

// awaitAll makes the plan end when every replica is ready.
func (u *up) awaitAll(order []string) {
	for _, name := range order {
		for _, r := range u.turns[name] {
			u.await(r, u.proofOf(r), requested("--wait"))
		}
	}
}

// surplus notes a container that is not wanted any more.
func (u *up) surplus(c engine.Container, text string) {
	u.unwanted = append(u.unwanted, c)
	u.reasons[c.ID] = plan.Reason{Code: plan.Surplus, Text: text}
}

// retire plans the stop and the removal of what is not wanted any more,
// dependents first.
func (u *up) retire() {
	if len(u.unwanted) == 0 {
		return
	}
	o := newOutgoing(&u.draft, u.desired, u.unwanted, StopOptions{Timeout: u.opts.StopTimeout})
	o.reasons, o.after = u.reasons, u.rewired
	o.stopAll()
	o.removeAll()
	for _, c := range u.unwanted {
		u.release(c, o.stops[c.ID])
	}
}

func requested(flag string) plan.Reason {
	return plan.Reason{Code: plan.Requested, Text: "requested by " + flag}
}

// An UnknownServiceError says that a service was named that the stack lacks.
type UnknownServiceError struct {
	Service string
	Known   []string
}

func (e *UnknownServiceError) Error() string {
	return fmt.Sprintf("service %q: no such service (there are: %s)", e.Service, strings.Join(e.Known, ", "))
}
