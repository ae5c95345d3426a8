package docker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// contextIn writes a context as the docker command does, with TLS files of these
// names, and returns the folder of those.
func contextIn(t *testing.T, dir, name, endpoints string, tls ...string) string {
	t.Helper()
	meta, certs := filepath.Join(dir, "contexts", "meta", contextID(name)), filepath.Join(dir, "contexts", "tls", contextID(name), "docker")
	if err := os.MkdirAll(meta, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(meta, "meta.json"), fmt.Sprintf(`{"Name": %q, "Metadata": {"StackOrchestrator": "swarm"}, "Endpoints": %s}`, name, endpoints), 0o600)
	for _, file := range tls {
		if err := os.MkdirAll(certs, 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(certs, file), "", 0o600)
	}
	return certs
}

func TestAContextSaysWhereTheEngineIs(t *testing.T) {
	dir := t.TempDir()
	contextIn(t, dir, "plain", `{"docker": {"Host": "ssh://lab"}, "kubernetes": {"Host": "https://other"}}`)
	contextIn(t, dir, "careless", `{"docker": {"Host": "tcp://far:2376", "SkipTLSVerify": true}}`)
	certs := contextIn(t, dir, "careful", `{"docker": {"Host": "tcp://far:2376"}}`, "ca.pem", "key.pem", "cert.pem")
	public := contextIn(t, dir, "public", `{"docker": {"Host": "tcp://far:2376"}}`, "ca.pem")
	for name, want := range map[string]Endpoint{
		"plain":    {Host: "ssh://lab"},
		"careless": {Host: "tcp://far:2376", TLS: &TLS{SkipVerify: true}},
		"careful":  {Host: "tcp://far:2376", TLS: &TLS{CA: certs + "/ca.pem", Cert: certs + "/cert.pem", Key: certs + "/key.pem"}},
		"public":   {Host: "tcp://far:2376", TLS: &TLS{CA: public + "/ca.pem"}},
	} {
		got, err := Context(dir, name)
		if err != nil || got.Host != want.Host || (got.TLS == nil) != (want.TLS == nil) || got.TLS != nil && *got.TLS != *want.TLS {
			t.Errorf("%s: %+v %+v, %v; want %+v %+v", name, got, got.TLS, err, want, want.TLS)
		}
	}
}

func TestAContextThatSaysNothingIsAnError(t *testing.T) {
	dir := t.TempDir()
	contextIn(t, dir, "none", `{}`)
	contextIn(t, dir, "broken", `[`)
	for name, want := range map[string]string{"none": `docker context "none": has no docker engine`, "broken": `docker context "broken": `} {
		if _, err := Context(dir, name); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var unknown *UnknownContextError
	if _, err := Context(dir, "nine"); !errors.As(err, &unknown) || !slices.Equal(unknown.Known, []string{"none"}) {
		t.Errorf("got %v", err)
	}
}
