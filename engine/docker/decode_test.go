package docker

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// inspected is what Engine 20.10 said of a container, and what it was asked
// for.
func inspected(t *testing.T) (container.InspectResponse, spec.Container) {
	t.Helper()
	asked := spec.Container{
		Image: "debian:bookworm-slim", Command: &[]string{"sleep", "1000"}, Env: map[string]*string{"A": ptr("1")}, Hostname: "web",
		Ports: map[string][]string{"80/tcp": {"127.0.0.1:"}, "443/tcp": {"8443"}}, Expose: []string{"9000/tcp"},
		Networks: map[string]spec.Endpoint{"p_front": {Aliases: []string{"web"}}, "p_back": {Aliases: []string{"web"}, IPv4: "10.213.9.7", Priority: 3}},
		Mounts:   map[string]spec.Mount{"/anon": {Type: "volume"}},
		Restart:  "on-failure:3", CPUs: 500_000_000, CPUShares: 512, Memory: 64 << 20, PidsLimit: 50,
	}
	text, err := os.ReadFile(filepath.Join("testdata", "inspect", "engine-20.10.json"))
	if err != nil {
		t.Fatal(err)
	}
	var c container.InspectResponse
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	label, err := engine.EncodeDefinition(asked)
	if err != nil {
		t.Fatal(err)
	}
	c.Config.Labels = map[string]string{
		engine.LabelProject: "p", engine.LabelService: "web", engine.LabelNumber: "1", engine.LabelOneOff: "False", engine.LabelDefinition: label,
	}
	return c, asked
}

