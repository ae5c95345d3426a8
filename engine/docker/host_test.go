package docker

import (
	"reflect"
	"testing"

	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/api/types/system"

	"github.com/stackfile/stack/engine"
)

func TestTheFactsOfAHost(t *testing.T) {
	info := system.Info{
		ID: "I", Name: "big", OSType: "linux", Architecture: "x86_64", Labels: []string{"disk=ssd"}, NCPU: 2, MemTotal: 7,
		GenericResources: []swarm.GenericResource{
			{DiscreteResourceSpec: &swarm.DiscreteGenericResource{Kind: "slots", Value: 3}},
			{NamedResourceSpec: &swarm.NamedGenericResource{Kind: "gpu", Value: "a"}},
			{NamedResourceSpec: &swarm.NamedGenericResource{Kind: "gpu", Value: "b"}},
		},
	}
	labels := map[string]string{"disk": "ssd"}
	want := engine.Host{
		ID: "I", Hostname: "big", OS: "linux", Arch: "amd64", Labels: labels, NodeLabels: labels, CPUs: 2e9, Memory: 7,
		Generic: map[string]int64{"slots": 3, "gpu": 2},
	}
	if got := readHost(info); !reflect.DeepEqual(got, want) {
		t.Errorf("alone:\n%+v\nwant\n%+v", got, want)
	}
	info.Swarm = swarm.Info{NodeID: "N", NodeAddr: "10.0.0.7"}
	want.ID, want.Address, want.Worker, want.NodeLabels = "N", "10.0.0.7", true, nil
	if got := readHost(info); !reflect.DeepEqual(got, want) {
		t.Errorf("in a swarm:\n%+v\nwant\n%+v", got, want)
	}
}
