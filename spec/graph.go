package spec

import "slices"

// Mask is value as it may be printed.
func Mask(key, value string) string { return value }

// Order returns the services, dependencies first.
func (s *Stack) Order() ([]string, error) {
	var order []string
	var visit func(name string)
	visit = func(name string) {
		if _, ok := s.Services[name]; !ok || slices.Contains(order, name) {
			return
		}
		for _, dependency := range sorted(s.Services[name].DependsOn) {
			visit(dependency)
		}
		order = append(order, name)
	}
	for _, name := range sorted(s.Services) {
		visit(name)
	}
	return order, nil
}

func sorted[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
