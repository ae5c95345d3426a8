package docker

import (
	"reflect"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/system"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// all is a definition in which each field has a value.
func all() spec.Container {
	limit := int64(60)
	return spec.Container{
		Image: "web:1", Platform: "linux/amd64", Command: &[]string{"serve"}, Entrypoint: &[]string{"/bin/run"},
		Env: map[string]*string{"LEVEL": ptr("debug"), "OFIMAGE": nil}, Labels: map[string]string{"who": "us"},
		WorkingDir: "/srv", User: "1000:1000", GroupAdd: []string{"5"}, Hostname: "the-web", DomainName: "example.org",
		Init: ptr(true), Tty: true, StdinOpen: true, StopSignal: "SIGINT", Runtime: "crun",
		Annotations: map[string]string{"a": "b"}, Isolation: "process",
		Healthcheck: &spec.Healthcheck{Test: []string{"CMD", "ok"}, Interval: 5, Timeout: 6, StartPeriod: 7, StartInterval: 8, Retries: 9},
		Logging:     &spec.Logging{Driver: "syslog", Options: map[string]string{"tag": "x"}},
		Ports:       map[string][]string{"80/tcp": {"127.0.0.1:8080", "8081"}, "53/udp": {""}}, Expose: []string{"9000/tcp"},
		Networks: map[string]spec.Endpoint{"p_one": {
			Aliases: []string{"api", "web"}, IPv4: "10.0.0.9", IPv6: "fd00::9", LinkLocalIPs: []string{"169.254.1.1"},
			DriverOpts: map[string]string{"o": "p"}, Links: []string{"db:database"}, GwPriority: 3,
		}},
		DNS: []string{"10.0.0.53"}, DNSSearch: []string{"example.org"}, DNSOptions: []string{"ndots:2"},
		ExtraHosts: []string{"peer:10.0.0.1"}, Links: []string{"other:alias"},
		Mounts: map[string]spec.Mount{
			"/data": {Type: "volume", Source: "p_data", NoCopy: true}, "/anon": {Type: "volume"},
			"/bound": {Type: "bind", Source: "/host", ReadOnly: true, Propagation: "rslave", SELinux: "z"},
			"/deep":  {Type: "bind", Source: "/host", NoCreate: true, Recursive: "disabled"},
			"/part":  {Type: "volume", Source: "p_data", Subpath: "below", Labels: map[string]string{"l": "m"}},
			"/quick": {Type: "tmpfs", TmpfsSize: 1 << 20, TmpfsMode: 0o755},
		},
		Tmpfs: map[string]string{"/tmp": "size=1m"}, VolumesFrom: []string{"container:lender:ro"},
		Files: map[string]spec.File{"/f": {}}, Inputs: map[string]string{"/i": ""},
		Devices: map[string]string{"/dev/null:/dev/mine": "rwm"}, CgroupRules: []string{"c 1:3 mr"},
		Requests: []spec.DeviceRequest{{Driver: "nvidia", Count: -1, IDs: []string{"0"}, Capabilities: []string{"gpu"}, Options: map[string]string{"x": "y"}}},
		CapAdd:   []string{"NET_ADMIN"}, CapDrop: []string{"ALL"}, Privileged: true, ReadOnly: true,
		SecurityOpt: []string{"no-new-privileges:true"}, Sysctls: map[string]string{"net.core.somaxconn": "1"},
		Ulimits: map[string]spec.Ulimit{"nofile": {Soft: 1, Hard: 2}}, Userns: "host", UTS: "host", PID: "host", IPC: "shareable",
		Cgroup: "private", CgroupParent: "/p", StorageOpt: map[string]string{"size": "1g"},
		NetworkMode: "", Restart: "on-failure:3", CPUs: 5, CPUShares: 6, CPUQuota: 7, CPUPeriod: 8, CPURTRuntime: 9, CPURTPeriod: 10,
		CPUSet: "0", Memory: 1 << 20, MemorySwap: 3 << 20, MemoryReserve: 1 << 19, PidsLimit: 11, BlkioWeight: 12,
		MemorySwappiness: &limit, OOMKillDisable: true, OOMScoreAdj: 13, ShmSize: 14, CPUCount: 15, CPUPercent: 16,
		Blkio: &spec.Blkio{
			WeightDevice: map[string]uint64{"/d": 1}, ReadBps: map[string]uint64{"/d": 2}, WriteBps: map[string]uint64{"/d": 3},
			ReadIOps: map[string]uint64{"/d": 4}, WriteIOps: map[string]uint64{"/d": 5},
		},
	}
}

// untoldFields are those of which an inspect says nothing; see readBack.
var untoldFields = map[string]string{
	"Platform":    "the image's counts",
	"Files":       "read from the container, see filesAt",
	"Inputs":      "of what is bound, looked at by the planner",
	"NetworkMode": "excludes networks; TestNamespacesAreReadBack",
}

// TestReadingBackIsTheInverseOfAsking holds adoption to every field: what is
// asked of the engine is read back from the engine's words as it was asked for.
func TestReadingBackIsTheInverseOfAsking(t *testing.T) {
	asked := all()
	for field, value := range reflect.ValueOf(asked).Fields() {
		if value.IsZero() && untoldFields[field.Name] == "" {
			t.Errorf("%s has no value to be read back", field.Name)
		}
	}
	got := reading(t, engine.CreateContainer{Name: "p-web-1", Definition: asked, Connect: []string{"p_one"}, VolumesFrom: []string{"lender-id:ro"}}).container()
	asked.Platform, asked.Files, asked.Inputs = "", nil, nil
	// What is of one container stands with its networks there, and the engine
	// does not tell of a mount that it may make.
	e := asked.Networks["p_one"]
	e.Links, asked.Links = []string{"db:database", "other:alias"}, nil
	asked.Networks["p_one"] = e
	deep := asked.Mounts["/deep"]
	deep.NoCreate = false
	asked.Mounts["/deep"] = deep
	if text(t, got) != text(t, asked) {
		t.Errorf("read back:\n%s\nasked:\n%s", text(t, got), text(t, asked))
	}
}

// reading is what an engine would say of a container that op has made.
func reading(t *testing.T, op engine.CreateContainer) readBack {
	t.Helper()
	c, err := convert(op, "1.49")
	if err != nil {
		t.Fatal(err)
	}
	env := c.Config.Env[:0]
	for _, line := range c.Config.Env {
		if line != "OFIMAGE" {
			env = append(env, line)
		}
	}
	c.Config.Env = env
	found := container.InspectResponse{
		ContainerJSONBase: &container.ContainerJSONBase{ID: "0123456789abcdef", Name: "/" + op.Name, HostConfig: c.Host},
		Config:            c.Config, NetworkSettings: &container.NetworkSettings{},
	}
	if c.Network != nil {
		found.NetworkSettings.Networks = c.Network.EndpointsConfig
	}
	return readBack{
		found: found, info: system.Info{DefaultRuntime: "runc", LoggingDriver: "json-file", CgroupVersion: "1"},
		image: origin{env: map[string]string{"OFIMAGE": "x"}}, names: map[string]peer{"lender-id": {name: "lender"}, "web-id": {name: "p-web-1", project: "p", service: "web"}},
	}
}

func TestNamespacesAreReadBack(t *testing.T) {
	for mode, want := range map[string]string{
		"host": "host", "none": "none", "bridge": "bridge", "container:web-id": "service:web", "container:lender-id": "container:lender", "container:gone": "container:gone",
	} {
		b := reading(t, engine.CreateContainer{Name: "p-x-1", NetworkMode: mode, PID: mode, Labels: map[string]string{engine.LabelProject: "p"}})
		if c := b.container(); c.NetworkMode != want || c.PID != want || c.Networks != nil {
			t.Errorf("%s is read back as network_mode %s, pid %s, networks %v", mode, c.NetworkMode, c.PID, c.Networks)
		}
	}
}
