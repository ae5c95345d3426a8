package stack

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stackfile/stack/spec"
	"github.com/stackfile/stack/watch"
)

// ErrNoWatch says that no service has a develop section.
var ErrNoWatch = errors.New("none of the services has a develop section with watch")

// choose finds the rules of the services that are meant, and looks whether they
// make sense.
func (w *Watch) choose() (out []watch.Rule, err error) {
	desired := w.project.Desired
	var findings []spec.Finding
	for _, name := range w.opts.Services {
		if _, ok := desired.Services[name]; !ok {
			return nil, &UnknownServiceError{Project: desired.Name, Services: []string{name}}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(desired.Services)) {
		if len(w.opts.Services) > 0 && !slices.Contains(w.opts.Services, name) {
			continue
		}
		for i, rule := range desired.Services[name].Watch {
			if text, hint := nonsense(desired.Services[name], rule); text != "" {
				findings = append(findings, findingOf(name, i, rule, text, hint))
				continue
			}
			w.rules = append(w.rules, developRule{name, rule})
		}
	}
	switch {
	case len(findings) > 0:
		return nil, &spec.FileError{Findings: findings}
	case len(w.rules) == 0:
		return nil, ErrNoWatch
	}
	return w.filters()
}

func findingOf(service string, i int, rule spec.Watch, text, hint string) spec.Finding {
	return spec.Finding{
		File: rule.Position.File, Line: rule.Position.Line, Column: rule.Position.Column,
		Field: fmt.Sprintf("services.%s.develop.watch[%d]", service, i), Message: text, Hint: hint,
	}
}

// nonsense says why a rule cannot be followed; "" when it can.
func nonsense(s spec.Service, rule spec.Watch) (text, hint string) {
	_, err := os.Lstat(rule.Path)
	switch {
	case err != nil:
		return fmt.Sprintf("path %s: %v", rule.Path, errors.Unwrap(err)), "make it, or name another one"
	case rule.Action == spec.Rebuild && s.Build == nil:
		return "action rebuild: the service has no build section", "use sync, restart or sync+restart"
	case rule.Action.Syncs() && !strings.HasPrefix(rule.Target, "/"):
		return fmt.Sprintf("target %q: not an absolute path", rule.Target), "say where the files are in the container, such as /app"
	case rule.Action == spec.SyncExec && len(rule.Exec.Command) == 0:
		return "action sync+exec: no exec.command", "say which command, or use sync"
	}
	return "", ""
}

// filters are the rules as package watch has them.
func (w *Watch) filters() (out []watch.Rule, err error) {
	for _, rule := range w.rules {
		filter := watch.Rule{Path: rule.Path, Include: rule.Include, Ignore: rule.Ignore}
		if b := w.project.Desired.Services[rule.service].Build; b != nil && filepath.IsAbs(b.Context) {
			filter.Context = b.Context
			if filter.Excluded, err = b.Ignored(); err != nil {
				return nil, fmt.Errorf("service %s: .dockerignore: %w", rule.service, err)
			}
		}
		out = append(out, filter)
	}
	return out, nil
}

// Bound returns the rules that copy what the container has bound already, as
// findings: the file changes there by itself.
func (w *Watch) Bound() (out []spec.Finding) {
	for i, rule := range w.rules {
		for target, m := range w.project.Desired.Services[rule.service].Container.Mounts {
			if rule.Action.Syncs() && m.Type == "bind" && within(target, rule.Target) {
				out = append(out, findingOf(rule.service, i, rule.Watch, "the container has "+target+" bound from this machine: a sync into it writes there", ""))
			}
		}
	}
	return out
}

// within reports whether a path of a container is a folder or below it.
func within(dir, path string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}
