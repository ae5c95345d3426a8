//go:build e2e

package e2e_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// dockerCompose is where scripts/setup puts docker compose, the tool whose
// containers are adopted here.
const dockerCompose = "/usr/local/lib/stack-test/docker-compose"

// peer runs docker compose on the sandbox's project; it must succeed.
func (s *sandbox) peer(args ...string) string {
	s.t.Helper()
	program := dockerCompose
	if other := os.Getenv("COMPOSE_BIN"); other != "" {
		program = other
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{"-f", "stack.yaml"}, args...)...)
	cmd.Dir, cmd.Env = s.dir, append(s.environment(), "DOCKER_HOST="+os.Getenv("DOCKER_HOST"))
	out, err := cmd.CombinedOutput()
	if errors.Is(err, os.ErrNotExist) {
		s.t.Fatalf("%s is missing: run scripts/setup test", program)
	}
	if err != nil {
		s.t.Fatalf("docker compose %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// An adoptCase is a file that docker compose brings up, and one edit of it: what
// is planned then, and for which services. The files are what people have.
type adoptCase struct {
	name, files string
	from, to    string
	changes     []string // verb, service and fields; PROJECT is the project
}

var adoptCases = []adoptCase{
	{
		name: "environment and files",
		files: `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    environment: {LEVEL: info, DB_PASSWORD: "${DB_PASSWORD:-hunter2}"}
    env_file: web.env
    labels: {who: us, traefik.http.routers.web.rule: "Host('a.b')"}
    configs: [{source: settings, target: /etc/settings}, {source: site, target: /etc/site.conf}]
    secrets: [key, token]
  still: {image: "${PROBE}", env_file: [web.env]}
configs: {settings: {content: "level = 1"}, site: {file: site.conf}}
secrets: {key: {file: key}, token: {environment: HOME}}
-- web.env --
GREETING=hello
QUOTED="a b"
-- site.conf --
server
-- key --
sesame
`,
		from: "LEVEL: info", to: "LEVEL: debug", changes: []string{"replace web environment.LEVEL"},
	},
	{
		name: "volumes of all kinds",
		files: `
-- content/note --
first
-- stack.yaml --
services:
  db:
    image: ${PROBE}
    volumes:
      - data:/data
      - ./content:/content:ro
      - ./content/note:/etc/note
      - /scratch
      - {type: tmpfs, target: /quick, tmpfs: {size: 1m}}
      - {type: volume, source: more, target: /more, read_only: true}
    tmpfs: [/run/quick, "/tmp:size=1m"]
    working_dir: /data
  still: {image: "${PROBE}", volumes: ["data:/data"], depends_on: [db]}
volumes: {data: {}, more: {labels: {a: b}}}
`,
		from: "./content:/content:ro", to: "./content:/content", changes: []string{"replace db volumes./content.read_only"},
	},
	{
		name: "networks",
		files: `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    hostname: the-web
    networks: {front: {aliases: [www, the-web]}, back: {aliases: [api], priority: 100}}
    links: ["db:database"]
    extra_hosts: ["peer:10.0.0.1", "host.docker.internal:host-gateway"]
    dns: [10.0.0.53]
    dns_search: [example.org]
    dns_opt: [ndots:2]
  db: {image: "${PROBE}", networks: [back]}
  outside: {image: "${PROBE}", network_mode: none}
  lonely: {image: "${PROBE}", network_mode: "service:db", depends_on: [db], command: [-address, ":8081"]}
networks:
  front: {driver_opts: {com.docker.network.driver.mtu: "1400"}, labels: {a: b}}
  back: {internal: true, attachable: true}
`,
		from: "aliases: [www, the-web]", to: "aliases: [www2, the-web]", changes: []string{"update web networks.PROJECT_front.aliases"},
	},
	{
		name: "a static address",
		files: `
-- stack.yaml --
services:
  web: {image: "${PROBE}", networks: {fixed: {ipv4_address: 10.231.77.9}}}
  still: {image: "${PROBE}", networks: [fixed]}
networks: {fixed: {ipam: {config: [{subnet: 10.231.77.0/24, gateway: 10.231.77.1}]}}}
`,
		from: "10.231.77.9", to: "10.231.77.10", changes: []string{"update web networks.PROJECT_fixed.ipv4_address"},
	},
	{
		name: "limits",
		files: `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    mem_limit: 64m
    cpus: 0.7
    pids_limit: 50
    restart: unless-stopped
    ulimits: {nofile: {soft: 1000, hard: 2000}, nproc: 100}
    shm_size: 128m
    oom_score_adj: 100
  still:
    image: ${PROBE}
    deploy: {replicas: 2, resources: {limits: {cpus: "0.3", memory: 50m, pids: 20}, reservations: {memory: 20m}}, restart_policy: {condition: on-failure, max_attempts: 3}}
`,
		from: "mem_limit: 64m", to: "mem_limit: 96m", changes: []string{"update web mem_limit"},
	},
	{
		name: "security",
		files: `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    user: "1000:1000"
    group_add: ["5"]
    cap_add: [NET_ADMIN, sys_time]
    cap_drop: [MKNOD]
    security_opt: ["no-new-privileges:true"]
    sysctls: {net.core.somaxconn: 1024}
    read_only: true
    devices: ["/dev/null:/dev/mynull"]
  mighty: {image: "${PROBE}", pid: host, ipc: shareable}
  still: {image: "${PROBE}", ipc: "service:mighty", pid: "service:web", security_opt: [seccomp=unconfined, systempaths=unconfined]}
`,
		from: "[NET_ADMIN, sys_time]", to: "[NET_ADMIN]", changes: []string{"replace web cap_add", "replace still"},
	},
	{
		name: "the program",
		files: `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    entrypoint: [/probe]
    command: [-ready-after, 1ms]
    init: true
    tty: true
    stdin_open: true
    stop_signal: SIGINT
    stop_grace_period: 3s
    healthcheck: {test: [CMD, /probe, health], interval: 10s, timeout: 5s, retries: 4, start_period: 1s}
    logging: {driver: json-file, options: {max-size: 1m, max-file: "2"}}
  still: {image: "${PROBE}", healthcheck: {disable: true}, command: -ready-after 2ms, depends_on: {web: {condition: service_started}}, platform: linux/amd64}
`,
		from: "1ms]", to: "3ms]", changes: []string{"replace web command"},
	},
	{
		name: "ports, names and a healthy dependency",
		files: `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    container_name: PROJECT-the-web
    ports: ["127.0.0.1::8080", {target: 9000, published: "0", host_ip: 127.0.0.1, protocol: udp}]
    expose: ["7000", "7001-7002"]
    depends_on: {db: {condition: service_healthy, restart: true}}
  db: {image: "${PROBE}", healthcheck: {test: [CMD, /probe, health], interval: 300ms}}
x-unused: nothing
`,
		from: `"127.0.0.1::8080"`, to: `"127.0.0.2::8080"`, changes: []string{"replace the-web ports.8080/tcp"},
	},
	{
		name: "the host's network",
		files: `
-- stack.yaml --
services:
  web: {image: "${PROBE}", network_mode: host, command: [-address, "127.0.0.1:0"]}
  still: {image: "${PROBE}", network_mode: bridge}
`,
		from: "127.0.0.1:0", to: "127.0.0.2:0", changes: []string{"replace web command"},
	},
	{
		name: "a built image, and jobs",
		files: `
-- image/Dockerfile --
ARG BASE
FROM ${BASE}
ENV LEVEL=info
LABEL maker=image
EXPOSE 9000
VOLUME /ofimage
WORKDIR /data
STOPSIGNAL SIGINT
-- stack.yaml --
services:
  web: {build: {context: image, args: {BASE: "${PROBE}"}}, depends_on: {migrate: {condition: service_completed_successfully}}}
  migrate: {image: "${PROBE}", command: [exit, "0"]}
`,
		from: "depends_on", to: "environment: {LEVEL: info, MORE: x}, depends_on", changes: []string{"replace web environment.MORE"},
	},
	{
		name: "replicas",
		files: `
-- stack.yaml --
services:
  web: {image: "${PROBE}", scale: 2, environment: {LEVEL: info}}
  still: {image: "${PROBE}"}
`,
		from: "scale: 2", to: "scale: 3", changes: []string{"create web"},
	},
	{
		name: "a network's options",
		files: `
-- stack.yaml --
services:
  web: {image: "${PROBE}", networks: [one]}
  still: {image: "${PROBE}", networks: [one, two]}
networks: {one: {}, two: {name: PROJECT-two}}
`,
		from: "one: {}", to: "one: {internal: true}", changes: []string{"replace PROJECT_one internal"},
	},
}

func TestWhatDockerComposeMadeIsAdopted(t *testing.T) {
	for _, c := range adoptCases {
		t.Run(c.name, func(t *testing.T) {
			s := newSandbox(t, c.files)
			s.peer("up", "-d")
			s.try("plan", "--exit-code").ended(0).changedNothing()
			s.run("up", "-d").changedNothing()
			before := s.ids()
			s.edit("stack.yaml", c.from, c.to)
			s.wantAdopted(c)
			s.run("up", "-d")
			s.wantChanged(c, before)
			s.converged("up", "-d")
			s.run("down", "-v")
			s.wantNothingLeft()
		})
	}
}

// wantAdopted holds the plan to the changes of the case.
func (s *sandbox) wantAdopted(c adoptCase) {
	s.t.Helper()
	var got []string
	for _, change := range s.plan().Changes {
		if change.Verb == "build" || len(change.If) > 0 {
			continue
		}
		words := []string{change.Verb, s.short(change.Name)}
		for _, r := range change.Reasons {
			if r.Field != "" {
				words = append(words, r.Field)
			}
		}
		got = append(got, strings.Join(words, " "))
	}
	want := s.filled(c.changes)
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		s.t.Errorf("planned %q, want %q", got, want)
	}
}

// short is a container's name without project and number.
func (s *sandbox) short(name string) string {
	name = strings.TrimPrefix(name, s.name+"-")
	return strings.TrimRight(strings.TrimRight(name, "0123456789"), "-")
}

// wantChanged holds the containers to be the same, but for those that a case
// replaces.
func (s *sandbox) wantChanged(c adoptCase, before map[string]string) {
	s.t.Helper()
	replaced := map[string]bool{}
	for _, change := range c.changes {
		words := strings.Fields(change)
		replaced[words[1]] = words[0] == "replace"
	}
	after := s.ids()
	for name, id := range before {
		if changed := after[name] != id; changed != replaced[s.short(name)] {
			s.t.Errorf("%s: new container: %t, want %t", name, changed, replaced[s.short(name)])
		}
	}
}

// wantNothingLeft holds the project to have left nothing on the engine.
func (s *sandbox) wantNothingLeft() {
	s.t.Helper()
	for _, list := range [][]string{{"ps", "-a"}, {"network", "ls"}, {"volume", "ls"}} {
		if left := s.names(list...); len(left) > 0 {
			s.t.Errorf("docker %s: left: %q", strings.Join(list, " "), left)
		}
	}
}

// Data in named and in anonymous volumes outlives the day on which stack takes
// over.
func TestAdoptionKeepsData(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  db: {image: "${PROBE}", volumes: [data:/data, /scratch], environment: {LEVEL: info}}
volumes: {data: {}}
`)
	s.peer("up", "-d")
	s.run("exec", "-T", "db", "/probe", "write", "/data/note", "named")
	s.run("exec", "-T", "db", "/probe", "write", "/scratch/note", "nameless")
	s.edit("stack.yaml", "LEVEL: info", "LEVEL: debug")
	s.run("up", "-d")
	for path, want := range map[string]string{"/data/note": "named", "/scratch/note": "nameless"} {
		if got := s.run("exec", "-T", "db", "/probe", "cat", path).stdout; got != want {
			t.Errorf("%s says %q, want %q", path, got, want)
		}
	}
	s.run("down")
	if left := s.names("volume", "ls"); !slices.Equal(left, []string{s.name + "_data"}) {
		t.Errorf("down left the volumes %q", left)
	}
}

// What happens to an adopted container behind our back is mended like any
// other's, and the commands that need no plan work on it.
func TestAnAdoptedStackIsAStack(t *testing.T) {
	s := newSandbox(t, drifting)
	s.peer("up", "-d")
	before := s.ids()
	web := s.name + "-web-1"
	docker(t, "stop", web)
	docker(t, "network", "disconnect", s.name+"_one", web)
	docker(t, "update", "--memory", "128m", "--memory-swap", "256m", web)
	s.try("plan", "--exit-code").ended(2).says("mem_limit", "networks."+s.name+"_one", "start container "+web).changedNothing()
	s.run("up", "-d")
	if after := s.ids(); !maps.Equal(before, after) {
		t.Errorf("mending made %v of %v", after, before)
	}
	s.converged("up", "-d")
	s.run("ps").says(web, "running|Up")
	s.run("logs", "web")
	s.run("stop")
	s.run("start")
	s.run("down")
	s.wantNothingLeft()
}

// The other way round: docker compose lists and removes what stack made.
func TestDockerComposeSeesWhatStackMade(t *testing.T) {
	s := newSandbox(t, drifting)
	s.run("up", "-d")
	for _, service := range []string{"web", "other"} {
		if list := s.peer("ps", "--format", "{{.Name}} {{.State}}"); !strings.Contains(list, s.name+"-"+service+"-1 running") {
			t.Errorf("docker compose ps does not list %s:\n%s", service, list)
		}
	}
	s.peer("down")
	s.wantNothingLeft()
}
