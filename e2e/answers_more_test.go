//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// sameEvents compares what both programs tell of the same seconds, in which a
// healthcheck ran. Docker compose ends with an error at the end of the span.
func (s *sandbox) sameEvents() {
	s.t.Helper()
	for line, read := range map[string]func(string) string{
		"events --json db web": func(text string) string { return values(s.t, text) },
		"events":               attributesInOrder,
	} {
		var want, got string
		var ours answer
		for range 5 { // the engine forgets, for one of them sooner than for the other
			var theirs answer
			now := time.Now()
			theirs, ours = s.bothAnswer(fmt.Sprintf("%s --since %d --until %d", line, now.Add(-4*time.Second).Unix(), now.Unix()))
			if want, got = read(theirs.text), read(ours.text); want == got {
				break
			}
		}
		if want != got || ours.code != 0 || !strings.Contains(got, "exec_start") {
			s.t.Errorf("%s ends with %d\n--- docker compose ---\n%s--- stack ---\n%s%s", line, ours.code, want, got, ours.said)
		}
	}
}

// attributesInOrder puts what stands in parentheses in one order.
func attributesInOrder(text string) string {
	return regexp.MustCompile(`\(.*\)`).ReplaceAllStringFunc(text, func(list string) string {
		return strings.Join(slices.Sorted(slices.Values(strings.Split(strings.Trim(list, "()"), ", "))), ", ")
	})
}

// TestWhatGoesOnIsToldUntilAnInterrupt has events and measurements of what comes,
// and none of another service.
func TestWhatGoesOnIsToldUntilAnInterrupt(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web: {image: "${PROBE}"}
  db: {image: "${PROBE}"}
`)
	s.run("up", "-d")
	events, stats := s.begin("events", "--json", "web"), s.begin("stats", "--format", "{{.Name}}")
	stats.await(`(?s)(web-1\n.*){2}`) // and so are the events begun with
	docker(t, "restart", "-t", "1", s.name+"-db-1", s.name+"-web-1")
	events.await(`"action":"start"`)
	for _, p := range []*process{events, stats} {
		p.signal(os.Interrupt)
		r := p.wait().ended(130)
		r.changedNothing()
		if strings.Contains(r.stdout, `"service":"db"`) {
			t.Errorf("events of web: %s", r.stdout)
		}
	}
}

func TestDigestsOfImagesAreThoseOfDockerCompose(t *testing.T) {
	s := newSandbox(t, `
-- compose.yaml --
services:
  web: {image: HOST/PROJECT-web:1, volumes: [data:/data]}
  built: {build: .}
volumes: {data: {}}
`)
	host := registry(t)
	image := host + "/" + s.name + "-web:1"
	docker(t, "tag", probeImage, image)
	t.Cleanup(func() { tryDocker("rmi", image) })
	docker(t, "push", image)
	s.edit("compose.yaml", "HOST", host)
	for _, line := range []string{"config --resolve-image-digests", "config --lock-image-digests", "config --resolve-image-digests --format json"} {
		s.answersAlike("yaml", line)
		if _, ours := s.bothAnswer(line); !strings.Contains(ours.text, image+"@sha256:") {
			t.Errorf("%s: no digest in\n%s", line, ours.text)
		}
	}
	s.edit("compose.yaml", "-web:1", "-web:2")
	s.try("config", "--resolve-image-digests").ended(1).says("service web: digest of image")
}
