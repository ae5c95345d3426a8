package buildkit

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/client"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// The oldest engine that is understood, and a recent one.
var (
	old    = abilities{api: "1.41", platforms: []string{"linux/amd64", "linux/386"}}
	stored = abilities{api: "1.51", platforms: []string{"linux/amd64"}, containerd: true}
	recent = abilities{api: "1.51", platforms: []string{"linux/amd64", "linux/386"}, hostGateway: "172.17.0.1"}
)

// contextFolder is a folder with a Dockerfile and another file.
func contextFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"Dockerfile", "other.dockerfile"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("FROM scratch\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// usual is what a build of a folder asks, when nothing else is said.
var usual = []string{"filename = Dockerfile", "image-resolve-mode = local", "mount context", "mount dockerfile", "to moby map[name:web]"}

// text lists what a build asks of BuildKit, one thing a line: without what is
// usual, but with what lacks of that, and DIR in place of the folder.
func text(opts client.SolveOpt, dir string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(opts.FrontendAttrs)) {
		out = append(out, key+" = "+opts.FrontendAttrs[key])
	}
	for _, name := range slices.Sorted(maps.Keys(opts.LocalMounts)) {
		out = append(out, "mount "+name)
	}
	for _, c := range opts.CacheImports {
		out = append(out, fmt.Sprint("import ", c.Type, " ", c.Attrs))
	}
	for _, c := range opts.CacheExports {
		out = append(out, fmt.Sprint("export ", c.Type, " ", c.Attrs))
	}
	for _, e := range opts.AllowedEntitlements {
		out = append(out, "allow "+e)
	}
	for _, e := range opts.Exports {
		out = append(out, fmt.Sprint("to ", e.Type, " ", e.Attrs))
	}
	for i := range out {
		out[i] = strings.ReplaceAll(out[i], dir, "DIR")
	}
	for _, line := range usual {
		if at := slices.Index(out, line); at >= 0 {
			out = slices.Delete(out, at, at+1)
		} else {
			out = append(out, "not "+line)
		}
	}
	return out
}

