//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestConfigPrintsWhatDockerComposePrints compares the resolved model of each
// file, as YAML and as JSON, key by key.
func TestConfigPrintsWhatDockerComposePrints(t *testing.T) {
	for _, c := range peerCases(t) {
		if c.refused != "" || c.alone != "" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			s := newSandbox(t, c.text)
			s.setProfiles(c)
			theirs, ours := world{}, world{}
			theirs.model(t, "yaml", yaml.Unmarshal, s.compose("config"))
			ours.model(t, "yaml", yaml.Unmarshal, s.run("config").stdout)
			theirs.model(t, "json", json.Unmarshal, s.compose("config", "--format", "json"))
			ours.model(t, "json", json.Unmarshal, s.run("config", "--format", "json").stdout)
			s.same(c, theirs, ours)
		})
	}
}

// model puts the values of a resolved model into the world, by path.
func (w world) model(t testing.TB, form string, read func([]byte, any) error, text string) {
	t.Helper()
	var document any
	if err := read([]byte(text), &document); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	w.leaf("config "+form+" ", document)
}

func (w world) leaf(at string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, v := range value {
			w.leaf(strings.Replace(at+"."+key, " .", " ", 1), v)
		}
		if len(value) == 0 {
			w[at] = "{}"
		}
	case []any:
		for i, v := range value {
			w.leaf(fmt.Sprintf("%s.%d", at, i), v)
		}
		if len(value) == 0 {
			w[at] = "[]"
		}
	default:
		w[at] = fmt.Sprintf("%T %v", value, value)
	}
}
