//go:build e2e

package e2e_test

import (
	"maps"
	"strings"
	"testing"
)

// builds is a job that is built, a service that depends on its outcome, and
// one that has nothing to do with it.
const builds = `
-- stack.yaml --
services:
  train:
    build: {context: train, args: {BASE: "${PROBE}"}}
    command: [cat, /recipe]
  model:
    image: ${PROBE}
    depends_on: {train: {condition: service_completed_successfully, restart: true}}
    deploy: {replicas: 2}
  page:
    build: {context: page, args: {BASE: "${PROBE}"}}
-- train/Dockerfile --
ARG BASE
FROM ${BASE}
COPY recipe /recipe
-- train/recipe --
first
-- page/Dockerfile --
ARG BASE
FROM ${BASE}
COPY page.html /page.html
-- page/page.html --
<p>
`

func TestBuildOfTheSameContextChangesNothing(t *testing.T) {
	s := newSandbox(t, builds)
	s.run("up", "-d")
	before := s.ids()
	s.converged("up", "-d")
	s.run("up", "-d", "--build")
	if after := s.ids(); !maps.Equal(before, after) {
		t.Errorf("up --build made %v of %v", after, before)
	}
}

func TestBuildOfAChangedContextReplacesWhatFollows(t *testing.T) {
	s := newSandbox(t, builds)
	s.run("up", "-d")
	before, job := s.ids(), s.container("train")
	s.edit("train/recipe", "first", "second")
	s.wantGuarded(map[string]string{
		"build image " + s.name + "-train":         "",
		"build image " + s.name + "-page":          "",
		"run container " + s.name + "-train-1":     s.name + "-train",
		"replace container " + s.name + "-page-1":  s.name + "-page",
		"replace container " + s.name + "-model-1": s.name + "-train",
		"replace container " + s.name + "-model-2": s.name + "-train",
	})
	s.run("up", "-d", "--build")
	after := s.ids()
	for _, name := range []string{"-train-1", "-model-1", "-model-2"} {
		if before[s.name+name] == after[s.name+name] {
			t.Errorf("%s is the old one", name)
		}
	}
	if before[s.name+"-page-1"] != after[s.name+"-page-1"] {
		t.Error("page was replaced, with nothing changed")
	}
	again := s.container("train")
	if got := s.run("logs", "--no-log-prefix", "train").stdout; got != "second\n" || again.State.ExitCode != 0 {
		t.Errorf("the job said %q and exited with %d", got, again.State.ExitCode)
	}
	if !again.State.StartedAt.After(job.State.StartedAt) || s.container("model").State.StartedAt.Before(again.State.FinishedAt) {
		t.Error("model did not start after the new job's end")
	}
	s.converged()
}

// wantGuarded holds plan --build to changes, each with the images on whose
// change it depends.
func (s *sandbox) wantGuarded(want map[string]string) {
	s.t.Helper()
	got := map[string]string{}
	for _, c := range s.plan("--build").Changes {
		var images []string
		for _, guard := range c.If {
			images = append(images, guard.Image)
		}
		got[c.Verb+" "+c.Object+" "+c.Name] = strings.Join(images, " ")
	}
	if !maps.Equal(got, want) {
		s.t.Errorf("plan --build says %q, want %q", got, want)
	}
	s.run("plan", "--build").says("if the image changes").changedNothing()
}

func TestBuildFailureTouchesNothingElse(t *testing.T) {
	s := newSandbox(t, builds)
	s.run("up", "-d")
	before := s.ids()
	s.edit("page/Dockerfile", "COPY page.html", "COPY missing.html")
	s.edit("train/recipe", "first", "second")
	s.try("up", "-d", "--build").ended(1).says(s.name+"-page", "missing.html")
	if after := s.ids(); after[s.name+"-page-1"] != before[s.name+"-page-1"] {
		t.Error("page was replaced, although its build failed")
	}
}

func TestBuildNamesAndKeepsImages(t *testing.T) {
	s := newSandbox(t, builds)
	s.run("build")
	for _, image := range []string{"-train", "-page"} {
		docker(t, "image", "inspect", s.name+image)
	}
	if got := s.containers(); len(got) > 0 {
		t.Errorf("build made %d containers", len(got))
	}
	s.try("up", "-d", "--no-build").ended(0)
	s.run("down", "--rmi", "local")
	if left := tryDocker("images", "-q", "--filter", "reference="+s.name+"-*"); left != "" {
		t.Errorf("down --rmi local left %s", left)
	}
	s.try("up", "-d", "--no-build").ended(1).says(s.name + "-(train|page)").changedNothing()
}
