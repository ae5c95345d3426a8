package docker

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

var update = flag.Bool("update", false, "write what the engine is asked for into testdata")

func ptr[T any](v T) *T { return &v }

// full has a value in every field that goes into the creation of a container.
func full() spec.Container {
	return spec.Container{
		Image: "web:2", Platform: "linux/arm64/v8", Command: &[]string{"serve", "-v"}, Entrypoint: &[]string{"/bin/web"},
		Env: map[string]*string{"B": ptr("2=3"), "A": ptr(""), "GONE": nil}, Labels: map[string]string{"org.example": "x"},
		WorkingDir: "/srv", User: "1000:1000", GroupAdd: []string{"audio"}, Hostname: "web", DomainName: "example.org",
		Init: ptr(true), Tty: true, StdinOpen: true, StopSignal: "SIGQUIT", Runtime: "runsc",
		Annotations: map[string]string{"a": "b"},
		Healthcheck: &spec.Healthcheck{
			Test: []string{"CMD-SHELL", "curl localhost"}, Interval: 90 * time.Second, Timeout: 1500 * time.Millisecond,
			StartPeriod: time.Minute, StartInterval: 100 * time.Millisecond, Retries: 5,
		},
		Logging: &spec.Logging{Driver: "json-file", Options: map[string]string{"max-size": "10m"}},
		Ports: map[string][]string{
			"80/tcp": {"8080", "127.0.0.1:8081"}, "81/tcp": {""}, "82/udp": {"8000-8010"}, "83/tcp": {"[::1]:83"}, "84/tcp": {"127.0.0.1:"},
		},
		Expose: []string{"9000/tcp", "9001-9002/udp"},
		Networks: map[string]spec.Endpoint{
			"p_front": {
				Aliases: []string{"web", "www"}, IPv4: "10.0.0.9", IPv6: "fd00::9", LinkLocalIPs: []string{"169.254.8.8"},
				MacAddress: "02:42:ac:11:65:43", DriverOpts: map[string]string{"x": "y"}, Links: []string{"p-db-1:db"}, GwPriority: 2,
			},
			"p_back": {Aliases: []string{"web"}, Priority: 5},
		},
		DNS: []string{"1.1.1.1"}, DNSSearch: []string{"example.org"}, DNSOptions: []string{"ndots:2"},
		ExtraHosts: []string{"host:10.1.2.3", "six:::1"}, Links: []string{"old-cache-1:cache"},
		Mounts: mounts(), Tmpfs: map[string]string{"/run": "size=1m"}, VolumesFrom: []string{"lender:ro"},
		Devices:     map[string]string{"/dev/fuse:/dev/fuse": "rw", "/dev/kvm": "", "nvidia.com/gpu=0:nvidia.com/gpu=0": ""},
		CgroupRules: []string{"c 1:3 mr"},
		Requests:    []spec.DeviceRequest{{Driver: "nvidia", Count: -1, IDs: []string{"0"}, Capabilities: []string{"gpu"}, Options: map[string]string{"o": "p"}}},
		CapAdd:      []string{"NET_ADMIN"}, CapDrop: []string{"ALL"}, Privileged: true, ReadOnly: true,
		SecurityOpt: []string{"no-new-privileges:true", "systempaths=unconfined"}, Sysctls: map[string]string{"net.core.somaxconn": "1024"},
		Ulimits: map[string]spec.Ulimit{"nproc": {Soft: 10, Hard: 20}, "nofile": {Soft: 1, Hard: 2}},
		Userns:  "host", UTS: "host", PID: "host", IPC: "shareable", Cgroup: "private", CgroupParent: "/p",
		StorageOpt: map[string]string{"size": "1G"}, Isolation: "default",
		Restart: "on-failure:3", CPUs: 1_500_000_000, CPUShares: 512, CPUQuota: 1, CPUPeriod: 2, CPURTRuntime: 3, CPURTPeriod: 4, CPUSet: "0,1",
		Memory: 1 << 30, MemorySwap: 2 << 30, MemoryReserve: 1 << 29, PidsLimit: 100, BlkioWeight: 300, MemorySwappiness: ptr(int64(10)),
		OOMKillDisable: true, OOMScoreAdj: -5, ShmSize: 1 << 26, CPUCount: 5, CPUPercent: 6,
		Blkio: &spec.Blkio{
			WeightDevice: map[string]uint64{"/dev/sda": 200}, ReadBps: map[string]uint64{"/dev/sda": 1, "/dev/sdb": 2},
			WriteBps: map[string]uint64{"/dev/sda": 3}, ReadIOps: map[string]uint64{"/dev/sda": 4}, WriteIOps: map[string]uint64{"/dev/sda": 5},
		},
	}
}

