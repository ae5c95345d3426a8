package docker

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// recorded is what Engine 20.10 said of testdata/adopt/compose.yaml after docker
// compose 2.40.3 had brought it up.
type recorded struct {
	Containers []container.Summary
	Inspected  []container.InspectResponse
	Images     []image.InspectResponse
	Networks   []network.Summary
	Volumes    volume.ListResponse
	Info       system.Info
}

// copied are the files that docker compose had copied into containers.
var copied = map[string]tar.Header{
	"/etc/inline":         {Name: "inline", Mode: 0o440, Size: int64(len("level=1"))},
	"/run/secrets/envsec": {Name: "envsec", Mode: 0o444, Size: int64(len("topsecret"))},
}

// adoption lays the recorded stack out in a folder, and has an engine that says
// what was recorded there.
func adoption(t *testing.T) (dir string, e *Engine) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{"compose.yaml", "web.env", "key", "conf.txt", "file.txt"} {
		text, err := os.ReadFile(filepath.Join("testdata", "adopt", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join("testdata", "adopt", "recorded.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	if err := json.Unmarshal(bytes.ReplaceAll(text, []byte("@DIR@"), []byte(dir)), &r); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(r.handler(t))
	t.Cleanup(server.Close)
	c, err := client.NewClientWithOpts(client.WithHost(server.URL), client.WithHTTPClient(server.Client()), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	e = &Engine{client: c, builds: newBuilder(c, Options{})}
	t.Cleanup(func() { _ = e.Close() })
	return dir, e
}

func (r recorded) handler(t *testing.T) http.Handler {
	mux := http.NewServeMux()
	say := func(path string, v any) {
		mux.HandleFunc("GET /v1.41"+path, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, v) })
	}
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	say("/version", map[string]string{"Version": "20.10.24"})
	say("/containers/json", r.Containers)
	say("/networks", r.Networks)
	say("/volumes", r.Volumes)
	say("/info", r.Info)
	for _, c := range r.Inspected {
		say("/containers/"+c.ID+"/json", c)
		mux.HandleFunc("GET /v1.41/containers/"+c.ID+"/archive", archive(t))
	}
	for _, i := range r.Images {
		say("/images/"+i.ID+"/json", i)
		say("/images/adopt-image/json", i)
	}
	return mux
}

// archive answers with a file, as docker cp asks for it.
func archive(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		header, ok := copied[q.URL.Query().Get("path")]
		if !ok {
			http.Error(w, `{"message": "no such file"}`, http.StatusNotFound)
			return
		}
		stat, err := json.Marshal(container.PathStat{Name: header.Name, Size: header.Size})
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(stat))
		content := map[string]string{"inline": "level=1", "envsec": "topsecret"}[header.Name]
		out := tar.NewWriter(w)
		if err := out.WriteHeader(&header); err != nil {
			t.Error(err)
		}
		if _, err := out.Write([]byte(content)); err != nil {
			t.Error(err)
		}
		_ = out.Close()
	}
}

// An adopting is the recorded stack, read once.
type adopting struct {
	dir      string
	observed engine.State
}

