//go:build e2e

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What the tests stand on is held to its promise too: a wire that lets nothing
// through, or sees nothing, would make them all pass or all fail.
func TestTheWireHandsOnAndRecords(t *testing.T) {
	s := newSandbox(t, "")
	client := func(args ...string) string {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		cmd := exec.CommandContext(ctx, "docker", args...)
		cmd.Env = append(os.Environ(), "DOCKER_HOST="+s.wire.host)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("docker %q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	name := s.name + "-x"
	client("run", "-d", "--name", name, "--label", "dev.stack.e2e="+s.name, probeImage)
	if n := len(filter(s.wire.since(0), call.mutates)); n != 2 {
		t.Errorf("create and start were %d changing calls: %v", n, s.wire.since(0))
	}
	before := len(s.wire.since(0))
	if got := client("exec", name, "/probe", "say", "hello"); got != "hello\n" {
		t.Errorf("exec said %q", got)
	}
	if got := client("logs", name); !strings.Contains(got, "serving") {
		t.Errorf("logs said %q", got)
	}
	if m := filter(s.wire.since(before), call.mutates); len(m) > 0 || len(filter(s.wire.since(before), call.probes)) != 2 {
		t.Errorf("exec and logs were %v", s.wire.since(before))
	}
}

// A fault that does not happen would let every test of faults pass.
func TestFaultsHappenAsNamed(t *testing.T) {
	w := newWire(t)
	a := apiOf(t, w.host)
	killed := 0
	for name, want := range map[string]string{
		"killed before": "EOF", "killed after": "EOF", "dropped before": "EOF", "dropped after": "EOF", "delayed": "<nil>, JSON",
		"500": "500 Internal Server Error", "503": "503 Service Unavailable", "garbage": "<nil>, no JSON", "truncated": "unexpected EOF",
	} {
		f := faults[slices.IndexFunc(faults, func(f fault) bool { return f.name == name })]
		w.meddle(func(x *exchange) { x.meet(f, func() { killed++ }) })
		text, err := a.try(http.MethodPost, "/containers/"+name+"/stop", nil, nil) // posted: a read would be tried again
		if strings.HasSuffix(want, "JSON") || name == "truncated" {
			text, err = a.try(http.MethodGet, "/version", nil, nil)
		}
		got := fmt.Sprint(err)
		if err == nil {
			got += map[bool]string{true: ", JSON", false: ", no JSON"}[json.Valid(text)]
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if killed != 2 {
		t.Errorf("killed %d times, want 2", killed)
	}
}
