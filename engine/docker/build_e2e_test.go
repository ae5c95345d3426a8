//go:build e2e

package docker

import (
	"archive/tar"
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"golang.org/x/crypto/ssh"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

const debian = "debian:bookworm-slim"

// imageEngine opens the real engine, and names an image of this test's own,
// which goes when the test ends.
func imageEngine(t *testing.T, opts Options) (*Engine, string) {
	t.Helper()
	opts.Host = os.Getenv("DOCKER_HOST")
	e, err := Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	ref := "stack-image-test/" + strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-")) + ":latest"
	t.Cleanup(func() {
		dropImage(t, e, ref)
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e, ref
}

func dropImage(t *testing.T, e *Engine, ref string) {
	t.Helper()
	if err := e.RemoveImage(context.Background(), engine.RemoveImage{Image: ref}); err != nil {
		t.Error(err)
	}
}

// needDebian skips what has to run a program while it builds.
func needDebian(t *testing.T, e *Engine) {
	t.Helper()
	if _, err := e.client.ImageInspect(t.Context(), debian); err != nil {
		t.Skipf("%s is not on the engine (scripts/setup brings it): %v", debian, err)
	}
}

// folder writes files, by their path.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// build builds, and gives the image ID and all that was reported.
func build(t *testing.T, e *Engine, ref string, b spec.Build) (string, []plan.Progress) {
	t.Helper()
	var seen []plan.Progress
	out, err := e.BuildImage(t.Context(), engine.BuildImage{Image: ref, Build: b}, func(p plan.Progress) { seen = append(seen, p) })
	if err != nil {
		t.Fatal(err)
	}
	found, err := e.client.ImageInspect(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if out.ImageID != found.ID {
		t.Errorf("outcome says %s, the engine %s", out.ImageID, found.ID)
	}
	// The next build takes its name away, and it would stay without one.
	t.Cleanup(func() {
		_, err := e.client.ImageRemove(context.Background(), found.ID, image.RemoveOptions{Force: true})
		if err != nil && !errdefs.IsNotFound(err) {
			t.Error(err)
		}
	})
	return out.ImageID, seen
}

// content lists the files of an image, by path.
func content(t *testing.T, e *Engine, ref string) map[string]string {
	t.Helper()
	made, err := e.client.ContainerCreate(t.Context(), &container.Config{Image: ref, Cmd: []string{"none"}}, nil, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.client.ContainerRemove(context.Background(), made.ID, container.RemoveOptions{}); err != nil {
			t.Error(err)
		}
	}()
	stream, err := e.client.ContainerExport(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	return untar(t, stream)
}

func untar(t *testing.T, stream io.Reader) map[string]string {
	t.Helper()
	out := map[string]string{}
	for r := tar.NewReader(stream); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg || h.Size == 0 {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[h.Name] = string(text)
	}
}

func TestABuildFromTheCacheGivesTheSameImage(t *testing.T) {
	e, ref := imageEngine(t, Options{})
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\nLABEL made=here\nCOPY a /a\n", "a": "one"})
	first, _ := build(t, e, ref, spec.Build{Context: dir})
	again, seen := build(t, e, ref, spec.Build{Context: dir})
	if first != again {
		t.Errorf("image %s, then %s", first, again)
	}
	if !slices.ContainsFunc(seen, func(p plan.Progress) bool { return strings.Contains(p.Text, "COPY a /a (cached)") }) {
		t.Errorf("no step is said to come from the cache: %v", seen)
	}
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("two"), 0o644); err != nil {
		t.Fatal(err)
	}
	changed, _ := build(t, e, ref, spec.Build{Context: dir})
	if changed == first {
		t.Error("another content gives the same image")
	}
	if got := content(t, e, ref)["a"]; got != "two" {
		t.Errorf("a holds %q", got)
	}
}

func TestABuildReportsItsStepsAndOutput(t *testing.T) {
	e, ref := imageEngine(t, Options{})
	needDebian(t, e)
	dir := folder(t, map[string]string{"Dockerfile": "FROM " + debian + "\nRUN echo one; printf 'two'\n"})
	_, seen := build(t, e, ref, spec.Build{Context: dir, NoCache: true})
	var logs []string
	for _, p := range seen {
		if p.Log != "" {
			logs = append(logs, p.Log)
			if !strings.Contains(p.Text, "[2/2] RUN echo one") {
				t.Errorf("%q is told of step %q", p.Log, p.Text)
			}
		}
	}
	if !slices.Equal(logs, []string{"one", "two"}) {
		t.Errorf("output %q", logs)
	}
	last := seen[len(seen)-1]
	if last.Current != last.Total || last.Total < 2 {
		t.Errorf("ends with %+v", last)
	}
}

func TestABuildHonoursItsFields(t *testing.T) {
	e, ref := imageEngine(t, Options{})
	files := map[string]string{
		"Dockerfile":                  "FROM scratch AS one\nARG WHICH\nCOPY $WHICH /got\nFROM one AS two\nCOPY more /more\n",
		"x":                           "x",
		"y":                           "y",
		"more":                        "more",
		"all.dockerfile":              "FROM scratch\nCOPY . /\n",
		"other/all.dockerfile":        "FROM scratch\nCOPY . /all/\n",
		"plain/Dockerfile":            "FROM scratch\nCOPY . /\n",
		"plain/.dockerignore":         "*\n!keep\n",
		"plain/keep":                  "keep",
		"plain/leave":                 "leave",
		"all.dockerfile.dockerignore": "**\n!more\n",
	}
	dir := folder(t, files)
	cases := []struct {
		name  string
		build spec.Build
		want  map[string]string
	}{
		{"argument and target", spec.Build{Context: dir, Args: map[string]string{"WHICH": "y"}, Target: "one"}, map[string]string{"got": "y"}},
		{"last stage", spec.Build{Context: dir, Args: map[string]string{"WHICH": "x"}}, map[string]string{"got": "x", "more": "more"}},
		{"ignored", spec.Build{Context: filepath.Join(dir, "plain")}, map[string]string{"keep": "keep"}},
		{"ignored for one Dockerfile", spec.Build{Context: dir, Dockerfile: "all.dockerfile"}, map[string]string{"more": "more"}},
		{"Dockerfile outside", spec.Build{Context: filepath.Join(dir, "plain"), Dockerfile: filepath.Join(dir, "other", "all.dockerfile")}, map[string]string{"all/keep": "keep"}},
		{"inline", spec.Build{Context: dir, DockerfileInline: "FROM scratch\nCOPY x /inline\n"}, map[string]string{"inline": "x"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			build(t, e, ref, c.build)
			got := content(t, e, ref)
			for _, made := range []string{".dockerenv", "etc/hostname", "etc/hosts", "etc/resolv.conf"} {
				delete(got, made)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("image holds %v, want %v", got, c.want)
			}
		})
	}
}

func TestABuildPutsLabelsAndTags(t *testing.T) {
	e, ref := imageEngine(t, Options{})
	more := strings.Replace(ref, ":latest", ":more", 1)
	t.Cleanup(func() { dropImage(t, e, more) })
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
	id, _ := build(t, e, ref, spec.Build{Context: dir, Tags: []string{more}, Labels: map[string]string{engine.LabelService: "web"}})
	found, err := e.client.ImageInspect(t.Context(), more)
	if err != nil {
		t.Fatal(err)
	}
	if found.ID != id {
		t.Errorf("%s is %s, %s is %s", more, found.ID, ref, id)
	}
	if found.Config.Labels[engine.LabelService] != "web" {
		t.Errorf("labels %v", found.Config.Labels)
	}
}

func TestBuildsGoOnSideBySide(t *testing.T) {
	e, ref := imageEngine(t, Options{})
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\nARG N\nCOPY a$N /a\n", "a0": "0", "a1": "1", "a2": "2", "a3": "3"})
	var all sync.WaitGroup
	refs := make([]string, 4)
	for i := range refs {
		refs[i] = strings.Replace(ref, ":latest", fmt.Sprintf(":n%d", i), 1)
		t.Cleanup(func() { dropImage(t, e, refs[i]) })
		all.Go(func() {
			op := engine.BuildImage{Image: refs[i], Build: spec.Build{Context: dir, Args: map[string]string{"N": fmt.Sprint(i)}}}
			if _, err := e.BuildImage(t.Context(), op, func(plan.Progress) {}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, ref := range refs {
		if got := content(t, e, ref)["a"]; got != fmt.Sprint(i) {
			t.Errorf("%s holds %q", ref, got)
		}
	}
}

func TestAFailedBuildNamesItsStepAndShowsItsOutput(t *testing.T) {
	e, ref := imageEngine(t, Options{})
	needDebian(t, e)
	dir := folder(t, map[string]string{"Dockerfile": "FROM " + debian + "\nRUN echo before; echo cause >&2; exit 3\n"})
	_, err := e.BuildImage(t.Context(), engine.BuildImage{Image: ref, Build: spec.Build{Context: dir}}, func(plan.Progress) {})
	var failed *engine.BuildError
	if !errors.As(err, &failed) {
		t.Fatalf("%v", err)
	}
	if !strings.Contains(failed.Step, "[2/2] RUN echo before") || failed.Cause != "exit code: 3" {
		t.Errorf("step %q, cause %q", failed.Step, failed.Cause)
	}
	slices.Sort(failed.Logs) // two streams have no order between them
	if !slices.Equal(failed.Logs, []string{"before", "cause"}) {
		t.Errorf("output %q", failed.Logs)
	}
	t.Log(err)
}

func TestABadBuildSaysWhy(t *testing.T) {
	e, ref := imageEngine(t, Options{})
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY nowhere /\n", "bad": "FROM scratch\nWRONG\n"})
	cases := []struct {
		name  string
		build spec.Build
		want  string
	}{
		{"no context", spec.Build{Context: dir + "/none"}, "context: stat " + dir + "/none: no such file or directory"},
		{"context is a file", spec.Build{Context: dir + "/bad"}, "not a folder"},
		{"no Dockerfile", spec.Build{Context: dir, Dockerfile: "none"}, "dockerfile: stat " + dir + "/none: no such file or directory"},
		{"unknown instruction", spec.Build{Context: dir, Dockerfile: "bad"}, "unknown instruction: WRONG"},
		{"nothing to copy", spec.Build{Context: dir}, "nowhere"},
		{"no secret", spec.Build{Context: dir, Secrets: map[string]string{"key": dir + "/none"}}, `secret "key"`},
		{"unset secret", spec.Build{Context: dir, Secrets: map[string]string{"key": "env:NONE"}}, "environment variable NONE is not set"},
		{"a container's network", spec.Build{Context: dir, Network: "container:x"}, "not supported"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := e.BuildImage(t.Context(), engine.BuildImage{Image: ref, Build: c.build}, func(plan.Progress) {})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), `build image "`+ref+`": `) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			t.Log(err)
		})
	}
}

func TestABuildSeesItsSecrets(t *testing.T) {
	lookup := func(name string) (string, bool) { return "from " + name, name == "TOKEN" }
	e, ref := imageEngine(t, Options{Environment: lookup})
	needDebian(t, e)
	dir := folder(t, map[string]string{
		"Dockerfile": "FROM " + debian + "\nRUN --mount=type=secret,id=file --mount=type=secret,id=env cat /run/secrets/file /run/secrets/env | tr a-z A-Z >/seen\n",
		"key":        "from a file\n",
	})
	b := spec.Build{Context: dir, NoCache: true, Secrets: map[string]string{"file": filepath.Join(dir, "key"), "env": "env:TOKEN"}}
	build(t, e, ref, b)
	if got := content(t, e, ref)["seen"]; got != "FROM A FILE\nFROM TOKEN" {
		t.Errorf("the build saw %q", got)
	}
}

func TestABuildHasTheKeysOfItsAgent(t *testing.T) {
	e, ref := imageEngine(t, Options{})
	needDebian(t, e)
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t, map[string]string{
		"Dockerfile": "FROM " + debian + "\nRUN --mount=type=ssh test -S $SSH_AUTH_SOCK && echo there >/agent\n",
		"key":        string(pem.EncodeToMemory(block)),
	})
	build(t, e, ref, spec.Build{Context: dir, NoCache: true, SSH: map[string]string{"default": filepath.Join(dir, "key")}})
	if got := content(t, e, ref)["agent"]; got != "there\n" {
		t.Errorf("the build saw %q", got)
	}
}

// Engines before API 1.42 ignore these without a word, so there they are
// refused.
func TestABuildHonoursWhatOnlyNewerEnginesKnow(t *testing.T) {
	e, ref := imageEngine(t, Options{})
	needDebian(t, e)
	more := folder(t, map[string]string{"file": "named"})
	base := "FROM base\nCOPY --from=more file /named\nRUN cd /proc/self && grep 'open files' limits >/limits && grep /dev/shm mounts >/shm && cat /etc/hosts >/known\n"
	b := spec.Build{
		Context: t.TempDir(), DockerfileInline: base, NoCache: true, ShmSize: 8 << 20,
		Ulimits:            map[string]spec.Ulimit{"nofile": {Soft: 123, Hard: 456}},
		AdditionalContexts: map[string]string{"base": "docker-image://" + debian, "more": more},
		ExtraHosts:         []string{"host.docker.internal:host-gateway"},
	}
	if !e.recent(t) {
		_, err := e.BuildImage(t.Context(), engine.BuildImage{Image: ref, Build: b}, func(plan.Progress) {})
		if !errors.Is(err, engine.ErrUnsupported) {
			t.Errorf("%v", err)
		}
		return
	}
	build(t, e, ref, b)
	got := content(t, e, ref)
	want := map[string]string{"named": "named", "limits": "123", "shm": "size=8192k", "known": "host.docker.internal"}
	for file, part := range want {
		if !strings.Contains(got[file], part) {
			t.Errorf("%s holds %q, want %q", file, got[file], part)
		}
	}
}

func (e *Engine) recent(t *testing.T) bool {
	t.Helper()
	if _, err := e.Version(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e.atLeast("1.42")
}

func TestACancelledBuildEnds(t *testing.T) {
	e, ref := imageEngine(t, Options{})
	needDebian(t, e)
	dir := folder(t, map[string]string{"Dockerfile": "FROM " + debian + "\nRUN echo begun; sleep 600\n"})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var cancelled time.Time
	_, err := e.BuildImage(ctx, engine.BuildImage{Image: ref, Build: spec.Build{Context: dir, NoCache: true}}, func(p plan.Progress) {
		if p.Log == "begun" {
			cancelled = time.Now()
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	if took := time.Since(cancelled); took > 20*time.Second {
		t.Errorf("it took %s to end", took)
	}
	// The connection is shared, and serves the next build.
	next := folder(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
	build(t, e, ref, spec.Build{Context: next})
}

func TestAnImageInUseStays(t *testing.T) {
	e, ref := imageEngine(t, Options{})
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
	build(t, e, ref, spec.Build{Context: dir, Labels: map[string]string{"test": t.Name()}})
	made, err := e.client.ContainerCreate(t.Context(), &container.Config{Image: ref, Cmd: []string{"none"}}, nil, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	err = e.RemoveImage(t.Context(), engine.RemoveImage{Image: ref})
	if !errors.Is(err, engine.ErrConflict) {
		t.Errorf("removing it while in use: %v", err)
	}
	if err := e.client.ContainerRemove(t.Context(), made.ID, container.RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is gone already
		if err := e.RemoveImage(t.Context(), engine.RemoveImage{Image: ref}); err != nil {
			t.Error(err)
		}
	}
	if _, err := e.client.ImageInspect(t.Context(), ref); err == nil {
		t.Error("it is still there")
	}
}
