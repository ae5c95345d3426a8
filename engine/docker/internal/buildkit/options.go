package buildkit

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// solveOptions is a build in the words of BuildKit's frontend dockerfile.v0.
// What BuildKit asks for while it builds is added by the session.
func solveOptions(op engine.BuildImage, can abilities) (client.SolveOpt, error) {
	attrs, err := attributes(op, can)
	if err != nil {
		return client.SolveOpt{}, err
	}
	src, err := sourcesOf(op.Build, can)
	if err != nil {
		return client.SolveOpt{}, err
	}
	maps.Copy(attrs, src.attrs)
	imports, err := cacheOptions("cache_from", op.Build.CacheFrom)
	if err != nil {
		return client.SolveOpt{}, err
	}
	exports, err := cacheOptions("cache_to", op.Build.CacheTo)
	if err != nil {
		return client.SolveOpt{}, err
	}
	return client.SolveOpt{
		Frontend:            "dockerfile.v0",
		FrontendAttrs:       attrs,
		LocalMounts:         src.mounts,
		SharedKey:           src.key,
		CacheImports:        imports,
		CacheExports:        exports,
		AllowedEntitlements: entitlements(op.Build),
		Exports:             []client.ExportEntry{{Type: "moby", Attrs: map[string]string{"name": names(op)}}},
	}, nil
}

func names(op engine.BuildImage) string {
	return strings.Join(append([]string{op.Image}, op.Build.Tags...), ",")
}

// attributes are the options of the frontend, but for where its files are.
func attributes(op engine.BuildImage, can abilities) (map[string]string, error) {
	b := op.Build
	attrs := map[string]string{"image-resolve-mode": resolveMode(b)}
	set := func(key, value string) {
		if value != "" {
			attrs[key] = value
		}
	}
	set("target", b.Target)
	hosts, err := hosts(b.ExtraHosts, can)
	if err != nil {
		return nil, err
	}
	set("add-hosts", hosts)
	set("no-cache", strings.Join(b.NoCacheFilter, ","))
	if b.NoCache {
		attrs["no-cache"] = "" // all stages
	}
	for key, value := range b.Args {
		attrs["build-arg:"+key] = value
	}
	for key, value := range b.Labels {
		attrs["label:"+key] = value
	}
	platform, err := platform(op, can)
	if err != nil {
		return nil, err
	}
	set("platform", platform)
	network, err := network(b.Network)
	if err != nil {
		return nil, err
	}
	set("force-network-mode", network)
	return attrs, errors.Join(limits(attrs, b, can), attest(attrs, b, can))
}

// attest asks for attestations in buildx's words.
func attest(attrs map[string]string, b spec.Build, can abilities) error {
	for _, a := range []struct{ attribute, value string }{{"provenance", b.Provenance}, {"sbom", b.SBOM}} {
		switch {
		case a.value == "" || a.value == "false":
			continue
		case !can.containerd:
			return fmt.Errorf("%s: this engine's image store keeps no attestations; its containerd image store does: %w", a.attribute, engine.ErrUnsupported)
		case a.value == "true":
			a.value = ""
		}
		attrs["attest:"+a.attribute] = a.value
	}
	return nil
}

// resolveMode is local unless newer images are asked for: by default BuildKit
// looks up each base image at its registry first, which is slow, and hopeless
// for an image that exists only here.
func resolveMode(b spec.Build) string {
	if b.Pull {
		return "pull"
	}
	return "local"
}

// hosts turns host:address, or host=address, into the frontend's form.
func hosts(extra []string, can abilities) (string, error) {
	fields := make([]string, len(extra))
	for i, entry := range extra {
		name, address, ok := strings.Cut(entry, "=")
		if !ok {
			name, address, _ = strings.Cut(entry, ":")
		}
		if address == "host-gateway" {
			address = can.hostGateway
		}
		if address == "" {
			return "", fmt.Errorf("extra_hosts %q: no address that this engine knows: %w", entry, engine.ErrUnsupported)
		}
		fields[i] = name + "=" + strings.Trim(address, "[]")
	}
	return strings.Join(fields, ","), nil
}

func network(mode string) (string, error) {
	switch mode {
	case "", "default":
		return "", nil
	case "host", "none":
		return mode, nil
	}
	return "", fmt.Errorf("network %q: BuildKit knows default, host and none: %w", mode, engine.ErrUnsupported)
}

// limits adds what old frontends ignore without a word.
func limits(attrs map[string]string, b spec.Build, can abilities) error {
	if b.ShmSize == 0 && len(b.Ulimits) == 0 {
		return nil
	}
	if !can.recent() {
		return fmt.Errorf("shm_size, ulimits: %w", tooOld(can))
	}
	if b.ShmSize != 0 {
		attrs["shm-size"] = strconv.FormatInt(b.ShmSize, 10)
	}
	var ulimits []string
	for _, name := range slices.Sorted(maps.Keys(b.Ulimits)) {
		ulimits = append(ulimits, fmt.Sprintf("%s=%d:%d", name, b.Ulimits[name].Soft, b.Ulimits[name].Hard))
	}
	if ulimits != nil {
		attrs["ulimit"] = strings.Join(ulimits, ",")
	}
	return nil
}

func tooOld(can abilities) error {
	return fmt.Errorf("the engine's API is %s, and this needs %s: %w", can.api, apiNamedContexts, engine.ErrUnsupported)
}

func entitlements(b spec.Build) []string {
	var out []string
	if b.Network == "host" {
		out = append(out, "network.host")
	}
	if b.Privileged {
		out = append(out, "security.insecure")
	}
	for _, name := range b.Entitlements {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
