package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// Files of the kinds that people have; what comes of them on one line a thing.
func TestRealFilesLoad(t *testing.T) {
	for _, s := range scenarios(t, "real/*.txtar") {
		t.Run(s.name(), func(t *testing.T) {
			s.prepare(t)
			s.compare(t, summary(t, s.mustLoad(t)))
		})
	}
}

func summary(t *testing.T, s *Stack) string {
	t.Helper()
	order, err := s.Order()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintln(&b, "stack", s.Name)
	for _, name := range order {
		service := s.Services[name]
		c := service.Container
		fmt.Fprintf(&b, "service %s: %d x %s", name, service.Replicas, c.Image)
		for _, port := range slices.Sorted(maps.Keys(c.Ports)) {
			fmt.Fprintf(&b, ", port %s at %q", port, c.Ports[port])
		}
		for _, target := range slices.Sorted(maps.Keys(c.Mounts)) {
			fmt.Fprintf(&b, ", %s %s on %s", c.Mounts[target].Type, c.Mounts[target].Source, target)
		}
		fmt.Fprintf(&b, ", networks %v, %d variables, %d labels, after %v, restart %q, job %v\n",
			slices.Sorted(maps.Keys(c.Networks)), len(c.Env), len(c.Labels), slices.Sorted(maps.Keys(service.DependsOn)), c.Restart, service.Job)
	}
	fmt.Fprintln(&b, "inactive", s.Inactive)
	for _, w := range s.Warnings {
		fmt.Fprintln(&b, "warning", w)
	}
	return b.String()
}
