package stack

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
)

// Selection says which containers of a project are meant. The zero value means
// all of them but one-off ones.
type Selection struct {
	Services []string // empty: all
	Index    int      // only this replica; 0: all
	OneOff   bool     // those made by run, too
}

// Containers returns the project's containers by service and number. A service
// that neither the file nor any container knows is an *UnknownServiceError.
func Containers(ctx context.Context, r engine.Reader, p Project, sel Selection) ([]engine.Container, error) {
	observed, err := look(ctx, r, p.query(), nil)
	if err != nil {
		return nil, err
	}
	return p.selected(observed.Containers, sel)
}

func (p Project) selected(all []engine.Container, sel Selection) ([]engine.Container, error) {
	if err := p.known(all, sel.Services); err != nil {
		return nil, err
	}
	var out []engine.Container
	for _, c := range all {
		if sel.has(c) {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b engine.Container) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

func (s Selection) has(c engine.Container) bool {
	return (len(s.Services) == 0 || slices.Contains(s.Services, c.Service)) &&
		(s.Index == 0 || s.Index == c.Number) &&
		(s.OneOff || !c.OneOff)
}

// known holds the names of services to the file, or to the containers.
func (p Project) known(all []engine.Container, names []string) error {
	var unknown []string
	for _, name := range names {
		inFile := p.Desired != nil && p.Desired.Declares(name)
		if !inFile && !slices.ContainsFunc(all, func(c engine.Container) bool { return c.Service == name }) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return &UnknownServiceError{Project: p.Name, Services: unknown}
	}
	return nil
}

// Active are the services that a command is for when none is named: those of the
// file that are in an active profile, sorted. ok is false without a file: then it
// is for all.
func (p Project) Active() (services []string, ok bool) {
	if p.Desired == nil {
		return nil, false
	}
	return slices.Sorted(maps.Keys(p.Desired.Services)), true
}

func (p Project) has(service string) bool {
	_, ok := p.Desired.Services[service]
	return ok
}

// Orphan reports whether the container belongs to no service of the file.
// Without a file nothing is an orphan.
func (p Project) Orphan(c engine.Container) bool {
	return p.Desired != nil && !p.has(c.Service) && !slices.Contains(p.Desired.Inactive, c.Service)
}

// Running returns the container of a service that a command like exec means: the
// replica with that number, or the first that runs when index is 0.
func Running(ctx context.Context, r engine.Reader, p Project, service string, index int) (engine.Container, error) {
	list, err := Containers(ctx, r, p, Selection{Services: []string{service}, Index: index})
	if err != nil {
		return engine.Container{}, err
	}
	for _, c := range list {
		if c.Status == engine.StatusRunning {
			return c, nil
		}
	}
	return engine.Container{}, &NotRunningError{Service: service, Index: index, Found: list}
}

// An UnknownServiceError names services that are not there.
type UnknownServiceError struct {
	Project  string
	Services []string
}

func (e *UnknownServiceError) Error() string {
	return fmt.Sprintf("no such service: %s", strings.Join(e.Services, ", "))
}

// A NotRunningError says that a service has no container that runs.
type NotRunningError struct {
	Service string
	Index   int                // 0 when any replica would do
	Found   []engine.Container // those that do not run
}

func (e *NotRunningError) Error() string {
	what := fmt.Sprintf("service %s", e.Service)
	if e.Index > 0 {
		what = fmt.Sprintf("service %s, replica %d", e.Service, e.Index)
	}
	if len(e.Found) == 0 {
		return what + ": no container"
	}
	return fmt.Sprintf("%s: not running: %s is %s", what, e.Found[0].Name, e.Found[0].Status)
}
