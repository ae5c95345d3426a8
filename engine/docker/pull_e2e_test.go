//go:build e2e

package docker

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
	registryapi "github.com/docker/docker/api/types/registry"
	"golang.org/x/crypto/bcrypt"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

const registryConfig = `version: 0.1
storage: {filesystem: {rootdirectory: %[1]s/images}}
http: {addr: %[2]s}
auth: {htpasswd: {realm: test, path: %[1]s/users}}
`

// privateRegistry runs a registry that knows one user, me with the password
// secret, and returns its host.
func privateRegistry(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Skipf("no registry to pull from: %v (Debian's package docker-registry has it)", err)
	}
	dir, host := t.TempDir(), freeAddress(t)
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "users"), "me:"+string(hash)+"\n", 0o600)
	writeFile(t, filepath.Join(dir, "config.yml"), fmt.Sprintf(registryConfig, dir, host), 0o600)
	start(t, exec.Command(program, "serve", filepath.Join(dir, "config.yml")), "listening on")
	return host
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs a program until the test ends, and returns when it has said ready.
func start(t *testing.T, cmd *exec.Cmd, ready string) {
	t.Helper()
	output, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed, and says so
	})
	kill := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if strings.Contains(lines.Text(), ready) {
			kill.Stop()
			go func() { // so that it never blocks on a full pipe
				for lines.Scan() {
				}
			}()
			return
		}
	}
	t.Fatalf("%s ended, or did not say %q", cmd.Path, ready)
}

// loggedIn is a docker configuration with credentials for the host.
func loggedIn(t *testing.T, host, user, password string) string {
	t.Helper()
	dir := t.TempDir()
	auth := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	writeFile(t, filepath.Join(dir, "config.json"), fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, auth), 0o600)
	return dir
}

// push pushes an image of one file, and removes it from the engine: no build,
// whose cache would keep the layer.
func push(t *testing.T, e *Engine, ref string) string {
	t.Helper()
	source := image.ImportSource{Source: tarOf(t, "a", t.Name()), SourceName: "-"}
	made, err := e.client.ImageImport(t.Context(), source, ref, image.ImportOptions{Changes: []string{"CMD none"}})
	if err != nil {
		t.Fatal(err)
	}
	drain(t, made)
	found, err := e.client.ImageInspect(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	auth, err := registryapi.EncodeAuthConfig(registryapi.AuthConfig{Username: "me", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	sent, err := e.client.ImagePush(t.Context(), ref, image.PushOptions{RegistryAuth: auth})
	if err != nil {
		t.Fatal(err)
	}
	drain(t, sent)
	dropImage(t, e, ref)
	return found.ID
}

func tarOf(t *testing.T, name, text string) io.Reader {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

// drain reads what the engine reports, to its end.
func drain(t *testing.T, stream io.ReadCloser) {
	t.Helper()
	defer stream.Close()
	if err := followPull(stream, func(plan.Progress) {}); err != nil {
		t.Fatal(err)
	}
}

func TestAPullUsesTheCredentialsOfTheDockerCommand(t *testing.T) {
	host := privateRegistry(t)
	e, _ := imageEngine(t, Options{ConfigDir: loggedIn(t, host, "me", "secret")})
	ref := host + "/private/image:1"
	pushed := push(t, e, ref)
	t.Cleanup(func() { dropImage(t, e, ref) })
	var last plan.Progress
	out, err := e.PullImage(t.Context(), engine.PullImage{Image: ref}, func(p plan.Progress) { last = p })
	if err != nil {
		t.Fatal(err)
	}
	if out.ImageID != pushed {
		t.Errorf("pulled %s, pushed %s", out.ImageID, pushed)
	}
	if last.Text != "extracting 1/1 layers" || last.Current != last.Total {
		t.Errorf("ends with %+v", last)
	}
}

func TestABuildUsesTheCredentialsOfTheDockerCommand(t *testing.T) {
	host := privateRegistry(t)
	e, ref := imageEngine(t, Options{ConfigDir: loggedIn(t, host, "me", "secret")})
	base := host + "/private/base:1"
	push(t, e, base)
	b := spec.Build{Context: t.TempDir(), DockerfileInline: "FROM " + base + "\nLABEL more=1\n"}
	build(t, e, ref, b)
	if got := content(t, e, ref)["a"]; got != t.Name() {
		t.Errorf("a holds %q", got)
	}
}

func TestARefusedPullSaysWhy(t *testing.T) {
	host := privateRegistry(t)
	right := loggedIn(t, host, "me", "secret")
	e, _ := imageEngine(t, Options{ConfigDir: right})
	push(t, e, host+"/private/image:1")
	cases := []struct {
		name, config, image, want string
		is                        error
	}{
		{"no credentials", t.TempDir(), host + "/private/image:1", "no basic auth credentials", nil},
		{"wrong password", loggedIn(t, host, "me", "wrong"), host + "/private/image:1", "unauthorized", nil},
		{"broken helper", brokenHelper(t, host), host + "/private/image:1", "docker-credential-none-such", nil},
		{"no such image", right, host + "/private/other:1", "not found", engine.ErrNotFound},
		{"no such tag", right, host + "/private/image:2", "not found", engine.ErrNotFound},
		{"no registry", right, freeAddress(t) + "/image:1", "connection refused", nil},
		{"no reference", right, "UPPER", "must be lowercase", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e, _ := imageEngine(t, Options{ConfigDir: c.config})
			_, err := e.PullImage(t.Context(), engine.PullImage{Image: c.image}, func(plan.Progress) {})
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), c.want) || !strings.HasPrefix(err.Error(), fmt.Sprintf("pull image %q: ", c.image)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is no %v", err, c.is)
			}
			t.Log(err)
		})
	}
}

func brokenHelper(t *testing.T, host string) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "config.json"), fmt.Sprintf(`{"credHelpers": {%q: "none-such"}}`, host), 0o600)
	return dir
}
