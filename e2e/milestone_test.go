//go:build e2e

package e2e_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// threeServices is the smallest stack with all that milestone one names.
const threeServices = `
-- stack.yaml --
services:
  db:
    image: ${PROBE}
    command: [-ready-after, 300ms]
    volumes: [data:/data]
    healthcheck: {test: [CMD, /probe, health], interval: 1s}
  back:
    image: ${PROBE}
    environment: {LEVEL: info}
    depends_on: {db: {condition: service_healthy}}
  front:
    image: ${PROBE}
    depends_on: [back]
volumes:
  data: {}
`

func TestThreeServicesComeUpInOrderAndStay(t *testing.T) {
	s := newSandbox(t, threeServices)
	s.run("up", "-d")
	db, back, front := s.container("db"), s.container("back"), s.container("front")
	for _, c := range []container{db, back, front} {
		if c.State.Status != "running" {
			t.Errorf("%s is %s", c.Name, c.State.Status)
		}
	}
	if wait := back.State.StartedAt.Sub(db.State.StartedAt); wait < 300*time.Millisecond {
		t.Errorf("back started %s after db, which took 300ms to become healthy", wait)
	}
	if front.State.StartedAt.Before(back.State.StartedAt) {
		t.Error("front started before back, which it depends on")
	}
	if i := slices.IndexFunc(db.Mounts, func(m mount) bool { return m.Name == s.name+"_data" && m.Destination == "/data" && m.RW }); i < 0 {
		t.Errorf("db mounts %+v, not the volume", db.Mounts)
	}
	if got := strings.TrimSpace(s.run("exec", "-T", "front", "/probe", "get", "http://back:8080/").stdout); got != back.Config.Hostname {
		t.Errorf("front reaches %q as back, want %q", got, back.Config.Hostname)
	}
	s.converged("up", "-d", "--wait")
	if got := map[string]string{db.Name: db.ID, back.Name: back.ID, front.Name: front.ID}; !maps.Equal(got, s.ids()) {
		t.Errorf("the second up made %v of %v", s.ids(), got)
	}
}

func TestObjectsAreNamedAndLabelledAsDockerComposeDoes(t *testing.T) {
	s := newSandbox(t, threeServices)
	s.run("up", "-d")
	back := s.container("back")
	for label, want := range map[string]string{
		"com.docker.compose.project":              s.name,
		"com.docker.compose.service":              "back",
		"com.docker.compose.container-number":     "1",
		"com.docker.compose.oneoff":               "False",
		"com.docker.compose.project.working_dir":  s.dir,
		"com.docker.compose.project.config_files": s.dir + "/stack.yaml",
	} {
		if got := back.Config.Labels[label]; got != want {
			t.Errorf("label %s is %q, want %q", label, got, want)
		}
	}
	if back.Config.Labels["com.docker.compose.config-hash"] == "" {
		t.Error("without a config-hash docker compose shows nothing")
	}
	if got := back.NetworkSettings.Networks[s.name+"_default"].Aliases; !slices.Contains(got, "back") {
		t.Errorf("aliases %q lack the service's name", got)
	}
	if got := s.names("network", "ls"); !slices.Equal(got, []string{s.name + "_default"}) {
		t.Errorf("networks %q", got)
	}
	if got := s.names("volume", "ls"); !slices.Equal(got, []string{s.name + "_data"}) {
		t.Errorf("volumes %q", got)
	}
}

func TestSecondUpChangesNothing(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    command: [-ready-after, 1h]
    ports: ["8080"]
    networks: {front: {aliases: [www]}, back: {}}
    secrets: [key, {source: owned, target: /tmp/owned, uid: "7", mode: 0400}]
    configs: [settings, {source: written, target: /tmp/written}]
    env_file: web.env
    volumes: [/data, named:/named, ./site:/site:ro]
    healthcheck: {test: [CMD, /probe, health], interval: 1s, start_period: 1h}
    deploy: {replicas: 2, resources: {limits: {cpus: "0.5", memory: 64M, pids: 100}}}
    restart: unless-stopped
    cap_add: [NET_ADMIN]
    ulimits: {nofile: 1000}
    tmpfs: [/scratch]
    extra_hosts: ["other:10.0.0.1"]
    stop_grace_period: 1s
    depends_on: {job: {condition: service_completed_successfully}}
  job:
    image: ${PROBE}
    command: [exit, "0"]
networks: {front: {}, back: {internal: true, labels: {who: us}}}
volumes: {named: {labels: {who: us}}}
secrets: {key: {file: key}, owned: {file: key}}
configs: {settings: {file: settings}, written: {content: "hello"}}
-- key --
open sesame
-- settings --
level = high
-- web.env --
GREETING=hello
-- site/index.html --
<p>
`)
	s.run("up", "-d")
	before := s.ids()
	for _, c := range s.containers() {
		if c.Config.Labels["com.docker.compose.service"] == "web" && c.State.Health.Status != "starting" {
			t.Errorf("%s is %s, where this test wants it still starting", c.Name, c.State.Health.Status)
		}
	}
	s.converged("up", "-d")
	if !maps.Equal(before, s.ids()) {
		t.Errorf("the second up made %v of %v", s.ids(), before)
	}
}

func TestSecondUpWaitsWithoutChanging(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    command: [-ready-after, 3s]
    healthcheck: {test: [CMD, /probe, health], interval: 1h}
`)
	s.run("up", "-d")
	s.run("up", "-d", "--wait").changedNothing()
	if got := s.run("exec", "-T", "web", "/probe", "get", "http://127.0.0.1:8080/health").stdout; got != "ok\n" {
		t.Errorf("after --wait /health says %q", got)
	}
}

func TestUpDryRunChangesNothing(t *testing.T) {
	s := newSandbox(t, threeServices)
	s.run("up", "-d", "--dry-run").changedNothing()
	s.try("plan", "--exit-code").ended(2).says("create", s.name+"-front-1", "missing").changedNothing()
	if got := s.containers(); len(got) > 0 {
		t.Errorf("a dry run made %d containers", len(got))
	}
}