func text(t *testing.T, v any) string {
	t.Helper()
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestAnInspectIsDecoded(t *testing.T) {
	c, asked := inspected(t)
	got, err := decodeContainer(c)
	if err != nil {
		t.Fatal(err)
	}
	if text(t, got.Recorded) != text(t, asked) {
		t.Errorf("recorded %s", text(t, got.Recorded))
	}
	got.Recorded, got.Observed, got.Labels = nil, nil, nil
	golden(t, filepath.Join("testdata", "inspect", "decoded.json"), got)
}

// TestOneRecordManyWaysToReadItBack holds what is observed to what was asked
// for, in the words of several engines and states.
func TestOneRecordManyWaysToReadItBack(t *testing.T) {
	for name, edit := range map[string]func(*container.InspectResponse){
		"as it was recorded": func(*container.InspectResponse) {},
		"Engine 25 keeps the short ID out of the aliases": func(c *container.InspectResponse) {
			for _, e := range c.NetworkSettings.Networks {
				e.DNSNames = slices.Clone(e.Aliases)
				e.Aliases = []string{"web", "p-web-1"}
			}
		},
		"a stopped container has no addresses": func(c *container.InspectResponse) {
			c.State.Status = container.StateExited
			for _, e := range c.NetworkSettings.Networks {
				e.IPAddress, e.MacAddress, e.NetworkID = "", "", ""
			}
		},
		"a kernel without swap limits":     func(c *container.InspectResponse) { c.HostConfig.MemorySwap = -1 },
		"under its name before the commit": func(c *container.InspectResponse) { c.Name = "/p-web-1.new" },
		"set aside":                        func(c *container.InspectResponse) { c.Name = "/p-web-1.old" },
		"driver options as nothing": func(c *container.InspectResponse) {
			c.NetworkSettings.Networks["p_front"].DriverOpts = map[string]string{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, asked := inspected(t)
			edit(&c)
			if got := observe(asked, c); text(t, got) != text(t, asked) {
				t.Errorf("observed %s", text(t, got))
			}
		})
	}
}

func TestDriftIsObserved(t *testing.T) {
	for name, drift := range map[string]struct {
		edit func(*container.InspectResponse)
		want func(*spec.Container)
	}{
		"restart": {func(c *container.InspectResponse) { c.HostConfig.RestartPolicy = container.RestartPolicy{Name: "no"} },
			func(c *spec.Container) { c.Restart = "" }},
		"restart always": {func(c *container.InspectResponse) {
			c.HostConfig.RestartPolicy = container.RestartPolicy{Name: "always"}
		},
			func(c *spec.Container) { c.Restart = "always" }},
		"memory, the swap limit left": {func(c *container.InspectResponse) { c.HostConfig.Memory = 32 << 20 },
			func(c *spec.Container) { c.Memory = 32 << 20 }},
		"memory and swap": {func(c *container.InspectResponse) { c.HostConfig.Memory, c.HostConfig.MemorySwap = 32<<20, 64<<20 },
			func(c *spec.Container) { c.Memory = 32 << 20 }},
		"swap": {func(c *container.InspectResponse) { c.HostConfig.MemorySwap = 96 << 20 },
			func(c *spec.Container) { c.MemorySwap = 96 << 20 }},
		"pids": {func(c *container.InspectResponse) { c.HostConfig.PidsLimit = ptr(int64(-1)) },
			func(c *spec.Container) { c.PidsLimit = 0 }},
		"cpus and the rest": {func(c *container.InspectResponse) {
			r := &c.HostConfig.Resources
			r.NanoCPUs, r.CPUShares, r.CPUQuota, r.CPUPeriod, r.CPURealtimeRuntime, r.CPURealtimePeriod = 1, 2, 3, 4, 5, 6
			r.CpusetCpus, r.MemoryReservation, r.BlkioWeight = "1", 7, 8
		}, func(c *spec.Container) {
			c.CPUs, c.CPUShares, c.CPUQuota, c.CPUPeriod, c.CPURTRuntime, c.CPURTPeriod = 1, 2, 3, 4, 5, 6
			c.CPUSet, c.MemoryReserve, c.BlkioWeight = "1", 7, 8
		}},
		"disconnected": {func(c *container.InspectResponse) { delete(c.NetworkSettings.Networks, "p_back") },
			func(c *spec.Container) { c.Networks = map[string]spec.Endpoint{"p_front": c.Networks["p_front"]} }},
		"connected elsewhere": {func(c *container.InspectResponse) {
			c.NetworkSettings.Networks["other"] = &network.EndpointSettings{Aliases: []string{"e332156796f8", "x"}, MacAddress: "02:42:0a:d5:09:09"}
		}, func(c *spec.Container) { c.Networks["other"] = spec.Endpoint{Aliases: []string{"x"}} }},
		"connected again without alias and address": {func(c *container.InspectResponse) {
			c.NetworkSettings.Networks["p_back"] = &network.EndpointSettings{Aliases: []string{"e332156796f8"}}
		}, func(c *spec.Container) { c.Networks["p_back"] = spec.Endpoint{Priority: 3} }},
	} {
		t.Run(name, func(t *testing.T) {
			c, asked := inspected(t)
			drift.edit(&c)
			got := observe(asked, c)
			_, want := inspected(t)
			drift.want(&want)
			if text(t, got) != text(t, want) {
				t.Errorf("observed %s", text(t, got))
			}
		})
	}
}

func TestAddressesThatWereAskedForAreCompared(t *testing.T) {
	c, asked := inspected(t)
	asked.Networks["p_back"] = spec.Endpoint{Aliases: []string{"web"}, IPv4: "10.213.9.7", MacAddress: "02:42:0A:D5:09:07"}
	if got := observe(asked, c); text(t, got) != text(t, asked) {
		t.Errorf("observed %s", text(t, got))
	}
	c.NetworkSettings.Networks["p_back"].MacAddress = "02:42:0a:d5:09:08"
	if got := observe(asked, c).Networks["p_back"].MacAddress; got != "02:42:0a:d5:09:08" {
		t.Errorf("observed %s", got)
	}
}

func TestAContainerInAnotherNamespaceHasNoNetworks(t *testing.T) {
	c, _ := inspected(t)
	for _, mode := range []string{"host", "none", "container:x", "service:db", "bridge"} {
		if got := observe(spec.Container{NetworkMode: mode}, c); got.Networks != nil {
			t.Errorf("%s: %v", mode, got.Networks)
		}
	}
}

func TestAnonymousVolumes(t *testing.T) {
	const made = "cebdb41c3545e6712174e53448e37d8fcaf9616acc24161fcf54a9bffc6b3612"
	mount := func(name, target string) container.MountPoint {
		return container.MountPoint{Type: "volume", Name: name, Destination: target}
	}
	for name, c := range map[string]struct {
		recorded *spec.Container
		mount    container.MountPoint
		edit     func(*container.InspectResponse)
		want     bool
	}{
		"made by the engine":               {&spec.Container{}, mount(made, "/a"), nil, true},
		"in a container of docker compose": {nil, mount(made, "/a"), nil, true},
		"named":                            {nil, mount("data", "/a"), nil, false},
		"named with such a name":           {&spec.Container{Mounts: map[string]spec.Mount{"/a": {Type: "volume", Source: made}}}, mount(made, "/a"), nil, false},
		"borrowed":                         {&spec.Container{}, mount(made, "/a"), func(c *container.InspectResponse) { c.HostConfig.VolumesFrom = []string{"x"} }, false},
		"of the image, beside borrowed ones": {&spec.Container{}, mount(made, "/a"), func(c *container.InspectResponse) {
			c.HostConfig.VolumesFrom, c.Config.Volumes = []string{"x"}, map[string]struct{}{"/a": {}}
		}, true},
		"carried over, whatever it is called": {&spec.Container{}, mount("old", "/a"), func(c *container.InspectResponse) { c.Config.Labels[engine.LabelAnonymous] = `{"/a":"old"}` }, true},
		"a bind":                              {nil, container.MountPoint{Type: "bind", Name: made, Destination: "/a"}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			i, _ := inspected(t)
			i.Config.Volumes, i.Mounts = nil, []container.MountPoint{c.mount}
			if c.edit != nil {
				c.edit(&i)
			}
			if got := anonymous(c.recorded, i); (got["/a"] == c.mount.Name) != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestOnlyANewerStacksLabelStopsASnapshot(t *testing.T) {
	c, _ := inspected(t)
	c.Config.Labels[engine.LabelDefinition] = `{"v": 99}`
	if _, err := decodeContainer(c); err == nil || !strings.HasPrefix(err.Error(), "container p-web-1: label dev.stack.definition: version 99") {
		t.Errorf("got %v", err)
	}
	c.Config.Labels[engine.LabelDefinition] = "garbage"
	if got, err := decodeContainer(c); err != nil || got.Recorded != nil || got.Observed != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

// serving is an engine on a server that answers each path with JSON, and the
// paths that were asked for.
func serving(t *testing.T, answers map[string]any) (*Engine, func(path string) int) {
	t.Helper()
	var mu sync.Mutex // requests come side by side
	asked := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		path := strings.TrimPrefix(r.URL.Path, "/v1.41")
		mu.Lock()
		asked[path]++
		mu.Unlock()
		answer, ok := answers[path]
		if !ok && path != "/_ping" && path != "/version" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			answer = map[string]string{"message": "No such thing: " + path}
		}
		if answer == nil {
			answer = map[string]string{}
		}
		answerJSON(w, answer)
	}))
	t.Cleanup(server.Close)
	e, err := Open(t.Context(), Options{Host: "tcp://" + server.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e, func(path string) int {
		mu.Lock()
		defer mu.Unlock()
		return asked[path]
	}
}

func TestASnapshotIsOnePicture(t *testing.T) {
	c, asked := inspected(t)
	n := spec.Network{Name: "p_front", Internal: true}
	front := c.NetworkSettings.Networks["p_front"].NetworkID
	labels := map[string]string{engine.LabelProject: "p"}
	e, count := serving(t, map[string]any{
		"/containers/json": []any{
			map[string]any{"Id": "gone", "Names": []string{"/p-gone-1"}, "Labels": labels, "State": "removing"},
			map[string]any{"Id": c.ID, "Names": []string{"/other/link", "/p-web-1"}, "Labels": labels, "State": "running",
				"NetworkSettings": map[string]any{"Networks": map[string]any{"p_front": map[string]any{"NetworkID": front}}}},
			map[string]any{"Id": "f", "Names": []string{"/foreign"}, "State": "running", "Labels": map[string]string{engine.LabelProject: "q"},
				"Ports":           []any{map[string]any{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}, map[string]any{"PrivatePort": 81, "Type": "tcp"}},
				"NetworkSettings": map[string]any{"Networks": map[string]any{"p_front": map[string]any{"NetworkID": front}}}},
			map[string]any{"Id": "s", "Names": []string{"/stopped"}, "State": "exited",
				"NetworkSettings": map[string]any{"Networks": map[string]any{"p_front": map[string]any{"NetworkID": front}}}},
		},
		"/containers/" + c.ID + "/json": c,
		"/networks": []any{
			map[string]any{"Name": "p_front", "Id": front, "Driver": "bridge", "Labels": map[string]string{engine.LabelProject: "p", engine.LabelDefinition: text(t, n)}},
			map[string]any{"Name": "p_front", "Id": "older double", "Driver": "bridge", "Created": "2025-11-23T23:04:53Z", "Labels": labels},
			map[string]any{"Name": "p_front", "Id": "foreign double", "Driver": "bridge"},
			map[string]any{"Name": "p_back", "Id": c.NetworkSettings.Networks["p_back"].NetworkID, "Driver": "bridge"},
			map[string]any{"Name": "shared", "Id": "x", "Driver": "bridge"},
			map[string]any{"Name": "q_front", "Id": "y", "Driver": "bridge", "Labels": map[string]string{engine.LabelProject: "q"}},
		},
		"/volumes": map[string]any{"Volumes": []any{
			map[string]any{"Name": "p_data", "Driver": "local", "CreatedAt": "2026-11-23T23:04:53Z", "Labels": labels},
			map[string]any{"Name": "q_data", "Driver": "local"},
		}},
		"/images/web:2/json": map[string]any{"Id": "sha256:1", "Metadata": map[string]any{"LastTagTime": "2026-11-23T23:04:53Z"},
			"Config": map[string]any{"Volumes": map[string]any{"/v": map[string]any{}}, "Healthcheck": map[string]any{"Test": []string{"CMD", "x"}}}},
	})
	s, err := e.Snapshot(t.Context(), engine.Query{Project: "p", Networks: []string{"shared", "p_front"}, Images: []string{"web:2", "none", "web:2"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Containers) != 1 || s.Containers[0].Name != "p-web-1" || text(t, s.Containers[0].Observed) != text(t, asked) {
		t.Errorf("containers: %s", text(t, s.Containers))
	}
	if got := s.Networks["p_front"]; len(s.Networks) != 2 || got.ID != front || !slices.Equal(got.Members, []string{"foreign", "p-web-1"}) || !slices.Equal(got.Doubles, []string{"older double"}) || text(t, got.Recorded) != text(t, n) {
		t.Errorf("networks: %s", text(t, s.Networks))
	}
	if len(s.Volumes) != 1 || s.Volumes["p_data"].Created.IsZero() {
		t.Errorf("volumes: %s", text(t, s.Volumes))
	}
	i := s.Images["web:2"]
	if len(s.Images) != 1 || i.ID != "sha256:1" || i.Tagged.IsZero() || i.Healthcheck == nil || !slices.Equal(i.Volumes, []string{"/v"}) || count("/images/web:2/json") != 1 {
		t.Errorf("images: %s", text(t, s.Images))
	}
	if len(s.Foreign) != 2 || s.Foreign[0].Name != "foreign" || s.Foreign[0].Project != "q" || len(s.Foreign[0].Ports) != 1 {
		t.Errorf("foreign: %s", text(t, s.Foreign))
	}
	if s.API != "1.41" || !s.ConnectAfterCreate || s.Taken.IsZero() {
		t.Errorf("got %+v", s)
	}
}

// What the kernel cannot limit is no drift, and only then is the engine asked.
func TestALimitThatCannotBeIsMet(t *testing.T) {
	recorded := spec.Container{Memory: 1, MemorySwap: 5, CPUs: 1, CPUQuota: 1, CPUPeriod: 1, CPUShares: 1, CPUSet: "0", PidsLimit: 1, BlkioWeight: 1, MemoryReserve: 1}
	e, count := serving(t, map[string]any{"/info": map[string]any{"KernelVersion": "6.1.0", "CgroupVersion": "1"}})
	for range 2 {
		c := engine.Container{Recorded: &recorded, Observed: &spec.Container{MemorySwap: -1}}
		if err := e.excuse(t.Context(), &c, false); err != nil || text(t, c.Observed) != text(t, recorded) {
			t.Errorf("observed %s, %v", text(t, c.Observed), err)
		}
	}
	if n := count("/info"); n != 1 {
		t.Errorf("asked %d times", n)
	}
	able, count := serving(t, map[string]any{"/info": map[string]any{"PidsLimit": true, "MemoryLimit": true, "CgroupVersion": "2"}})
	c := engine.Container{Recorded: &spec.Container{PidsLimit: 9, BlkioWeight: 5}, Observed: &spec.Container{BlkioWeight: 5}}
	if err := able.excuse(t.Context(), &c, false); err != nil || c.Observed.PidsLimit != 0 {
		t.Errorf("observed %s, %v", text(t, c.Observed), err)
	}
	c = engine.Container{Recorded: &spec.Container{PidsLimit: 9}, Observed: &spec.Container{PidsLimit: 8}}
	if err := able.excuse(t.Context(), &c, false); err != nil || c.Observed.PidsLimit != 8 || count("/info") != 1 {
		t.Errorf("a drift: %s, %v", text(t, c.Observed), err)
	}
	// One that is only desired cannot be either, and one that can is told.
	c = engine.Container{Recorded: &spec.Container{}, Observed: &spec.Container{CPUSet: "0"}}
	want := []string{"memswap_limit", "cpus", "cpu_quota", "cpu_period", "cpu_shares", "mem_reservation"}
	if err := able.excuse(t.Context(), &c, true); err != nil || !slices.Equal(c.Untold, want) {
		t.Errorf("untold %q, %v, want %q", c.Untold, err, want)
	}
}

// Two engines of one machine can have one ID; they have not one folder.
func TestAnEngineIsKnownByItsFolderToo(t *testing.T) {
	var ids []string
	for _, folder := range []string{"/var/lib/docker", "/var/lib/other"} {
		e, _ := serving(t, map[string]any{"/info": map[string]any{"ID": "AAAA:BBBB", "DockerRootDir": folder}})
		id, err := e.ID(t.Context())
		if err != nil || id != "AAAA:BBBB "+folder {
			t.Errorf("got %q, %v", id, err)
		}
		ids = append(ids, id)
	}
	if ids[0] == ids[1] {
		t.Errorf("both are %q", ids[0])
	}
}

// A stopped container keeps its place on a network that was removed, and on one
// that was made anew under the same name.
func TestAPlaceOnANetworkThatIsGoneIsNone(t *testing.T) {
	c, asked := inspected(t)
	e, _ := serving(t, map[string]any{
		"/containers/json": []any{
			map[string]any{"Id": c.ID, "Names": []string{"/p-web-1"}, "Labels": map[string]string{engine.LabelProject: "p"}, "State": "exited"},
		},
		"/containers/" + c.ID + "/json": c,
		"/networks":                     []any{map[string]any{"Name": "p_front", "Id": "another", "Driver": "bridge"}},
		"/volumes":                      map[string]any{},
	})
	s, err := e.Snapshot(t.Context(), engine.Query{Project: "p"})
	if err != nil {
		t.Fatal(err)
	}
	asked.Networks = nil
	if len(s.Containers) != 1 || text(t, s.Containers[0].Observed) != text(t, asked) {
		t.Errorf("observed: %s, want no network", text(t, s.Containers))
	}
	if recorded := s.Containers[0].Recorded; len(recorded.Networks) != 2 {
		t.Errorf("recorded: %s, want both networks still", text(t, recorded))
	}
}
