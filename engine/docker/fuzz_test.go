package docker

import (
	"encoding/json"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// Whatever the labels of an inspected container hold, it decodes or is an
// error; one whose definition cannot be read counts as made by somebody else.
func FuzzDecode(f *testing.F) {
	label, err := engine.EncodeDefinition(spec.Container{
		Image: "db", Restart: "on-failure:3", Memory: 1 << 20, MemorySwap: -1, PidsLimit: -1,
		Networks: map[string]spec.Endpoint{"p_default": {Aliases: []string{"db"}, IPv4: "10.0.0.2"}}, Mounts: map[string]spec.Mount{"/data": {Type: "volume"}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(label, `{"/data":"x"}`, "1", "False", "sha256:0", `{"NetworkSettings":{"Networks":{"p_default":{"Aliases":["db"],"IPAMConfig":{"IPv4Address":"10.0.0.3"}}}},"HostConfig":{"RestartPolicy":{"Name":"always"}}}`)
	f.Add(`{"v":1}`, `[]`, "999999999999999999999", "true", "", `{"Mounts":[{"Type":"volume","Name":"x","Destination":"/data"}],"NetworkSettings":{"Ports":{"80/tcp":[{"HostPort":"70000"}],"x":null}}}`)
	f.Fuzz(func(t *testing.T, definition, carried, number, oneOff, id, rest string) {
		c := container.InspectResponse{ContainerJSONBase: &container.ContainerJSONBase{}}
		_ = json.Unmarshal([]byte(rest), &c) // what cannot be read stays empty
		complete(&c)
		c.ID, c.Config = id, &container.Config{Labels: map[string]string{
			engine.LabelDefinition: definition, engine.LabelAnonymous: carried, engine.LabelNumber: number, engine.LabelOneOff: oneOff,
		}}
		out, err := decodeContainer(c)
		if err == nil && (out.Recorded == nil) != (out.Observed == nil) {
			t.Fatalf("recorded %+v, observed %+v", out.Recorded, out.Observed)
		}
		n, errN := decodeNetwork(network.Summary{Labels: c.Config.Labels}, nil)
		v, errV := decodeVolume(&volume.Volume{Labels: c.Config.Labels})
		if errN == nil && n.Recorded == nil || errV == nil && v.Recorded == nil {
			t.Fatalf("network %+v, volume %+v: the label is lost", n, v)
		}
	})
}

// complete gives an inspect the parts that every engine answers with.
func complete(c *container.InspectResponse) {
	if c.ContainerJSONBase == nil {
		c.ContainerJSONBase = &container.ContainerJSONBase{}
	}
	if c.State == nil {
		c.State = &container.State{}
	}
	if c.HostConfig == nil {
		c.HostConfig = &container.HostConfig{}
	}
	if c.NetworkSettings == nil {
		c.NetworkSettings = &container.NetworkSettings{}
	}
}
