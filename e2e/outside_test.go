//go:build e2e

package e2e_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// provided is a service that depends on one that a program of the user's
// provides; the program's words are docker compose's protocol.
const provided = `
-- compose.yaml --
services:
  db:
    provider: {type: PROJECT-cloud, options: {size: 3}}
  web: {image: "${PROBE}", depends_on: [db], command: [-address, ":8080"]}
  other: {image: "${PROBE}", command: [-address, ":8081"]}
-- bin/PROJECT-cloud --
#!/bin/sh
echo "$*" >>calls
case "$3" in up)
  echo '{"type":"setenv","message":"URL=db://first"}'
  echo '{"type":"rawsetenv","message":"TOKEN=sesame"}';;
esac
case "$2" in metadata) echo '{"description":"d","up":{"parameters":[{"name":"size"}]},"down":{},"stop":{}}';; esac
`

func (s *sandbox) programs() {
	s.t.Helper()
	bin := filepath.Join(s.dir, "bin")
	if err := os.Rename(filepath.Join(bin, "PROJECT-cloud"), filepath.Join(bin, s.name+"-cloud")); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(bin, s.name+"-cloud"), 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.env = append(s.env, "PATH="+bin+":"+os.Getenv("PATH"))
}

func (s *sandbox) called() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "calls"))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.NewReplacer(s.name, "PROJECT", "compose metadata\n", "").Replace(string(text))
}

func TestAProviderGivesItsVariables(t *testing.T) {
	s := newSandbox(t, provided)
	s.try("up", "-d").ended(1).says(`compose.yaml:3:22: services.db.provider.type: there is no program `+s.name+"-cloud", "hint: put .* into PATH").changedNothing()
	s.programs()
	s.run("up", "-d")
	if got := s.container("web").Config.Env; len(got) == 0 || !strings.Contains(strings.Join(got, " "), "DB_URL=db://first") || !slices.Contains(got, "TOKEN=sesame") {
		t.Errorf("web has %v", got)
	}
	s.converged("up", "-d")
	s.try("plan", "--exit-code").ended(0).changedNothing()
	before := s.container("other").ID
	s.edit("bin/"+s.name+"-cloud", "first", "second")
	s.run("up", "-d")
	if got := strings.Join(s.container("web").Config.Env, " "); !strings.Contains(got, "DB_URL=db://second") || s.container("other").ID != before {
		t.Errorf("web has %s, other is %s, was %s", got, s.container("other").ID, before)
	}
	s.run("up", "-d", "other")
	s.try("plan", "db").ended(0).says("nothing to do").changedNothing()
	s.try("ps", "db").ended(0)
	s.run("up", "-d", "db")
	s.run("stop")
	s.run("down")
	up := "compose --project-name=PROJECT up --size=3 db\n"
	if got, want := s.called(), up+up+up+up+"compose --project-name=PROJECT stop db\ncompose --project-name=PROJECT down db\n"; got != want {
		t.Errorf("the provider was called\n%s\nwant\n%s", got, want)
	}
}

func TestAModelWithoutARunnerIsAnError(t *testing.T) {
	s := newSandbox(t, `
-- compose.yaml --
services:
  web: {image: "${PROBE}", models: {llm: {endpoint_var: URL, model_var: NAME}}}
models: {llm: {name: small, model: ai/smollm2, context_size: 4096, runtime_flags: [--verbose]}}
`)
	s.env = append(s.env, "DOCKER_CONFIG="+t.TempDir())
	s.try("up", "-d").ended(1).says("compose.yaml:3:36: models.llm: there is no program docker-model", "hint: install Docker Model Runner").changedNothing()
}

// The runner's plugin is one of our own here, which takes its words as the real
// one does.
func TestAModelGivesItsVariables(t *testing.T) {
	s := newSandbox(t, `
-- compose.yaml --
services:
  list: {image: "${PROBE}", models: [my-llm], command: [-address, ":8080"]}
  named: {image: "${PROBE}", models: {my-llm: {endpoint_var: URL, model_var: NAME}}, command: [-address, ":8081"]}
models: {my-llm: {model: ai/smollm2, context_size: 4096}}
-- config/cli-plugins/docker-model --
#!/bin/sh
echo "$*" >>calls
case "$1" in
  status) echo '{"running":true,"endpoint":"http://runner/v1/"}';;
  inspect) test -e pulled;;
  pull) echo pulling; touch pulled;;
esac
`)
	if err := os.Chmod(filepath.Join(s.dir, "config", "cli-plugins", "docker-model"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.env = append(s.env, "DOCKER_CONFIG="+filepath.Join(s.dir, "config"))
	s.run("up", "-d")
	for service, want := range map[string][]string{
		"list": {"MY_LLM_URL=http://runner/v1/", "MY_LLM_MODEL=ai/smollm2"}, "named": {"URL=http://runner/v1/", "NAME=ai/smollm2"},
	} {
		env := s.container(service).Config.Env
		for _, variable := range want {
			if !slices.Contains(env, variable) {
				t.Errorf("%s has %q, and not %s", service, env, variable)
			}
		}
	}
	s.converged("up", "-d")
	s.try("plan", "--exit-code").ended(0).changedNothing()
	again := "status --json\ninspect ai/smollm2\nconfigure --context-size 4096 ai/smollm2\n"
	first := strings.Replace(again, "configure", "pull ai/smollm2\nconfigure", 1)
	if got, want := s.called(), first+again; got != want {
		t.Errorf("the runner was called\n%s\nwant\n%s", got, want)
	}
}
