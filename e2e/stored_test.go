//go:build e2e

package e2e_test

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stored is a service whose secrets and configs are files of the user's own
// folders, and a config whose text is in the stack file.
const stored = `
-- .env --
STACK_SECRETS_DIR=store/secrets
STACK_CONFIGS_DIR=store/configs
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    secrets:
      - {source: key, uid: "1000", gid: "1001", mode: 0400}
      - {source: key, target: plain}
    configs:
      - {source: shape, target: /etc/shape, uid: "1002", gid: "1003", mode: 0640}
      - {source: text, target: /etc/text, uid: "1004", gid: "1005", mode: 0604}
secrets:
  key: {external: true, name: the-key}
configs:
  shape: {external: true}
  text: {content: "of PROJECT"}
-- store/secrets/the-key --
sesame
-- store/configs/shape --
round
`

func TestStoredFilesArriveWithOwnerAndMode(t *testing.T) {
	s := newSandbox(t, stored)
	s.run("up", "-d", "--wait")
	for path, want := range map[string]string{
		"/run/secrets/key": "1000:1001 0400 sesame\n",
		"/etc/shape":       "1002:1003 0640 round\n",
		"/etc/text":        "1004:1005 0604 of " + s.name,
	} {
		if got := s.file("web", path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if got := docker(t, "exec", s.name+"-web-1", "/probe", "cat", "/run/secrets/plain"); got != "sesame" {
		t.Errorf("the one that is bound holds %q", got)
	}
	s.converged("up", "-d")
}

func TestAStoredFileThatChangesReplacesAndIsNeverSaid(t *testing.T) {
	s := newSandbox(t, stored)
	s.run("up", "-d")
	before := s.container("web").ID
	s.edit("store/secrets/the-key", "sesame", "rosebud")
	said := s.run("plan").stdout
	r := s.run("up", "-d")
	if got := s.file("web", "/run/secrets/key"); got != "1000:1001 0400 rosebud\n" || s.container("web").ID == before {
		t.Errorf("the container has %q", got)
	}
	said += r.stdout + r.stderr + docker(t, "inspect", s.name+"-web-1")
	if strings.Contains(said, "sesame") || strings.Contains(said, "rosebud") || !strings.Contains(said, "files./run/secrets/key") {
		t.Errorf("said:\n%s", said)
	}
}

func TestAStoredFileThatIsMissingIsAnErrorBeforeAnything(t *testing.T) {
	s := newSandbox(t, stored)
	if err := os.Remove(filepath.Join(s.dir, "store", "configs", "shape")); err != nil {
		t.Fatal(err)
	}
	r := s.try("up", "-d").ended(1)
	r.says(`stack.yaml:13:21: configs.shape.external: config shape: there is no file .*/store/configs/shape`, "hint: put it there")
	r.changedNothing()
}

// file is owner, mode and content of a file in a service's first container.
func (s *sandbox) file(service, path string) string {
	s.t.Helper()
	archive := tar.NewReader(strings.NewReader(docker(s.t, "cp", s.name+"-"+service+"-1:"+path, "-")))
	header, err := archive.Next()
	if err != nil {
		s.t.Fatalf("%s: %v", path, err)
	}
	text, err := io.ReadAll(archive)
	if err != nil {
		s.t.Fatalf("%s: %v", path, err)
	}
	return fmt.Sprintf("%d:%d %04o %s", header.Uid, header.Gid, header.Mode&0o777, text)
}
