package planner

import (
	"errors"
	"fmt"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// checks finds everything for which the plan must not be made, all at once and
// before anything is touched.
func (u *up) checks(order []string) error {
	var errs []error
	for _, name := range order {
		errs = append(errs, u.checkContainers(u.desired.Services[name])...)
		errs = append(errs, u.checkLenders(u.desired.Services[name])...)
		errs = append(errs, u.checkPlacement(u.desired.Services[name])...)
		errs = append(errs, u.checkLocal(u.desired.Services[name]))
	}
	for _, key := range sortedKeys(u.desired.Networks) {
		if n := u.desired.Networks[key]; u.usesNetwork(order, n.Name) {
			errs = append(errs, u.checkNetwork(n))
		}
	}
	for _, key := range sortedKeys(u.desired.Volumes) {
		if v := u.desired.Volumes[key]; u.usesVolume(order, v.Name) {
			errs = append(errs, u.checkVolume(v))
		}
	}
	return errors.Join(errs...)
}

func (u *up) checkNetwork(n spec.Network) error {
	found, ok := u.observed.Networks[n.Name]
	switch {
	case n.External && !ok:
		return fmt.Errorf("network %s: declared external, but the engine has none of this name: %w", n.Name, engine.ErrNotFound)
	case n.External:
		return nil
	case !ok:
		return u.checkNetworkFeatures(n)
	case found.Labels[engine.LabelProject] != u.desired.Name:
		return &ConflictError{Object: "network", Name: n.Name, Holder: owner(found.Labels[engine.LabelProject]), Hint: "declare it external, or give yours another name"}
	case found.Recorded == nil:
		return nil
	}
	was, want := adoptedNetwork(found, n), n
	was.Labels, want.Labels = nil, nil
	if strangers := u.strangers(found); len(strangers) > 0 && len(changes(was, want)) > 0 {
		return &ConflictError{Object: "network", Name: n.Name, Holder: "containers outside this stack: " + strings.Join(strangers, ", "), Hint: "its options changed, so it has to be made anew; disconnect them first"}
	}
	return nil
}

func (u *up) checkNetworkFeatures(n spec.Network) error {
	if err := engine.CheckNetwork(n, u.observed.API); err != nil {
		return fmt.Errorf("network %s: %w", n.Name, err)
	}
	return nil
}

// strangers are the containers on a network that are not the project's. Of its
// own ones an engine may still say that they are there when they have left.
func (u *up) strangers(n engine.Network) []string {
	var out []string
	for _, member := range n.Members {
		if !u.own[member] {
			out = append(out, member)
		}
	}
	return out
}

func owner(project string) string {
	if project == "" {
		return "something that is no stack"
	}
	return "the stack " + project
}

// checkVolume refuses what would lose data: a volume cannot be changed, only
// removed and made anew.
func (u *up) checkVolume(v spec.Volume) error {
	found, ok := u.observed.Volumes[v.Name]
	if v.External && !ok {
		return fmt.Errorf("volume %s: declared external, but the engine has none of this name: %w", v.Name, engine.ErrNotFound)
	}
	if v.External || !ok || found.Recorded == nil || found.Adopted && found.Labels[engine.LabelProject] != u.desired.Name {
		return nil
	}
	was, want := adoptedVolume(found, v), v
	was.Labels, want.Labels = nil, nil
	if reasons := changes(was, want); len(reasons) > 0 {
		return &DataLossError{Volume: v.Name, Reason: reasons[0].String()}
	}
	return nil
}

// checkLenders finds the services that need a container of another one that is
// to have none.
func (u *up) checkLenders(s spec.Service) []error {
	var errs []error
	for _, name := range sortedKeys(s.DependsOn) {
		other, ok := u.desired.Services[name]
		needs := s.DependsOn[name].Namespace || u.lendsVolumes(s, name)
		if ok && needs && u.replicas(s) > 0 && u.replicas(other) == 0 {
			errs = append(errs, fmt.Errorf("service %s: it needs a container of service %s, which is to have no replica", s.Name, name))
		}
	}
	return errs
}

func (u *up) checkContainers(s spec.Service) []error {
	var errs []error
	if err := u.checkFeatures(s); err != nil {
		errs = append(errs, err)
	}
	for n := 1; n <= u.replicas(s); n++ {
		name := u.containerName(s, n)
		for _, f := range u.observed.Foreign {
			if f.Name == name {
				errs = append(errs, &ConflictError{Object: "container name", Name: name, Holder: owner(f.Project), Hint: "remove or rename that container, or choose another project name with -p"})
			}
			errs = append(errs, portConflicts(s, f)...)
		}
	}
	return errs
}

// checkFeatures refuses what the engine is too old for.
func (u *up) checkFeatures(s spec.Service) error {
	main := append(byPriority(s.Container.Networks), "")[0]
	if err := engine.CheckContainer(s.Container, main, u.observed.API); err != nil && u.replicas(s) > 0 {
		return fmt.Errorf("service %s: %w", s.Name, err)
	}
	return nil
}

// portConflicts are the fixed host ports of s that a container outside the
// project holds.
func portConflicts(s spec.Service, f engine.Foreign) []error {
	var errs []error
	for _, b := range fixedPorts(s.Container) {
		for _, p := range f.Ports {
			if b.clash(p) {
				errs = append(errs, &ConflictError{Object: "host port", Name: b.String(), Holder: "container " + f.Name, Hint: fmt.Sprintf("service %s publishes it: stop that container, or publish another port", s.Name)})
			}
		}
	}
	return errs
}

// A ConflictError says that the stack needs a name or a port that something
// else holds. Nothing has been touched.
type ConflictError struct{ Object, Name, Holder, Hint string }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s %s: held by %s", e.Object, e.Name, e.Holder)
}

// A DataLossError says that only removing a volume would do what the file asks.
type DataLossError struct{ Volume, Reason string }

func (e *DataLossError) Error() string {
	return fmt.Sprintf("volume %s: %s: the engine cannot change a volume, and making it anew would lose what is in it", e.Volume, e.Reason)
}