// mounts are of every kind, in the forms that decide between binds and mounts.
func mounts() map[string]spec.Mount {
	return map[string]spec.Mount{
		"/anonymous":    {Type: "volume"},
		"/bind":         {Type: "bind", Source: "/src", ReadOnly: true, Propagation: "rslave"},
		"/bind/cached":  {Type: "bind", Source: "/src", Consistency: "cached"},
		"/bind/colon":   {Type: "bind", Source: "/a:b"},
		"/bind/exists":  {Type: "bind", Source: "/src", NoCreate: true, Propagation: "shared"},
		"/bind/flat":    {Type: "bind", Source: "/src", NoCreate: true, Recursive: "disabled"},
		"/bind/half":    {Type: "bind", Source: "/src", NoCreate: true, ReadOnly: true, Recursive: "writable"},
		"/bind/selinux": {Type: "bind", Source: "/src", SELinux: "Z"},
		"/bind/sealed":  {Type: "bind", Source: "/src", NoCreate: true, ReadOnly: true, Recursive: "readonly"},
		"/image":        {Type: "image", Source: "data:1", Subpath: "in"},
		"/kept":         {Type: "volume", NoCopy: true},
		"/tmpfs":        {Type: "tmpfs", TmpfsSize: 1 << 20, TmpfsMode: 0o1777},
		"/volume":       {Type: "volume", Source: "p_data"},
		"/volume/dir":   {Type: "volume", Source: "p_data", Subpath: "sub"},
		"/volume/label": {Type: "volume", Source: "p_data", Labels: map[string]string{"k": "v"}},
		"/volume/raw":   {Type: "volume", Source: "p_data", NoCopy: true, ReadOnly: true},
	}
}

func TestCreationIsAskedForAsDockerComposeDoes(t *testing.T) {
	older := spec.Container{
		Image: "web", Networks: map[string]spec.Endpoint{"p_front": {Aliases: []string{"web"}, MacAddress: "02:42:ac:11:65:43"}, "p_back": {}},
		Mounts: map[string]spec.Mount{"/bind": {Type: "bind", Source: "/src"}, "/volume": {Type: "volume", Source: "p_data"}},
	}
	none := spec.Container{Image: "web", Command: &[]string{}, Entrypoint: &[]string{}}
	cases := map[string]struct {
		api string
		op  engine.CreateContainer
	}{
		"full":    {"1.51", engine.CreateContainer{Definition: full(), Connect: []string{"p_front", "p_back"}, StopTimeout: 1500 * time.Millisecond}},
		"older":   {"1.41", engine.CreateContainer{Definition: older, Connect: []string{"p_front"}}},
		"least":   {"1.41", engine.CreateContainer{Definition: spec.Container{Image: "web"}}},
		"nothing": {"1.41", engine.CreateContainer{Definition: none}},
		"shared": {"1.41", engine.CreateContainer{
			Definition:  spec.Container{Image: "web", NetworkMode: "service:a", PID: "service:a", IPC: "service:a", VolumesFrom: []string{"a:ro"}},
			NetworkMode: "container:1", PID: "container:1", IPC: "container:1", VolumesFrom: []string{"1:ro"},
		}},
		"carried": {"1.41", engine.CreateContainer{
			Definition: spec.Container{Image: "web", Mounts: map[string]spec.Mount{"/asked": {Type: "volume"}}},
			Anonymous:  map[string]string{"/asked": "aaa", "/image": "bbb"},
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.op.Name, c.op.Labels = "p-web-1.new", map[string]string{engine.LabelProject: "p"}
			got, err := convert(c.op, c.api)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "create", name+".json"), got)
		})
	}
}

