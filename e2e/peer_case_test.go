//go:build e2e

package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// A peerCase is one archive of testdata/peer: a project as people write it,
// which docker compose and stack each bring up. What its comment says:
//
//	alone: REASON    the peer cannot do this; only what "want" lists is looked at
//	api: 1.44        older engines refuse it, and stack says so
//	refused: TEXT    stack says so, and touches nothing; the peer is not asked
//	stopped: REASON  containers are created and not started
//	network: NAME    is there before
//	volume: NAME     likewise
//	profile: NAME    is active
//
// The file "want" lists fields of the engine's answer, as diff prints them, that
// are (=) or are not (!=) something; a star at the end is any entry of a list.
type peerCase struct {
	name, text, alone, api, refused, stopped string
	profiles, networks, volumes              []string
	archive                                  *txtar.Archive
}

func peerCases(t testing.TB) (out []peerCase) {
	t.Helper()
	paths, err := filepath.Glob("testdata/peer/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("testdata/peer: %d cases, %v", len(paths), err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c := peerCase{name: strings.TrimSuffix(filepath.Base(path), ".txtar"), text: string(txtar.Format(archive)), archive: archive}
		for line := range strings.Lines(string(archive.Comment)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			switch key {
			case "alone":
				c.alone = value
			case "refused":
				c.refused = value
			case "stopped":
				c.stopped = value
			case "api":
				c.api = value
			case "network":
				c.networks = append(c.networks, value)
			case "volume":
				c.volumes = append(c.volumes, value)
			case "profile":
				c.profiles = append(c.profiles, value)
			}
		}
		out = append(out, c)
	}
	return out
}

// file is one of the case's files; "" for none.
func (c peerCase) file(name string) string {
	for _, f := range c.archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// up is the command that makes the case's containers.
func (c peerCase) up() []string {
	if c.stopped != "" {
		return []string{"create"}
	}
	return []string{"up", "-d"}
}
