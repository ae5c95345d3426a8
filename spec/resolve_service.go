package spec

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

func (r *resolver) service(s types.ServiceConfig) Service {
	out := Service{
		Name:          s.Name,
		Container:     r.container(s),
		Replicas:      r.replicas(s),
		ContainerName: s.ContainerName,
		DependsOn:     r.dependsOn(s),
		Build:         r.build(s),
		Job:           s.Deploy != nil && strings.HasSuffix(s.Deploy.Mode, "-job"),
		StopTimeout:   stopTimeout(s.StopGracePeriod),
		PostStart:     r.hooks(s.PostStart),
		PreStop:       r.hooks(s.PreStop),
		Attach:        s.Attach == nil || *s.Attach,
		Watch:         r.watches(s),
		Local:         r.locals(s),
	}
	out.PullPolicy, out.PullAfter = pullPolicy(s)
	out.Placement, out.Reserved = placed(s.Deploy)
	if s.Deploy != nil && s.Deploy.UpdateConfig != nil {
		out.Monitor = time.Duration(s.Deploy.UpdateConfig.Monitor)
		out.Update.StartFirst = s.Deploy.UpdateConfig.Order == "start-first"
	}
	if n := r.node(s.Name, ownKey, "update", "shared_volumes"); n != nil {
		out.Update.SharedVolumes = n.value == true
	}
	out.OnFailure = OnFailure(cmp.Or(r.node(s.Name, ownKey, "on_failure").text(), r.tree.get(ownKey, "on_failure").text()))
	r.files(s, &out)
	r.apiSocket(s, &out)
	r.writable(out)
	return out
}

// replicas is the number asked for; global means one on each engine.
func (r *resolver) replicas(s types.ServiceConfig) int {
	if s.Deploy != nil && s.Deploy.Replicas == nil && strings.HasPrefix(s.Deploy.Mode, "global") && s.Scale == nil {
		return 1
	}
	return s.GetScale()
}

// stopTimeout keeps 0s apart from "not asked for", which is 0.
func stopTimeout(d *types.Duration) time.Duration {
	if d != nil && *d == 0 {
		return 1
	}
	if d == nil {
		return 0
	}
	return time.Duration(*d)
}

func pullPolicy(s types.ServiceConfig) (string, time.Duration) {
	policy, after, err := s.GetPullPolicy()
	if err != nil {
		return types.PullPolicyMissing, 0 // the checks have let it through, so it is a known one
	}
	if policy == types.PullPolicyIfNotPresent {
		policy = types.PullPolicyMissing
	}
	if s.PullRefreshAfter != "" && (s.PullPolicy == "" || policy == types.PullPolicyRefresh) {
		var d types.Duration
		if err := d.DecodeMapstructure(s.PullRefreshAfter); err == nil {
			return types.PullPolicyRefresh, time.Duration(d)
		}
	}
	return policy, after
}

// dependsOn is depends_on with what compose-go implies from links, volumes_from
// and shared namespaces.
func (r *resolver) dependsOn(s types.ServiceConfig) map[string]Dependency {
	out := map[string]Dependency{}
	for name, d := range s.DependsOn {
		if _, active := r.project.Services[name]; active || d.Required {
			out[name] = Dependency{Condition: Condition(d.Condition), Restart: d.Restart, Required: d.Required}
		}
	}
	for _, mode := range []string{s.NetworkMode, s.Ipc, s.Pid} {
		if name, ok := strings.CutPrefix(mode, types.ServicePrefix); ok {
			d := out[name]
			d.Condition = cmp.Or(d.Condition, Started)
			d.Namespace, d.Required = true, true
			out[name] = d
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func (r *resolver) hooks(list []types.ServiceHook) []Hook {
	var out []Hook
	for _, h := range list {
		hook := Hook{Command: h.Command, User: h.User, Privileged: h.Privileged, WorkingDir: h.WorkingDir}
		for key, value := range r.values(h.Environment) {
			if value != nil {
				if hook.Environment == nil {
					hook.Environment = map[string]string{}
				}
				hook.Environment[key] = *value
			}
		}
		out = append(out, hook)
	}
	return out
}

// values gives the variables without a value the one they have outside.
func (r *resolver) values(m types.MappingWithEquals) map[string]*string {
	out := make(map[string]*string, len(m))
	for key, value := range m {
		if outside, ok := r.env[key]; value == nil && ok {
			value = &outside
		}
		out[key] = value
	}
	return out
}

// insecure is the entitlement that privileged means.
const insecure = "security.insecure"

func (r *resolver) build(s types.ServiceConfig) *Build {
	b := s.Build
	if b == nil {
		return nil
	}
	out := &Build{
		Context: b.Context, Dockerfile: b.Dockerfile, DockerfileInline: b.DockerfileInline, Target: b.Target,
		Network: b.Network, Labels: filled(b.Labels), Tags: b.Tags, CacheFrom: b.CacheFrom, CacheTo: b.CacheTo,
		NoCache: b.NoCache, NoCacheFilter: b.NoCacheFilter, Pull: b.Pull, ExtraHosts: hosts(b.ExtraHosts), ShmSize: int64(b.ShmSize),
		Ulimits: ulimits(b.Ulimits), Platforms: b.Platforms, AdditionalContexts: filled(b.AdditionalContexts),
		Privileged: b.Privileged || slices.Contains(b.Entitlements, insecure),
		Provenance: b.Provenance, SBOM: b.SBOM,
	}
	out.Entitlements = slices.DeleteFunc(unordered(b.Entitlements), func(name string) bool { return name == insecure })
	if b.DockerfileInline != "" {
		out.Dockerfile = ""
	}
	for key, value := range r.values(b.Args) {
		if value != nil {
			out.Args = with(out.Args, key, *value)
		}
	}
	for _, key := range b.SSH {
		out.SSH = with(out.SSH, key.ID, key.Path)
	}
	for _, secret := range b.Secrets {
		from := r.project.Secrets[secret.Source]
		value := r.sourceFile("secrets", types.FileObjectConfig(from))
		if from.Environment != "" {
			value = "env:" + from.Environment
		}
		out.Secrets = with(out.Secrets, cmp.Or(secret.Target, secret.Source), value)
	}
	return out
}

func with[V any](m map[string]V, key string, value V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[key] = value
	return m
}

// filled is a map, nil when it is empty.
func filled[M ~map[string]V, V any](m M) map[string]V {
	if len(m) == 0 {
		return nil
	}
	return maps.Clone(map[string]V(m))
}

// hosts writes extra hosts as the engine wants them, sorted.
func hosts(h types.HostsList) []string {
	if len(h) == 0 {
		return nil
	}
	list := h.AsList(":")
	slices.Sort(list)
	return list
}

func ulimits(m map[string]*types.UlimitsConfig) map[string]Ulimit {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]Ulimit, len(m))
	for name, u := range m {
		if u.Single != 0 {
			out[name] = Ulimit{int64(u.Single), int64(u.Single)}
		} else {
			out[name] = Ulimit{int64(u.Soft), int64(u.Hard)}
		}
	}
	return out
}