func newAdopting(t *testing.T) adopting {
	t.Helper()
	dir, e := adoption(t)
	a := adopting{dir: dir}
	observed, err := e.Snapshot(t.Context(), planner.Query(a.load(t, "compose.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	a.observed = observed
	return a
}

func (a adopting) load(t *testing.T, file string) *spec.Stack {
	t.Helper()
	s, err := spec.Load(t.Context(), spec.LoadOptions{Dir: a.dir, Files: []string{file}, Env: map[string]string{"ENVSEC": "topsecret"}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plan is what is planned for a stack file: each change with the fields that
// are its reasons.
func (a adopting) plan(t *testing.T, file string) (changes []string, text string) {
	t.Helper()
	p, err := planner.Up(a.load(t, file), a.observed, planner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, action := range p.Actions {
		if action.Undo() || plan.Waits(action.Op) {
			continue
		}
		line := string(action.Change.Verb) + " " + action.Change.Name
		for _, r := range action.Reasons {
			line += " " + r.Field
		}
		seen[strings.TrimSpace(line)] = true
	}
	return slices.Sorted(maps.Keys(seen)), p.Text()
}

func TestWhatDockerComposeMadeIsLeftAsItIs(t *testing.T) {
	if changes, text := newAdopting(t).plan(t, "compose.yaml"); len(changes) > 0 {
		t.Errorf("planned:\n%s", text)
	}
}

// Each case changes one thing in the file of the recorded stack, and says which
// container it changes, and by which fields.
var adoptedCases = []struct{ from, to, want string }{
	{`command: ["2000"]`, `command: ["2001"]`, "replace full command"},
	{`    command: ["2000"]` + "\n", ``, "replace full command"},
	{`LEVEL: debug,`, `LEVEL: trace,`, "replace full environment.LEVEL"},
	{`LEVEL: debug,`, ``, "replace full environment.LEVEL"},
	{`COLOR: blue,`, `COLOR: red,`, "replace full environment.COLOR"},
	{`COLOR: blue,`, ``, ""}, // the image's
	{`[GONE, COLOR]`, `[COLOR]`, ""},
	{`[GONE, COLOR]`, `[GONE]`, "replace host2 environment.COLOR"},
	{`[GONE, COLOR]`, `[GONE, COLOR, PATH]`, "replace host2 environment.PATH"},
	{`env_file: web.env`, `env_file: []`, "replace full environment.A environment.B"},
	{`who: us`, `who: them`, "replace full labels.who"},
	{`, shade: dark`, ``, ""},
	{`, shade: dark`, `, shade: light`, "replace full labels.shade"},
	{`"127.0.0.1::8080"`, `"127.0.0.2::8080"`, "replace full ports.8080/tcp"},
	{`"18099:81/udp"`, `"18098:81/udp"`, "replace full ports.81/udp"},
	{`expose: ["7000", "8080"]`, `expose: ["7000", "9000"]`, ""},
	{`expose: ["7000", "8080"]`, `expose: ["7001"]`, "replace full expose"},
	{`./bound:/bound:ro`, `./bound:/bound`, "replace full volumes./bound.read_only"},
	{`./file.txt:/etc/file.txt`, `./key:/etc/file.txt`, "replace full volumes./etc/file.txt.source"},
	{`- data:/data`, `- data:/data:ro`, "replace full volumes./data.read_only"},
	{`- /anon`, `- /anon2`, "replace full volumes./anon volumes./anon2"},
	{`- /anon`, `- /anon` + "\n      - /ofimage", ""},
	{`tmpfs: {size: 1m}`, `tmpfs: {size: 2m}`, "replace full volumes./tm.size"},
	{`{nocopy: true}`, `{nocopy: false}`, "replace full volumes./nc.nocopy"},
	{`create_host_path: false`, `create_host_path: true`, ""},
	{`"/scratch2"`, `"/scratch2:ro"`, "replace full tmpfs./scratch2"},
	{`[www, full-host]`, `[ww, full-host]`, "replace full networks.adoptx_front.aliases"},
	{`10.77.0.9`, `10.77.0.8`, "replace full networks.adoptx_front.ipv4_address"},
	{`, priority: 5`, ``, ""},
	{`    hostname: full-host` + "\n", ``, "replace full hostname"},
	{`domainname: example.org`, `domainname: example.com`, "replace full domainname"},
	{`interval: 9s`, `interval: 8s`, "replace full healthcheck.interval"},
	{`{test: [CMD, "true"], interval: 9s, retries: 4}`, `{interval: 9s, timeout: 3s, retries: 4}`, ""},
	{`{disable: true}`, `{interval: 1m}`, "replace special healthcheck.interval healthcheck.test"},
	{`on-failure:3`, `on-failure:4`, "update full restart"},
	{`mem_limit: 64m`, `mem_limit: 65m`, "update full mem_limit"},
	{`mem_limit: 64m`, `mem_limit: 64m` + "\n    memswap_limit: 128m", ""},
	{`cpus: 0.7`, `cpus: 0.8`, "update full cpus"},
	{`    cpus: 0.7` + "\n", ``, "replace full cpus"},
	{`pids_limit: 50`, `pids_limit: 51`, "update full pids_limit"},
	{`[NET_ADMIN, sys_time]`, `[CAP_SYS_TIME, NET_ADMIN]`, ""},
	{`[NET_ADMIN, sys_time]`, `[NET_ADMIN]`, "replace full cap_add"},
	{`cap_drop: [MKNOD]`, `cap_drop: [ALL]`, "replace full cap_drop"},
	{`somaxconn: 1024`, `somaxconn: 1025`, "replace full sysctls.net.core.somaxconn"},
	{`nproc: 100`, `nproc: 101`, "replace full ulimits.nproc.hard ulimits.nproc.soft"},
	{`{max-size: 1m}`, `{max-size: 2m}`, "replace full logging.options.max-size"},
	{`user: daemon`, `user: root`, "replace full user"},
	{`working_dir: /tmp`, `working_dir: /srv`, "replace full working_dir"},
	{`shm_size: 128m`, `shm_size: 64m`, "replace full shm_size"},
	{`"peer:10.0.0.1"`, `"peer:10.0.0.2"`, "replace full extra_hosts"},
	{`10.0.0.54`, `10.0.0.55`, "replace full dns"},
	{`[ndots:2]`, `[ndots:3]`, "replace full dns_opt"},
	{`stop_signal: SIGTERM`, `stop_signal: SIGINT`, "replace full stop_signal"},
	{`["5", mail]`, `["5"]`, "replace full group_add"},
	{`"no-new-privileges:true"`, `"no-new-privileges:true", label=disable`, "replace full security_opt"},
	{`tty: true`, `tty: false`, "replace full tty"},
	{`/dev/mynull"`, `/dev/mynull:r"`, "replace full devices./dev/null:/dev/mynull"},
	{`c 1:3 mr`, `c 1:3 m`, "replace full device_cgroup_rules"},
	{`oom_score_adj: 100`, `oom_score_adj: 101`, "replace full oom_score_adj"},
	{`mode: 0440`, `mode: 0400`, "replace full files./etc/inline.mode"},
	{`level=1`, `level=2`, "replace full files./etc/inline"},
	{`conf: {file: conf.txt}`, `conf: {file: file.txt}`, "replace full volumes./conf.source"},
	{`init: true`, `init: false`, "replace full init"},
	{`"host2:other"`, `"host2:another"`, "update plain networks.adoptx_default.links"},
	{`    ipc: shareable` + "\n", ``, "replace plain ipc"},
	{`entrypoint: ["/bin/sleep", "4000"]`, `command: ["4000"]`, "replace none command entrypoint"},
	{`entrypoint: ["/bin/sleep", "4000"]`, `entrypoint: ["/bin/sleep", "4000"]` + "\n    command: []", ""},
	{`network_mode: host`, `network_mode: none`, "replace host network_mode"},
	{`volumes_from: ["host"]`, `volumes_from: ["host:ro"]`, "replace joined volumes_from"},
	{`pid: service:full`, `pid: host`, "replace joined pid"},
	{`privileged: true`, `privileged: false`, "replace special privileged"},
	{`"seccomp=unconfined", `, ``, "replace special security_opt"},
	{`"seccomp=unconfined", `, `"seccomp=unconfined", "label=disable", `, ""}, // privileged has it
	{`platform: linux/amd64`, `platform: linux`, ""},
	{`platform: linux/amd64`, `platform: linux/arm64`, "replace special platform"},
	{`mtu: "1400"`, `mtu: "1300"`, "replace adoptx_front driver_opts.com.docker.network.driver.mtu"},
	{`{internal: true}`, `{internal: false}`, "replace adoptx_back internal"},
	{`10.77.0.0/24`, `10.77.0.0/25`, "replace adoptx_front ipam.config"},
	{`labels: {n: l}`, `labels: {n: m}`, ""},
}

func TestEachFieldOfAnAdoptedContainerIsCompared(t *testing.T) {
	a := newAdopting(t)
	text, err := os.ReadFile(filepath.Join(a.dir, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range adoptedCases {
		t.Run(c.from+" to "+c.to, func(t *testing.T) {
			if n := strings.Count(string(text), c.from); n != 1 {
				t.Fatalf("%q occurs %d times", c.from, n)
			}
			file := fmt.Sprintf("%d.yaml", i)
			if err := os.WriteFile(filepath.Join(a.dir, file), []byte(strings.Replace(string(text), c.from, c.to, 1)), 0o666); err != nil {
				t.Fatal(err)
			}
			changes, said := a.plan(t, file)
			if !slices.Equal(own(changes), wanted(c.want)) {
				t.Errorf("planned %q, want %q:\n%s", own(changes), wanted(c.want), said)
			}
		})
	}
}

// own are the changes that have a reason of their own: not those that follow.
func own(changes []string) []string {
	return slices.DeleteFunc(changes, func(c string) bool { return len(strings.Fields(c)) < 3 })
}

// wanted writes a service's name as its containers'.
func wanted(text string) []string {
	words := strings.Fields(text)
	switch {
	case text == "":
		return nil
	case words[1] == "plain":
		return []string{
			strings.Replace(text, "plain", "adoptx-plain-1", 1),
			strings.Replace(text, "plain", "adoptx-plain-2", 1),
		}
	case words[1] == "special":
		return []string{strings.Replace(text, "special", "adoptx-special", 1)}
	case strings.HasPrefix(words[1], "adoptx_"):
		return []string{text}
	}
	words[1] = "adoptx-" + words[1] + "-1"
	return []string{strings.Join(words, " ")}
}

func TestAContainerWhoseImageIsGoneCannotBeAdopted(t *testing.T) {
	_, e := adoption(t)
	e.origins.known = map[string]*origin{}
	c := container.InspectResponse{ContainerJSONBase: &container.ContainerJSONBase{ID: "x", Image: "sha256:none"}}
	var got engine.Container
	if err := e.adopt(t.Context(), &got, c, lists{}, nil); err != nil || got.Recorded != nil || got.Adopted != nil {
		t.Errorf("adopted as %v, %v", got.Recorded, err)
	}
}
