//go:build e2e

package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// flat are n services that know nothing of each other.
func flat(n int) string {
	var b strings.Builder
	b.WriteString("-- stack.yaml --\nservices:\n")
	for i := range n {
		fmt.Fprintf(&b, "  s%d: {image: \"${PROBE}\"}\n", i)
	}
	return b.String()
}

// tallied counts the calls by their kind: what names an object is left out.
func tallied(calls []call) map[string]int {
	out := map[string]int{}
	for _, c := range calls {
		parts := strings.Split(c.path, "/")
		for i := 2; i < len(parts); i++ {
			switch parts[i] {
			case "json", "create", "start", "stop", "tag":
			default:
				parts[i] = "*"
			}
		}
		out[c.method+" "+strings.Join(parts, "/")]++
	}
	return out
}

// How often the engine is called is a promise, since each call is time: to start
// n services that nothing waits for takes two calls each and 16 more, all that
// look, lock and keep included; to find nothing to do takes the lists and one look
// at each container and each image.
func TestTheEngineIsCalledNoMoreThanItTakes(t *testing.T) {
	const n = 30
	s := newSandbox(t, flat(n))
	s.counts(2*n+16, map[string]int{
		"HEAD /_ping": 1, "GET /containers/json": 3, "GET /networks": 2, "GET /volumes": 2, "GET /images/*/json": 1,
		"GET /events": 1, "POST /volumes/create": 2, "GET /volumes/*": 1, "DELETE /volumes/*": 1,
		"POST /networks/create": 1, "POST /containers/create": n, "POST /containers/*/start": n, "POST /images/*/tag": 1,
	}, "up", "-d")
	s.counts(n+5, map[string]int{
		"HEAD /_ping": 1, "GET /containers/json": 1, "GET /networks": 1, "GET /volumes": 1,
		"GET /containers/*/json": n, "GET /images/*/json": 1,
	}, "up", "-d")
}

// counts holds a run to a number of calls, and to which ones.
func (s *sandbox) counts(most int, want map[string]int, args ...string) {
	s.t.Helper()
	r := s.run(args...)
	got := tallied(r.calls)
	if len(r.calls) > most || !maps.Equal(got, want) {
		s.t.Errorf("stack %s: %d calls, at most %d are promised", strings.Join(args, " "), len(r.calls), most)
		for _, kind := range slices.Sorted(maps.Keys(got)) {
			s.t.Errorf("  %d %s, want %d", got[kind], kind, want[kind])
		}
	}
}