// golden compares got with a file, as JSON without what is empty.
func golden(t *testing.T, file string, got any) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	text, err = json.MarshalIndent(said(value), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(text) {
		t.Errorf("%s: got\n%s", file, text)
	}
}

// said leaves out what says nothing: null, "", 0 and false. A list without
// elements is kept, since an empty command is not the image's.
func said(value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}
	for key, v := range object {
		object[key] = said(v)
		if v == nil || v == "" || v == 0.0 || v == false {
			delete(object, key)
		}
	}
	return object
}

// TestNoFieldIsLeftOut sets each field alone, and looks for what the engine is
// asked for to change. A field that nothing converts would be ignored silently.
func TestNoFieldIsLeftOut(t *testing.T) {
	elsewhere := map[string]string{
		"Files": "CopyFiles", "Inputs": "the label, which compares them",
	}
	value := full()
	value.NetworkMode = "bridge"
	base := describe(t, engine.CreateContainer{})
	for i := range reflect.TypeFor[spec.Container]().NumField() {
		field := reflect.TypeFor[spec.Container]().Field(i)
		if _, ok := elsewhere[field.Name]; ok {
			continue
		}
		filled := reflect.ValueOf(value).Field(i)
		if filled.IsZero() {
			t.Errorf("full() has no %s", field.Name)
			continue
		}
		var op engine.CreateContainer
		reflect.ValueOf(&op.Definition).Elem().Field(i).Set(filled)
		op.Connect = sortedKeys(op.Definition.Networks)
		if describe(t, op) == base {
			t.Errorf("%s changes nothing", field.Name)
		}
	}
}

