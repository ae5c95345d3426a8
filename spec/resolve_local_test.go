package spec

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const localFiles = `
services:
  web:
    image: web
    volumes:
      - ./site:/site:ro
      - data:/data
      - {type: bind, source: ../up, target: /up}
      - /srv/data:/srv
    secrets: [key]
  sealed:
    image: web
    read_only: true
    secrets: [key]
secrets: {key: {file: key}}
volumes: {data: {}}
`

// locals loads the file, for an engine at a distance, in a folder dir.
func locals(t *testing.T, dir string, distance Distance) *Stack {
	t.Helper()
	write(t, dir, "stack.yaml", localFiles)
	write(t, dir, "key", "secret")
	s, err := Load(t.Context(), LoadOptions{Dir: dir, Project: "p", Distance: distance})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBindsOfThisMachineAreKnownWhereTheEngineIsNot(t *testing.T) {
	dir := t.TempDir()
	s := locals(t, dir, Elsewhere)
	var got []string
	for _, name := range []string{"web", "sealed"} {
		for _, l := range s.Services[name].Local {
			source, _ := filepath.Rel(dir, l.Source)
			got = append(got, fmt.Sprintf("%s %s %t %s %d:%d", source, l.Target, l.Own, l.Field, l.At.Line, l.At.Column))
		}
	}
	outside, _ := filepath.Rel(dir, "/srv/data")
	want := []string{
		"site /site true services.web.volumes[0] 6:9",
		"../up /up true services.web.volumes[2] 8:9",
		outside + " /srv false services.web.volumes[3] 9:9",
		"key /run/secrets/key true services.sealed.secrets 14:14",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if s := locals(t, t.TempDir(), Here); len(s.Services["web"].Local)+len(s.Services["sealed"].Local) > 0 {
		t.Error("an engine that is here has binds that it cannot see")
	}
}

func TestPlainSecretsAreCopiedToAnotherMachine(t *testing.T) {
	for distance, bound := range map[Distance]bool{Here: true, Perhaps: false, Elsewhere: false} {
		web := locals(t, t.TempDir(), distance).Services["web"]
		_, mounted := web.Container.Mounts["/run/secrets/key"]
		if content := web.Files["/run/secrets/key"].Content; mounted != bound || (string(content) == "secret") == bound {
			t.Errorf("%d: bound is %t, the copy has %q", distance, mounted, content)
		}
	}
}
