package enginetest

import (
	"encoding/json"
	"slices"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

func networks() map[string]func(*suite) {
	return map[string]func(*suite){
		"Network":                network,
		"NetworkNameTaken":       networkTaken,
		"NetworkInUse":           networkInUse,
		"ResourcesOfAnotherTool": foreignResources,
		"Connect":                connect,
		"NetworkMadeAnew":        networkMadeAnew,
		"ConnectWithAddress":     connectWithAddress,
		"ConnectMissing":         connectMissing,
	}
}

func volumes() map[string]func(*suite) {
	return map[string]func(*suite){
		"Volume":          volume,
		"VolumeNameTaken": volumeTaken,
		"VolumeInUse":     volumeInUse,
		"VolumeOnce":      volumeOnce,
		"VolumesWith":     volumesWith,
		"WatchVolume":     watchVolume,
	}
}

func (s *suite) networkOp(n spec.Network) engine.CreateNetwork {
	s.Helper()
	return engine.CreateNetwork{Definition: n, Labels: s.labels(map[string]string{engine.LabelNetwork: n.Name, engine.LabelDefinition: s.encode(n)})}
}

func (s *suite) volumeOp(v spec.Volume) engine.CreateVolume {
	s.Helper()
	return engine.CreateVolume{Definition: v, Labels: s.labels(map[string]string{engine.LabelVolume: v.Name, engine.LabelDefinition: s.encode(v)})}
}

func (s *suite) encode(v any) string {
	s.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		s.Fatal(err)
	}
	return string(text)
}

// network makes a network of the project, and returns its name.
func (s *suite) network(key string) string {
	s.Helper()
	name := s.project + "_" + key
	s.clean(engine.RemoveNetwork{Name: name})
	s.ok(s.networkOp(spec.Network{Name: name, Labels: map[string]string{"org.example.key": key}}))
	return name
}

// volume makes a volume of the project, and returns its name.
func (s *suite) volume(key string) string {
	s.Helper()
	name := s.project + "_" + key
	s.clean(engine.RemoveVolume{Name: name})
	s.ok(s.volumeOp(spec.Volume{Name: name}))
	return name
}

func network(s *suite) {
	n := spec.Network{Name: s.project + "_net", Internal: true, Labels: map[string]string{"org.example.owner": "us"}}
	s.clean(engine.RemoveNetwork{Name: n.Name})
	s.twice(s.networkOp(n))
	for _, state := range []engine.State{s.snapshot(), s.read(engine.Query{Project: "none-such", Networks: []string{n.Name}})} {
		found := state.Networks[n.Name]
		if found.ID == "" || found.Driver != "bridge" || found.Labels[engine.LabelProject] != s.project {
			s.Errorf("got %+v", found)
		}
		s.same("recorded", found.Recorded, n)
	}
	if _, ok := s.read(engine.Query{Project: "none-such"}).Networks[n.Name]; ok {
		s.Error("the network is in the snapshot of another project")
	}
	s.twice(engine.RemoveNetwork{Name: n.Name})
	if _, ok := s.snapshot().Networks[n.Name]; ok {
		s.Error("it is still there")
	}
}

// foreignResources: what a network and a volume without our label were made from is
// read back from them, if they are of a project.
func foreignResources(s *suite) {
	n := spec.Network{Name: s.project + "_net", Internal: true, Labels: map[string]string{"org.example.owner": "us"}}
	v := spec.Volume{Name: s.project + "_data"}
	s.clean(engine.RemoveNetwork{Name: n.Name})
	s.clean(engine.RemoveVolume{Name: v.Name})
	network, volume := s.networkOp(n), s.volumeOp(v)
	delete(network.Labels, engine.LabelDefinition)
	delete(volume.Labels, engine.LabelDefinition)
	network.Labels["org.example.owner"] = "us"
	s.ok(network)
	s.ok(volume)
	state := s.snapshot()
	if got := state.Networks[n.Name]; !got.Adopted || got.Recorded == nil || !got.Recorded.Internal || got.Recorded.Attachable || got.Recorded.Driver != "bridge" {
		s.Errorf("network: got %+v", got)
	}
	if got := state.Volumes[v.Name]; !got.Adopted || got.Recorded == nil || got.Recorded.Driver != "local" || len(got.Recorded.DriverOpts) > 0 {
		s.Errorf("volume: got %+v", got)
	}
}

func networkTaken(s *suite) {
	s.fails(s.networkOp(spec.Network{Name: s.network("net"), Internal: true}), engine.ErrConflict)
}

// networkInUse: a running member keeps a network; a stopped one does not show.
func networkInUse(s *suite) {
	net := s.network("net")
	c := s.definition()
	c.Networks = map[string]spec.Endpoint{net: {}}
	running := s.start("running", c)
	stopped := s.start("stopped", c)
	s.ok(engine.StopContainer{Name: stopped})
	if members := s.snapshot().Networks[net].Members; !slices.Equal(members, []string{running}) {
		s.Errorf("members: %v", members)
	}
	s.fails(engine.RemoveNetwork{Name: net}, engine.ErrConflict)
	s.ok(engine.RemoveContainer{Name: running})
	s.ok(engine.RemoveContainer{Name: stopped})
	s.ok(engine.RemoveNetwork{Name: net})
}

