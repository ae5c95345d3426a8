//go:build e2e

package docker

import (
	"encoding/json"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

func network2(project, name string) engine.CreateNetwork {
	n := spec.Network{Name: project + "_" + name}
	if name == "fixed" {
		n.IPAM.Config = []spec.Pool{{Subnet: "10.213.7.0/24"}}
	}
	definition, _ := json.Marshal(n)
	return engine.CreateNetwork{Definition: n, Labels: map[string]string{
		engine.LabelProject: project, engine.LabelDefinition: string(definition),
	}}
}

func TestWhatNobodyTouchedIsObservedAsRecorded(t *testing.T) {
	e := realEngine(t)
	p := project(t, e)
	for _, name := range []string{"a", "fixed"} {
		must(t, e.CreateNetwork(t.Context(), network2(p, name)))
		must(t, e.CreateNetwork(t.Context(), network2(p, name))) // again: the same definition
	}
	value := "x"
	op := creating(t, p, "full", spec.Container{
		Env: map[string]*string{"A": &value, "B": nil}, Restart: "on-failure:3",
		CPUs: 500_000_000, CPUShares: 512, CPUSet: "0", Memory: 64 << 20, MemoryReserve: 32 << 20, PidsLimit: 50, BlkioWeight: 300,
		Networks: map[string]spec.Endpoint{
			p + "_a":     {Aliases: []string{"full", "other"}, DriverOpts: map[string]string{"x": "y"}},
			p + "_fixed": {Aliases: []string{"full"}, IPv4: "10.213.7.9", Priority: 7},
		},
		Ports: map[string][]string{"80/tcp": {""}, "81/tcp": {"127.0.0.1:"}}, Expose: []string{"90/udp"},
		Mounts: map[string]spec.Mount{"/anon": {Type: "volume"}},
	})
	check := func(when string) {
		t.Helper()
		s, err := e.Snapshot(t.Context(), engine.Query{Project: p})
		must(t, err)
		if len(s.Containers) != 1 {
			t.Fatalf("%s: %d containers", when, len(s.Containers))
		}
		want, _ := json.MarshalIndent(op.Definition, "", " ")
		recorded, _ := json.MarshalIndent(s.Containers[0].Recorded, "", " ")
		observed, _ := json.MarshalIndent(s.Containers[0].Observed, "", " ")
		if string(want) != string(recorded) || string(want) != string(observed) {
			t.Errorf("%s: asked for\n%s\nrecorded\n%s\nobserved\n%s", when, want, recorded, observed)
		}
		if len(s.Containers[0].Anonymous) != 1 {
			t.Errorf("%s: anonymous volumes: %v", when, s.Containers[0].Anonymous)
		}
		t.Logf("%s: ports %v, networks %v", when, s.Containers[0].Ports, s.Networks[p+"_a"].Members)
	}
	out, err := e.CreateContainer(t.Context(), op)
	must(t, err)
	t.Log(out.Warnings)
	must(t, e.ConnectNetwork(t.Context(), engine.ConnectNetwork{Network: p + "_fixed", Container: op.Name, Endpoint: op.Definition.Networks[p+"_fixed"]}))
	check("created")
	must(t, e.StartContainer(t.Context(), engine.StartContainer{Name: op.Name}))
	check("running")
	must(t, e.StopContainer(t.Context(), engine.StopContainer{Name: op.Name}))
	check("stopped")
}
