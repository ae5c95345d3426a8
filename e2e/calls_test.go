//go:build e2e

package e2e_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// tens is a stack of ten services that know nothing of each other.
func tens() string {
	var b strings.Builder
	b.WriteString("-- stack.yaml --\nservices:\n")
	for i := range 10 {
		fmt.Fprintf(&b, "  s%d: {image: \"${PROBE}\", init: true}\n", i)
	}
	return b.String()
}

// counted are calls by their kinds, the names of objects left out.
func counted(calls []call) map[string]int {
	out := map[string]int{}
	for _, c := range calls {
		kind := c.String()
		for _, lead := range []string{"/containers/", "/images/", "/volumes/", "/networks/"} {
			if rest, ok := strings.CutPrefix(c.path, lead); ok && rest != "json" && rest != "create" {
				_, act, _ := strings.Cut(rest, "/")
				kind = strings.TrimSuffix(c.method+" "+lead+"*/"+act, "/")
			}
		}
		out[kind]++
	}
	return out
}

// The engine is called no more often than it must be.
func TestTheEngineIsCalledNoMoreThanNeeded(t *testing.T) {
	s := newSandbox(t, tens())
	if calls := s.run("up", "-d").calls; len(calls) > 2*10+16 {
		t.Errorf("to start ten services it is called %d times: %v", len(calls), counted(calls))
	}
	looks := map[string]int{
		"HEAD /_ping": 1, "GET /containers/json": 1, "GET /networks": 1, "GET /volumes": 1,
		"GET /containers/*/json": 10, "GET /images/*/json": 1,
	}
	for _, args := range [][]string{{"up", "-d"}, {"plan"}} {
		if calls := counted(s.run(args...).calls); !maps.Equal(calls, looks) {
			t.Errorf("%s with nothing to do: %v", args[0], calls)
		}
	}
	for _, args := range [][]string{{"version"}, {"config", "-q"}, {"--help"}} {
		if calls := s.run(args...).calls; len(calls) > 0 {
			t.Errorf("%s asks the engine: %v", args[0], calls)
		}
	}
	calls := s.run("down").calls
	kinds := counted(calls)
	if kinds["POST /containers/*/stop"] != 10 || kinds["DELETE /containers/*"] != 10 || len(calls) > 2*10+10+16 {
		t.Errorf("to stop ten services it is called %d times: %v", len(calls), kinds)
	}
}