// connect: an endpoint comes and goes, on a running container and on a stopped
// one, and shows as what is observed.
func connect(s *suite) {
	main, more := s.network("main"), s.network("more")
	was := s.definition()
	was.Networks = map[string]spec.Endpoint{main: {Aliases: []string{"web"}}}
	name := s.start("web", was)
	both := was
	both.Networks = map[string]spec.Endpoint{main: was.Networks[main], more: {Aliases: []string{"api", "web"}}}
	for range 2 {
		s.twice(engine.ConnectNetwork{Network: more, Container: name, Endpoint: both.Networks[more]})
		s.reads(name, was, both)
		s.twice(engine.DisconnectNetwork{Network: more, Container: name})
		s.reads(name, was, was)
		s.ok(engine.StopContainer{Name: name})
	}
	none := was
	none.Networks = nil
	s.ok(engine.DisconnectNetwork{Network: main, Container: name})
	s.reads(name, was, none)
}

// networkMadeAnew: what stopped on a network that is gone is on none, is put on
// its successor, and starts.
func networkMadeAnew(s *suite) {
	net := spec.Network{Name: s.project + "_net"}
	s.clean(engine.RemoveNetwork{Name: net.Name})
	s.ok(s.networkOp(net))
	was := s.definition()
	was.Networks = map[string]spec.Endpoint{net.Name: {Aliases: []string{"web"}}}
	name := s.start("web", was)
	none := was
	none.Networks = nil
	s.ok(engine.StopContainer{Name: name})
	s.ok(engine.RemoveNetwork{Name: net.Name})
	s.reads(name, was, none)
	s.ok(s.networkOp(net))
	s.reads(name, was, none)
	s.twice(engine.ConnectNetwork{Network: net.Name, Container: name, Endpoint: was.Networks[net.Name]})
	s.reads(name, was, was)
	s.ok(engine.StartContainer{Name: name})
	s.reads(name, was, was)
}

func connectWithAddress(s *suite) {
	if s.env.Subnet == "" {
		s.Skip("no subnet is free for it")
	}
	net := spec.Network{Name: s.project + "_net", IPAM: spec.IPAM{Config: []spec.Pool{{Subnet: s.env.Subnet + ".0/24"}}}}
	s.clean(engine.RemoveNetwork{Name: net.Name})
	s.ok(s.networkOp(net))
	was := s.definition()
	was.Networks = map[string]spec.Endpoint{s.network("main"): {}}
	name := s.start("web", was)
	is := was
	is.Networks = map[string]spec.Endpoint{net.Name: {Aliases: []string{"web"}, IPv4: s.env.Subnet + ".77"}}
	s.ok(engine.ConnectNetwork{Network: net.Name, Container: name, Endpoint: is.Networks[net.Name]})
	if observed := s.container(name).Observed; observed == nil || observed.Networks[net.Name].IPv4 != s.env.Subnet+".77" {
		s.Errorf("observed: %+v", observed)
	}
	other := s.start("other", was)
	if _, err := s.try(engine.ConnectNetwork{Network: net.Name, Container: other, Endpoint: is.Networks[net.Name]}); err == nil {
		s.Error("two containers have one address")
	}
}

func connectMissing(s *suite) {
	c := s.definition()
	c.Networks = map[string]spec.Endpoint{s.network("main"): {}}
	net, name := s.network("net"), s.start("web", c)
	none := s.project + "_none"
	s.fails(engine.ConnectNetwork{Network: none, Container: name}, engine.ErrNotFound)
	s.fails(engine.ConnectNetwork{Network: net, Container: none}, engine.ErrNotFound)
	s.ok(engine.DisconnectNetwork{Network: net, Container: name})
	s.ok(engine.DisconnectNetwork{Network: net, Container: none})
}

func volume(s *suite) {
	v := spec.Volume{Name: s.project + "_data", Labels: map[string]string{"org.example.owner": "us"}}
	s.clean(engine.RemoveVolume{Name: v.Name})
	s.twice(s.volumeOp(v))
	for _, state := range []engine.State{s.snapshot(), s.read(engine.Query{Project: "none-such", Volumes: []string{v.Name}})} {
		found := state.Volumes[v.Name]
		if found.Driver != "local" || found.Created.IsZero() || found.Labels[engine.LabelProject] != s.project {
			s.Errorf("got %+v", found)
		}
		s.same("recorded", found.Recorded, v)
	}
	s.twice(engine.RemoveVolume{Name: v.Name})
	if _, ok := s.snapshot().Volumes[v.Name]; ok {
		s.Error("it is still there")
	}
}

func volumeTaken(s *suite) {
	s.fails(s.volumeOp(spec.Volume{Name: s.volume("data"), Labels: map[string]string{"a": "b"}}), engine.ErrConflict)
}

func volumeInUse(s *suite) {
	name := s.volume("data")
	c := s.definition()
	c.Mounts = map[string]spec.Mount{"/data": {Type: "volume", Source: name}}
	container := s.create("web", c)
	s.fails(engine.RemoveVolume{Name: name}, engine.ErrConflict)
	s.ok(engine.RemoveContainer{Name: container, Volumes: true})
	s.ok(engine.RemoveVolume{Name: name})
}
