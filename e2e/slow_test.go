//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
	"time"
)

const slowModel = served + `
-- stack.yaml --
x-level: &level "1"
services:
  front:
    build: ./front
    ports: ["127.0.0.1:${FRONT_PORT}:80"]
    configs: [{source: nginx, target: /etc/nginx/nginx.conf}]
    stop_signal: SIGKILL
    depends_on: [back]
  back:
    image: ${PROBE}
    command: [-relay, "http://model:8080/health"]
    environment: {LEVEL: *level}
    depends_on: {model: {condition: service_healthy}}
    healthcheck: {test: [CMD, /probe, health], interval: 1h}
  model:
    image: ${PROBE}
    command: [-ready-after, "0s"]
    environment: {LEVEL: *level}
    healthcheck: {test: [CMD, /probe, health], interval: 1h}
    deploy: {update_config: {order: stop-first}}
configs: {nginx: {file: nginx.conf}}
`

// loading is how long the new model takes until it is ready.
const loading = 10 * time.Second

// A service and the model that it depends on are replaced together. The new
// model takes long to load: the old service answers until it is ready, and is
// gone for its own swap only.
func TestAServiceServesWhileWhatItNeedsLoads(t *testing.T) {
	s := newServed(t, slowModel)
	stopped := s.noteStops()
	back, was := s.container("back"), s.container("model")
	l := newLoad(t, s.front("/"))
	through := newLoad(t, s.front("/relay"))
	s.loadSlowly()
	gap, model, loaded := s.swaps(stopped, back.ID, was.ID)
	s.servesAfter(l, []span{gap})
	s.servesAfter(through, []span{gap})
	wantOnlyWithin(t, "the service", l.over(), gap)
	models := span{model.from, loaded}
	wantOnlyWithin(t, "through to the model, which is stopped first", through.over(), gap, models)
	s.converged("up", "-d")
}

// With start-first the old model answers too while the new one loads.
func TestAModelServesWhileItsSuccessorLoads(t *testing.T) {
	s := newServed(t, strings.Replace(slowModel, "order: stop-first", "order: start-first", 1))
	stopped := s.noteStops()
	back, model := s.container("back"), s.container("model")
	l := newLoad(t, s.front("/relay"))
	s.loadSlowly()
	gap, old, loaded := s.swaps(stopped, back.ID, model.ID)
	if old.from.Before(loaded) {
		t.Errorf("the old model was stopped %s before the new one was ready", loaded.Sub(old.from))
	}
	s.servesAfter(l, []span{gap, old})
	wantOnlyWithin(t, "through to the model, which is started first", l.over(), gap, old)
	s.converged("up", "-d")
}

func (s *sandbox) loadSlowly() {
	s.t.Helper()
	s.edit("stack.yaml", `&level "1"`, `&level "2"`)
	s.edit("stack.yaml", `[-ready-after, "0s"]`, `[-ready-after, "`+loading.String()+`"]`)
	s.run("up", "-d", "--wait")
}

// swaps are the gap of the service, from the stop of the old one until the new
// one is ready, when the old model was being stopped, and when the new one was
// ready. The gap must begin after that.
func (s *sandbox) swaps(stopped func(string) span, back, model string) (gap, models span, loaded time.Time) {
	s.t.Helper()
	loaded = said(s.t, s.container("model").ID, "ready", time.Time{})
	gap = span{stopped(back).from, said(s.t, s.container("back").ID, "ready", time.Time{})}
	if gap.from.Before(loaded) {
		s.t.Errorf("back was stopped %s before the model was ready", loaded.Sub(gap.from))
	}
	if load := loaded.Sub(s.container("model").State.StartedAt); load < loading-time.Second {
		s.t.Errorf("the model was loaded in %s", load)
	}
	return gap, stopped(model), loaded
}
