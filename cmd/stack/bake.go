package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// bakeFile is what docker buildx bake reads.
type bakeFile struct {
	Group  map[string]bakeGroup  `json:"group"`
	Target map[string]bakeTarget `json:"target"`
}

type bakeGroup struct {
	Targets []string `json:"targets"`
}

type bakeTarget struct {
	Context          string            `json:"context,omitempty"`
	Contexts         map[string]string `json:"contexts,omitempty"`
	Dockerfile       string            `json:"dockerfile,omitempty"`
	DockerfileInline string            `json:"dockerfile-inline,omitempty"`
	Args             map[string]string `json:"args,omitempty"`
	Labels           map[string]string `json:"labels,omitempty"`
	Tags             []string          `json:"tags,omitempty"`
	CacheFrom        []string          `json:"cache-from,omitempty"`
	CacheTo          []string          `json:"cache-to,omitempty"`
	Target           string            `json:"target,omitempty"`
	Secrets          []string          `json:"secret,omitempty"`
	SSH              []string          `json:"ssh,omitempty"`
	Platforms        []string          `json:"platforms,omitempty"`
	Pull             bool              `json:"pull,omitempty"`
	NoCache          bool              `json:"no-cache,omitempty"`
	NoCacheFilter    []string          `json:"no-cache-filter,omitempty"`
	Network          string            `json:"network,omitempty"`
	ShmSize          string            `json:"shm-size,omitempty"`
	Ulimits          []string          `json:"ulimits,omitempty"`
	Entitlements     []string          `json:"entitlements,omitempty"`
	ExtraHosts       map[string]string `json:"extra-hosts,omitempty"`
	Attest           []string          `json:"attest,omitempty"`
	Output           []string          `json:"output,omitempty"`
}

// bake is the builds of a plan as a file for docker buildx bake.
func bake(desired *spec.Stack, o planner.ImageOptions) (string, error) {
	made, err := planner.Build(desired, engine.State{}, o)
	if err != nil {
		return "", err
	}
	file := bakeFile{Group: map[string]bakeGroup{}, Target: map[string]bakeTarget{}}
	names, built := []string{}, map[string]string{} // image -> the target that makes it
	for _, a := range made.Actions {
		if op, ok := a.Op.(engine.BuildImage); ok {
			name := strings.ReplaceAll(a.Change.Service, ".", "_")
			names, built["docker-image://"+op.Image] = append(names, name), "target:"+name
			file.Target[name] = newBakeTarget(op, o.Push)
		}
	}
	for _, target := range file.Target {
		for key, context := range target.Contexts {
			target.Contexts[key] = or(built[context], context)
		}
	}
	slices.Sort(names)
	file.Group["default"] = bakeGroup{Targets: names}
	text, err := json.MarshalIndent(file, "", "  ")
	return string(text) + "\n", err
}

func newBakeTarget(op engine.BuildImage, push bool) bakeTarget {
	b := op.Build
	t := bakeTarget{
		Context: b.Context, Contexts: maps.Clone(b.AdditionalContexts), Dockerfile: b.Dockerfile, DockerfileInline: b.DockerfileInline,
		Args: b.Args, Labels: b.Labels, Tags: append(slices.Clone(b.Tags), op.Image), CacheFrom: b.CacheFrom, CacheTo: b.CacheTo,
		Target: b.Target, Platforms: b.Platforms, Pull: b.Pull, NoCache: b.NoCache, NoCacheFilter: b.NoCacheFilter,
		Network: b.Network, Entitlements: entitlements(b), Output: []string{"type=docker"},
	}
	if push {
		t.Output = []string{"type=image,push=true"}
	}
	if len(t.Platforms) == 0 && op.Platform != "" {
		t.Platforms = []string{op.Platform}
	}
	if b.ShmSize > 0 {
		t.ShmSize = strconv.FormatInt(b.ShmSize, 10)
	}
	t.addParts(b)
	return t
}

func entitlements(b spec.Build) []string {
	out := slices.Clone(b.Entitlements)
	if b.Privileged {
		out = append(out, "security.insecure")
	}
	return out
}

// addParts adds what bake has lists of texts for.
func (t *bakeTarget) addParts(b spec.Build) {
	for _, id := range slices.Sorted(maps.Keys(b.Secrets)) {
		source := "type=file,src=" + b.Secrets[id]
		if name, ok := strings.CutPrefix(b.Secrets[id], "env:"); ok {
			source = "type=env,env=" + name
		}
		t.Secrets = append(t.Secrets, "id="+id+","+source)
	}
	for _, id := range slices.Sorted(maps.Keys(b.SSH)) {
		t.SSH = append(t.SSH, strings.TrimSuffix(id+"="+b.SSH[id], "="))
	}
	for _, name := range slices.Sorted(maps.Keys(b.Ulimits)) {
		t.Ulimits = append(t.Ulimits, fmt.Sprintf("%s=%d:%d", name, b.Ulimits[name].Soft, b.Ulimits[name].Hard))
	}
	for _, host := range b.ExtraHosts {
		if name, address, ok := strings.Cut(host, ":"); ok {
			t.ExtraHosts = engine.With(t.ExtraHosts, map[string]string{name: address})
		}
	}
	for _, a := range []struct{ kind, options string }{{"provenance", b.Provenance}, {"sbom", b.SBOM}} {
		switch a.options {
		case "":
		case "true", "false":
			t.Attest = append(t.Attest, "type="+a.kind+",disabled="+strconv.FormatBool(a.options == "false"))
		default:
			t.Attest = append(t.Attest, "type="+a.kind+","+a.options)
		}
	}
}