func describe(t *testing.T, op engine.CreateContainer) string {
	t.Helper()
	c, err := convert(op, "1.51")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestNoFieldOfAMountOrEndpointIsLeftOut takes one field at a time away from a
// value that has it.
func TestNoFieldOfAMountOrEndpointIsLeftOut(t *testing.T) {
	notSent := map[string]bool{"Endpoint.Priority": true, "Endpoint.Order": true} // decide which is the main one, by the planner
	used := map[string]bool{}
	for target, m := range full().Mounts {
		zeroEach(m, "Mount", used, func(m spec.Mount) string {
			return describe(t, engine.CreateContainer{Definition: spec.Container{Mounts: map[string]spec.Mount{target: m}}})
		})
	}
	for name, e := range full().Networks {
		zeroEach(e, "Endpoint", used, func(e spec.Endpoint) string {
			return describe(t, engine.CreateContainer{Connect: []string{name}, Definition: spec.Container{Networks: map[string]spec.Endpoint{name: e}}})
		})
	}
	zeroEach(*full().Healthcheck, "Healthcheck", used, func(h spec.Healthcheck) string {
		return describe(t, engine.CreateContainer{Definition: spec.Container{Healthcheck: &h}})
	})
	zeroEach(*full().Blkio, "Blkio", used, func(b spec.Blkio) string {
		return describe(t, engine.CreateContainer{Definition: spec.Container{Blkio: &b}})
	})
	zeroEach(full().Requests[0], "DeviceRequest", used, func(r spec.DeviceRequest) string {
		return describe(t, engine.CreateContainer{Definition: spec.Container{Requests: []spec.DeviceRequest{r}}})
	})
	for name, ok := range used {
		if !ok && !notSent[name] {
			t.Errorf("%s changes nothing", name)
		}
	}
}

// zeroEach notes in used, for each field of value, whether its absence changes
// the description.
func zeroEach[T any](value T, name string, used map[string]bool, describe func(T) string) {
	whole := describe(value)
	for i := range reflect.TypeFor[T]().NumField() {
		less := value
		field := reflect.ValueOf(&less).Elem().Field(i)
		field.SetZero()
		key := name + "." + reflect.TypeFor[T]().Field(i).Name
		used[key] = used[key] || describe(less) != whole
	}
}

func TestWhatTheEngineWouldIgnoreIsRefused(t *testing.T) {
	mount := func(m spec.Mount) engine.CreateContainer {
		return engine.CreateContainer{Definition: spec.Container{Mounts: map[string]spec.Mount{"/m": m}}}
	}
	further := map[string]spec.Endpoint{"a": {}, "b": {MacAddress: "02:42:ac:11:65:43"}}
	for want, c := range map[string]struct {
		api string
		op  engine.CreateContainer
	}{
		"attribute healthcheck.start_interval: needs Engine API 1.44, this engine has 1.43": {"1.43",
			engine.CreateContainer{Definition: spec.Container{Healthcheck: &spec.Healthcheck{StartInterval: 1}}}},
		"attribute annotations: needs Engine API 1.43": {"1.42",
			engine.CreateContainer{Definition: spec.Container{Annotations: map[string]string{"a": "b"}}}},
		"attribute networks: more than one at creation: needs Engine API 1.44": {"1.41", engine.CreateContainer{Connect: []string{"a", "b"}}},
		"attribute networks.mac_address of a further network: needs Engine API 1.44": {"1.41",
			engine.CreateContainer{Connect: []string{"a"}, Definition: spec.Container{Networks: further}}},
		"attribute networks.gw_priority: needs Engine API 1.48": {"1.47",
			engine.CreateContainer{Connect: []string{"a"}, Definition: spec.Container{Networks: map[string]spec.Endpoint{"a": {GwPriority: 1}}}}},
		"attribute networks.interface_name: needs Engine API 1.49": {"1.48", engine.CreateContainer{
			Connect: []string{"a"}, Definition: spec.Container{Networks: map[string]spec.Endpoint{"a": {DriverOpts: map[string]string{spec.InterfaceName: "eth9"}}}},
		}},
		"attribute volumes.volume.subpath: needs Engine API 1.45":  {"1.44", mount(spec.Mount{Type: "volume", Source: "v", Subpath: "s"})},
		"attribute volumes of type image: needs Engine API 1.48":   {"1.47", mount(spec.Mount{Type: "image", Source: "i"})},
		"attribute volumes of type cluster: needs Engine API 1.42": {"1.41", mount(spec.Mount{Type: "cluster", Source: "c"})},
		"attribute volumes.bind.recursive: readonly: needs Engine API 1.44": {"1.43",
			mount(spec.Mount{Type: "bind", Source: "/s", NoCreate: true, Recursive: "readonly"})},
		"attribute devices by CDI name: needs Engine API 1.44": {"1.43",
			engine.CreateContainer{Definition: spec.Container{Devices: map[string]string{"nvidia.com/gpu=all": ""}}}},
		"attribute volumes: /m: selinux together with create_host_path: false": {"1.51",
			mount(spec.Mount{Type: "bind", Source: "/s", NoCreate: true, SELinux: "z"})},
		"attribute network_mode: service:a: names a service": {"1.51",
			engine.CreateContainer{Definition: spec.Container{NetworkMode: "service:a"}}},
	} {
		_, err := convert(c.op, c.api)
		if err == nil || !strings.HasPrefix(err.Error(), want) || !errors.Is(err, engine.ErrUnsupported) {
			t.Errorf("want %q\ngot  %v", want, err)
		}
	}
}

func TestUpdateSendsOnlyTheFieldsNamed(t *testing.T) {
	c := full()
	c.MemorySwap = 0
	for i := range reflect.TypeFor[spec.Container]().NumField() {
		field := reflect.TypeFor[spec.Container]().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		live := field.Tag.Get("live")
		change, err := convertUpdate(engine.UpdateContainer{Definition: c, Fields: []string{name}})
		if able := live == "update" || live == "set"; able != (err == nil) {
			t.Errorf("%s is live by %q: %v", name, live, err)
		}
		if err == nil && reflect.ValueOf(change).IsZero() {
			t.Errorf("%s is not sent", name)
		}
		_, err = convertUpdate(engine.UpdateContainer{Fields: []string{name}})
		if live == "set" && !errors.Is(err, engine.ErrUnsupported) || live == "update" && err != nil {
			t.Errorf("unset %s, live by %q: %v", name, live, err)
		}
	}
	change, err := convertUpdate(engine.UpdateContainer{Definition: c, Fields: []string{"mem_limit"}})
	if err != nil || change.Memory != 1<<30 || change.MemorySwap != 2<<30 || change.NanoCPUs != 0 || change.RestartPolicy.Name != "" {
		t.Errorf("got %+v, %v", change, err)
	}
}
