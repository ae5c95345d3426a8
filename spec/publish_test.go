package spec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stackfile/stack/spec"
)

func TestPublishMergesAndNamesWhatOthersWouldSee(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"stack.yaml": `
name: app
include: [more.yaml]
services:
  web:
    image: web:${TAG:-1}
    env_file: [web.env, {path: none.env, required: false}]
    environment: {A: "1", API_TOKEN: hunter2, B: "${B}", C: }
    volumes: ["./data:/data", "kept:/kept"]
    x-stack: {on_failure: stop}
  built: {build: ., profiles: [debug]}
  quiet: {image: web, environment: [NAMED], secrets: [s]}
configs: {c: {environment: NAMED}}
secrets: {s: {environment: NAMED}}
volumes: {kept: {}}
`,
		"more.yaml": "services: {db: {image: \"db:16\"}}\n",
		"web.env":   "D=4\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := spec.Publish(t.Context(), spec.LoadOptions{Dir: dir, Env: map[string]string{"NAMED": "value of this machine"}}, dir)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(p.Text), "value of this machine") {
		t.Errorf("the value of a variable is published:\n%s", p.Text)
	}
	for what, lists := range map[string][2]string{
		"binds":       {strings.Join(p.Binds, "\n"), "service web: ./data at /data"},
		"environment": {strings.Join(p.Environment, "\n"), "service web: A=1\nservice web: API_TOKEN=(secret)\nservice web: B=${B}\nconfig c: NAMED"},
		"secret":      {strings.Join(p.Secret, "\n"), "services.web.environment.API_TOKEN"},
		"env files":   {strings.Join(p.EnvFilesOf, "\n"), "web"},
		"unnamed":     {strings.Join(p.Unnamed, "\n"), "built"},
	} {
		if lists[0] != lists[1] {
			t.Errorf("%s: %q, want %q", what, lists[0], lists[1])
		}
	}
	text := string(p.Text)
	for _, part := range []string{"web:${TAG:-1}", "db:16", "on_failure: stop", "./data", "none.env"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
	for name, content := range p.EnvFiles {
		if string(content) != "D=4\n" || !strings.Contains(text, name) || len(p.EnvFiles) != 1 {
			t.Errorf("env files %q, and the file\n%s", p.EnvFiles, text)
		}
	}
}

func TestPublishMissesAnEnvFile(t *testing.T) {
	dir := t.TempDir()
	text := "services: {web: {image: web, env_file: gone.env}}\n"
	if err := os.WriteFile(filepath.Join(dir, "stack.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := spec.Publish(t.Context(), spec.LoadOptions{Dir: dir}, dir); err == nil || !strings.Contains(err.Error(), "gone.env") {
		t.Errorf("got %v", err)
	}
}