func TestABuildInTheWordsOfTheFrontend(t *testing.T) {
	dir := contextFolder(t)
	cases := []struct {
		name  string
		can   abilities
		op    engine.BuildImage
		wants []string
	}{
		{"plain", old, engine.BuildImage{}, nil},
		{"target", old, engine.BuildImage{Build: spec.Build{Target: "run"}}, []string{"target = run"}},
		{"arguments and labels", old, engine.BuildImage{Build: spec.Build{Args: map[string]string{"A": "1", "B": ""}, Labels: map[string]string{"l": "v"}}},
			[]string{"build-arg:A = 1", "build-arg:B = ", "label:l = v"}},
		{"tags", old, engine.BuildImage{Build: spec.Build{Tags: []string{"web:1", "x/web"}}}, []string{"to moby map[name:web,web:1,x/web]", "not to moby map[name:web]"}},
		{"no cache, newer bases", old, engine.BuildImage{Build: spec.Build{NoCache: true, Pull: true}}, []string{"image-resolve-mode = pull", "no-cache = ", "not image-resolve-mode = local"}},
		{"no cache for two stages", old, engine.BuildImage{Build: spec.Build{NoCacheFilter: []string{"deps", "test"}}}, []string{"no-cache = deps,test"}},
		{"hosts", old, engine.BuildImage{Build: spec.Build{ExtraHosts: []string{"a:1.2.3.4", "b=::1", "c:::1", "d=[::1]"}}}, []string{"add-hosts = a=1.2.3.4,b=::1,c=::1,d=::1"}},
		{"the host as a host", recent, engine.BuildImage{Build: spec.Build{ExtraHosts: []string{"host.docker.internal:host-gateway"}}}, []string{"add-hosts = host.docker.internal=172.17.0.1"}},
		{"host network", old, engine.BuildImage{Build: spec.Build{Network: "host"}}, []string{"force-network-mode = host", "allow network.host"}},
		{"no network", old, engine.BuildImage{Build: spec.Build{Network: "none"}}, []string{"force-network-mode = none"}},
		{"usual network", old, engine.BuildImage{Build: spec.Build{Network: "default"}}, nil},
		{"privileged", old, engine.BuildImage{Build: spec.Build{Privileged: true}}, []string{"allow security.insecure"}},
		{"entitlements", old, engine.BuildImage{Build: spec.Build{Network: "host", Privileged: true, Entitlements: []string{"device", "network.host"}}},
			[]string{"force-network-mode = host", "allow network.host", "allow security.insecure", "allow device"}},
		{"attestations", stored, engine.BuildImage{Build: spec.Build{Provenance: "mode=max", SBOM: "true"}}, []string{"attest:provenance = mode=max", "attest:sbom = "}},
		{"no attestations", old, engine.BuildImage{Build: spec.Build{Provenance: "false", SBOM: "false"}}, nil},
		{"all platforms, where they can be kept", stored, engine.BuildImage{AllPlatforms: true, Build: spec.Build{Platforms: []string{"linux/arm64", "linux/amd64"}}}, []string{"platform = linux/arm64,linux/amd64"}},
		{"all platforms, where one is kept", old, engine.BuildImage{AllPlatforms: true, Build: spec.Build{Platforms: []string{"linux/arm64", "linux/amd64"}}}, []string{"platform = linux/amd64"}},
		{"the platform that runs here, where all can be kept", stored, engine.BuildImage{Build: spec.Build{Platforms: []string{"linux/arm64", "linux/amd64"}}}, []string{"platform = linux/amd64"}},
		{"limits", recent, engine.BuildImage{Build: spec.Build{ShmSize: 1 << 20, Ulimits: map[string]spec.Ulimit{"nproc": {Soft: 5, Hard: 5}, "nofile": {Soft: 1, Hard: 2}}}},
			[]string{"shm-size = 1048576", "ulimit = nofile=1:2,nproc=5:5"}},
		{"another Dockerfile", old, engine.BuildImage{Build: spec.Build{Dockerfile: "other.dockerfile"}}, []string{"filename = other.dockerfile", "not filename = Dockerfile"}},
		{"inline", old, engine.BuildImage{Build: spec.Build{DockerfileInline: "FROM x"}}, nil},
		{"repository", old, engine.BuildImage{Build: spec.Build{Context: "https://x.test/r.git#main:sub"}}, []string{"context = https://x.test/r.git#main:sub", "not mount context", "not mount dockerfile"}},
		{"repository, another Dockerfile", old, engine.BuildImage{Build: spec.Build{Context: "git@x.test:r", Dockerfile: "d"}}, []string{"context = git@x.test:r", "filename = d", "not filename = Dockerfile", "not mount context", "not mount dockerfile"}},
		{"repository, inline", old, engine.BuildImage{Build: spec.Build{Context: "github.com/a/b", DockerfileInline: "FROM x"}},
			[]string{"context = github.com/a/b", "dockerfilekey = dockerfile", "not mount context"}},
		{"named contexts", recent, engine.BuildImage{Build: spec.Build{AdditionalContexts: map[string]string{"base": "docker-image://debian", "src": dir, "git": "https://x.test/r.git"}}},
			[]string{"context:base = docker-image://debian", "context:git = https://x.test/r.git", "context:src = local:named-src", "mount named-src"}},
		{"caches", old, engine.BuildImage{Build: spec.Build{CacheFrom: []string{"x/web:cache", "type=registry,ref=x/web"}, CacheTo: []string{"type=inline"}}},
			[]string{"import registry map[ref:x/web:cache]", "import registry map[ref:x/web]", "export inline map[]"}},
		{"the service's platform", old, engine.BuildImage{Platform: "linux/386", Build: spec.Build{Platforms: []string{"linux/amd64", "linux/386"}}}, []string{"platform = linux/386"}},
		{"the build's platform", old, engine.BuildImage{Build: spec.Build{Platforms: []string{"linux/386"}}}, []string{"platform = linux/386"}},
		{"the engine's own of several platforms", old, engine.BuildImage{Build: spec.Build{Platforms: []string{"linux/arm64", "linux/x86_64"}}}, []string{"platform = linux/amd64"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.op.Image = "web"
			if c.op.Build.Context == "" {
				c.op.Build.Context = dir
			}
			opts, err := solveOptions(c.op, c.can)
			if err != nil {
				t.Fatal(err)
			}
			if got := text(opts, dir); !slices.Equal(got, c.wants) {
				t.Errorf("asks\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.wants, "\n"))
			}
		})
	}
}

func TestWhatABuildCannotHaveIsRefused(t *testing.T) {
	dir := contextFolder(t)
	cases := []struct {
		name        string
		can         abilities
		op          engine.BuildImage
		want        string
		unsupported bool
	}{
		{"limits", old, engine.BuildImage{Build: spec.Build{ShmSize: 1}}, "shm_size, ulimits: the engine's API is 1.41, and this needs 1.42", true},
		{"attestations", recent, engine.BuildImage{Build: spec.Build{SBOM: "true"}}, "sbom: this engine's image store keeps no attestations", true},
		{"named contexts", old, engine.BuildImage{Build: spec.Build{AdditionalContexts: map[string]string{"a": dir}}}, "additional_contexts: the engine's API is 1.41", true},
		{"context of a service", recent, engine.BuildImage{Build: spec.Build{AdditionalContexts: map[string]string{"a": "service:b"}}}, `additional context "a": service:b`, true},
		{"context of another builder", recent, engine.BuildImage{Build: spec.Build{AdditionalContexts: map[string]string{"a": "oci-layout:///x"}}}, `additional context "a": oci-layout:///x`, true},
		{"context that is missing", recent, engine.BuildImage{Build: spec.Build{AdditionalContexts: map[string]string{"a": dir + "/none"}}}, "no such file", false},
		{"the host as a host", old, engine.BuildImage{Build: spec.Build{ExtraHosts: []string{"h:host-gateway"}}}, `extra_hosts "h:host-gateway": no address`, true},
		{"network", recent, engine.BuildImage{Build: spec.Build{Network: "container:x"}}, `network "container:x"`, true},
		{"platforms", recent, engine.BuildImage{Build: spec.Build{Platforms: []string{"linux/arm64", "linux/s390x"}}}, "none is the engine's own, name one in the service's platform", true},
		{"platform", recent, engine.BuildImage{Platform: "linux/386", Build: spec.Build{Platforms: []string{"linux/arm64"}}}, "linux/386 is not among", false},
		{"cache", recent, engine.BuildImage{Build: spec.Build{CacheFrom: []string{"type=registry,x"}}}, `cache_from "type=registry,x": "x" is not key=value`, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.op.Build.Context = dir
			_, err := solveOptions(c.op, c.can)
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, engine.ErrUnsupported) != c.unsupported {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestLocalCachesThatAreMissingAreLeftOut(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	entries, err := cacheOptions("cache_from", []string{"type=local,src=" + dir, "type=local,src=" + dir + "/none", "x/web"})
	if err != nil {
		t.Fatal(err)
	}
	there, missing := splitMissing(entries)
	if len(there) != 2 || there[0].Attrs["src"] != dir || there[1].Type != "registry" {
		t.Errorf("left: %v", there)
	}
	if len(missing) != 1 || !strings.Contains(missing[0], dir+"/none") {
		t.Errorf("missing: %q", missing)
	}
}

func TestTheSameFolderIsSentOnlyOnce(t *testing.T) {
	one, two := contextFolder(t), contextFolder(t)
	key := func(dir string) string {
		opts, err := solveOptions(engine.BuildImage{Build: spec.Build{Context: dir}}, old)
		if err != nil {
			t.Fatal(err)
		}
		return opts.SharedKey
	}
	first, again, other := key(one), key(one), key(two)
	if first != again || first == other {
		t.Errorf("keys %s, %s of one folder, %s of another", first, again, other)
	}
}
