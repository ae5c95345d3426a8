package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// Whatever a label holds, it decodes to a definition or to an error; what
// decodes is recorded by a label that decodes to the same.
func FuzzDefinition(f *testing.F) {
	value, empty := "a=b", ""
	for _, c := range []spec.Container{
		{},
		{Image: "web:2", Command: &[]string{}, Env: map[string]*string{"A": &value, "EMPTY": &empty, "UNSET": nil}},
		{
			Image: "db", Restart: "on-failure:3", Memory: 512 << 20, CPUs: 5e8, CPUSet: "0-1", Files: map[string]spec.File{"/run/secrets/x": {Source: "secrets.x", Digest: "sha256:0"}},
			Networks: map[string]spec.Endpoint{"p_default": {Aliases: []string{"db"}, IPv4: "10.0.0.2", DriverOpts: map[string]string{"a": "b"}}},
			Mounts:   map[string]spec.Mount{"/data": {Type: "volume", Source: "p_data"}, "/scratch": {Type: "volume"}},
			Ports:    map[string][]string{"80/tcp": {"127.0.0.1:8080", ""}}, Healthcheck: &spec.Healthcheck{Test: []string{"CMD", "true"}, Interval: 1e9},
		},
	} {
		label, err := engine.EncodeDefinition(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(label, "A=a=b\nEMPTY=\nOTHER=x")
	}
	f.Add(`{"v":2}`, "")
	f.Fuzz(func(t *testing.T, label, env string) {
		c, err := engine.DecodeDefinition(label, strings.Split(env, "\n"))
		if err != nil {
			return
		}
		again, err := engine.EncodeDefinition(*c)
		if err != nil {
			t.Fatalf("%+v decodes, and does not encode: %v", *c, err)
		}
		second, err := engine.DecodeDefinition(again, strings.Split(env, "\n"))
		if err != nil {
			t.Fatalf("label %s: %v", again, err)
		}
		if a, b := asJSON(t, c), asJSON(t, second); a != b {
			t.Fatalf("label %s is %s, and again %s", label, a, b)
		}
	})
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
