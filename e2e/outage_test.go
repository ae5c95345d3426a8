//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
	"time"
)

// served is a front of real nginx, and what it stands before. Its image is that
// of the example's front, so that the engine makes it once.
const served = `
-- front/Dockerfile --
FROM debian:bookworm-slim

RUN apt-get update \
 && apt-get install -y --no-install-recommends curl nginx-light \
 && rm -rf /var/lib/apt/lists/*

CMD ["nginx", "-g", "daemon off;"]
-- nginx.conf --
worker_processes 1;
error_log /dev/stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  resolver 127.0.0.11 valid=1s ipv6=off;
  server {
    listen 80;
    location / {
      set $back http://back:8080;
      proxy_pass $back;
      proxy_connect_timeout 1s;
    }
  }
}
`

const threeTier = served + `
-- stack.yaml --
services:
  front:
    build: ./front
    ports: ["127.0.0.1:${FRONT_PORT}:80"]
    configs: [{source: nginx, target: /etc/nginx/nginx.conf}]
    stop_signal: SIGKILL
    depends_on: [back]
  back:
    image: ${PROBE}
    command: [-relay, "http://db:8080/"]
    depends_on: {db: {condition: service_healthy}}
  db:
    image: ${PROBE}
    healthcheck: {test: [CMD, /probe, health], interval: 1h}
configs: {nginx: {file: nginx.conf}}
`

// newServed brings up a stack with a front.
func newServed(t *testing.T, files string) *sandbox {
	t.Helper()
	s := newSandbox(t, files)
	s.env = []string{"FRONT_PORT=" + freePort(t)}
	s.patience = 10 * time.Minute // the first build brings nginx
	s.run("up", "-d", "--wait")
	return s
}

func (s *sandbox) front(path string) string {
	return "http://127.0.0.1:" + s.value("FRONT_PORT") + path
}

// outages are new versions that are no good, and what must be said about them.
var outages = []struct {
	name, to string
	says     []string
	stops    bool // the old one has to make way before it is known
}{
	{"cannot start", `entrypoint: [/nonexistent]`, []string{"nonexistent", "the one that it was to replace is back"}, true},
	{"never healthy", "command: [-unhealthy]\n    healthcheck: {test: [CMD, /probe, health], interval: 300ms, retries: 2}",
		[]string{"unhealthy", "(?s)its last health probe said:.*503", "the one that it was to replace is back"}, true},
	{"exits after half a second", `command: [-exit, "4", -exit-after, 500ms]`,
		[]string{"exit code 4", "its last lines:\n.*serving", "the one that it was to replace is back"}, true},
	{"image missing", `image: stack-e2e-missing:1`, []string{"stack-e2e-missing:1"}, false},
}

// A new version of the service in the middle fails, in several ways, while
// requests go through the front to the database. They fail at most between the
// stop of the old one and its return.
func TestAFailingVersionUnderLoad(t *testing.T) {
	s := newServed(t, threeTier)
	stopped := s.noteStops()
	was := s.container("back")
	good := "image: ${PROBE}\n    command: [-relay, \"http://db:8080/\"]"
	for _, o := range outages {
		to := "image: ${PROBE}\n    " + o.to
		if strings.HasPrefix(o.to, "image:") {
			to = o.to + "\n    command: [-relay, \"http://db:8080/\"]"
		}
		part(t, s, o.name, func(t *testing.T) {
			s.edit("stack.yaml", good, to)
			l := newLoad(t, s.front("/relay"))
			begun := time.Now()
			r := s.try("up", "-d").ended(1).says(append(o.says, "error: .*"+s.name+"-back-1|error: .*stack-e2e-missing")...)
			s.edit("stack.yaml", to, good)
			s.wantSame(was, s.container("back"))
			gap := s.gap(stopped, was.ID, begun, o.stops)
			s.servesAfter(l, gap)
			wantOnlyWithin(t, o.name+" ("+r.took.Round(time.Millisecond).String()+")", l.over(), gap...)
		})
	}
	s.converged("up", "-d")
	if n := len(s.containers()); n != 3 {
		t.Errorf("there are %d containers", n)
	}
}

// part has a part of a test report for itself.
func part(t *testing.T, s *sandbox, name string, do func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { s.within(t, do) })
}

// gap is from the stop of a container to its return. One that need not stop must
// not have been stopped.
func (s *sandbox) gap(stopped func(string) span, id string, since time.Time, stops bool) []span {
	s.t.Helper()
	at := stopped(id).from
	if at.After(since) != stops {
		s.t.Fatalf("last stopped at %s, where the run began at %s", at, since)
	}
	if !stops {
		return nil
	}
	return []span{{at, said(s.t, id, "ready", at)}}
}

// servesAfter returns when the load has been answered after the gaps.
func (s *sandbox) servesAfter(l *load, gaps []span) {
	s.t.Helper()
	end := time.Now()
	for _, g := range gaps {
		if g.to.After(end) {
			end = g.to
		}
	}
	limit := time.After(deadline)
	for !l.answeredAfter(end) {
		select {
		case <-limit:
			s.t.Fatalf("no request was answered after %s", end)
		case <-time.After(every):
		}
	}
}

func (l *load) answeredAfter(at time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.all {
		if r.err == nil && r.begun.After(at) {
			return true
		}
	}
	return false
}
