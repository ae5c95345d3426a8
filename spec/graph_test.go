package spec

import (
	"errors"
	"reflect"
	"testing"
)

func stackOf(edges map[string][]string) *Stack {
	s := &Stack{Services: map[string]Service{}}
	for name, targets := range edges {
		service := Service{Name: name, DependsOn: map[string]Dependency{}}
		for _, target := range targets {
			service.DependsOn[target] = Dependency{Condition: Started}
		}
		s.Services[name] = service
	}
	return s
}

func TestOrderPutsDependenciesFirst(t *testing.T) {
	s := stackOf(map[string][]string{
		"web": {"api", "cache"}, "api": {"db"}, "db": nil, "cache": nil, "alone": nil, "tool": {"gone"},
	})
	want := []string{"alone", "db", "api", "cache", "tool", "web"}
	for range 20 {
		got, err := s.Order()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, %v, want %v", got, err, want)
		}
	}
}

func TestOrderNamesTheCycle(t *testing.T) {
	s := stackOf(map[string][]string{"start": {"b"}, "b": {"c"}, "c": {"d"}, "d": {"b"}})
	_, err := s.Order()
	var cycle *CycleError
	if !errors.As(err, &cycle) || !reflect.DeepEqual(cycle.Path, []string{"b", "c", "d", "b"}) {
		t.Fatalf("got %v", err)
	}
	if want := "dependency cycle: b -> c -> d -> b"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestClosures(t *testing.T) {
	s := stackOf(map[string][]string{"web": {"api"}, "api": {"db"}, "db": {"gone"}, "other": {"db"}, "alone": nil})
	for _, c := range []struct {
		name      string
		got, want []string
	}{
		{"dependents of db", s.Dependents("db"), []string{"api", "other", "web"}},
		{"dependents of web", s.Dependents("web"), nil},
		{"web with dependencies", s.WithDependencies("web"), []string{"api", "db", "web"}},
		{"two with dependencies", s.WithDependencies("alone", "other"), []string{"alone", "db", "other"}},
		{"nothing with dependencies", s.WithDependencies("gone"), nil},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
}
