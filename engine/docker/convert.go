package docker

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/strslice"
	"github.com/docker/go-connections/nat"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// creation is a CreateContainer in the words of POST /containers/create. What
// docker compose asks for in one way of several is asked for in the same way,
// so that docker inspect looks alike.
type creation struct {
	Config   *container.Config
	Host     *container.HostConfig
	Network  *network.NetworkingConfig
	Platform *ocispec.Platform
}

// convert is pure; api is the version in use. It refuses what that version
// cannot do.
func convert(op engine.CreateContainer, api string) (creation, error) {
	if err := gate(op, api); err != nil {
		return creation{}, err
	}
	ports, bindings, err := convertPorts(op.Definition)
	if err != nil {
		return creation{}, err
	}
	host, err := convertHost(op, bindings)
	if err != nil {
		return creation{}, err
	}
	config := convertConfig(op, ports)
	return creation{config, host, convertNetworks(op, config, api), convertPlatform(op.Definition.Platform)}, nil
}

func convertConfig(op engine.CreateContainer, ports nat.PortSet) *container.Config {
	c := op.Definition
	config := &container.Config{
		Image: cmp.Or(op.Image, c.Image), Hostname: c.Hostname, Domainname: c.DomainName, User: c.User,
		Env: environment(c.Env), Cmd: command(c.Command), Entrypoint: command(c.Entrypoint),
		WorkingDir: c.WorkingDir, Labels: engine.With(c.Labels, op.Labels), ExposedPorts: ports,
		Tty: c.Tty, OpenStdin: c.StdinOpen, StdinOnce: op.StdinOnce, AttachStdin: op.StdinOnce, AttachStdout: true, AttachStderr: true,
		Healthcheck: convertHealthcheck(c.Healthcheck),
		StopSignal:  c.StopSignal, StopTimeout: seconds(op.StopTimeout),
	}
	if c.Command != nil && c.Entrypoint != nil && len(*c.Command)+len(*c.Entrypoint) == 0 {
		// Beside an empty entrypoint the engine reads an empty command as
		// the image's; beside [""] it does not.
		config.Entrypoint = strslice.StrSlice{""}
	}
	return config
}

// environment is sorted, so that one definition always makes the same request.
// A key alone unsets the image's variable.
func environment(env map[string]*string) []string {
	var out []string
	for _, key := range sortedKeys(env) {
		if value := env[key]; value != nil {
			key += "=" + *value
		}
		out = append(out, key)
	}
	return out
}

// command keeps the difference between the image's (nil) and none (empty), which
// JSON keeps too.
func command(words *[]string) strslice.StrSlice {
	if words == nil {
		return nil
	}
	return append(strslice.StrSlice{}, *words...)
}

func convertHealthcheck(h *spec.Healthcheck) *container.HealthConfig {
	if h == nil {
		return nil
	}
	return &container.HealthConfig{
		Test: h.Test, Interval: h.Interval, Timeout: h.Timeout, Retries: h.Retries,
		StartPeriod: h.StartPeriod, StartInterval: h.StartInterval,
	}
}

// seconds rounds up: a program is not given less time than it was promised.
func seconds(d time.Duration) *int {
	if d == 0 {
		return nil
	}
	n := int((d + time.Second - 1) / time.Second)
	return &n
}

// convertPlatform takes os[/arch[/variant]] apart.
func convertPlatform(text string) *ocispec.Platform {
	if text == "" {
		return nil
	}
	parts := append(strings.Split(text, "/"), "", "")
	return &ocispec.Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}
}

func convertHost(op engine.CreateContainer, bindings nat.PortMap) (*container.HostConfig, error) {
	c := op.Definition
	mode, err := networkMode(op)
	if err != nil {
		return nil, err
	}
	binds, mounts := convertMounts(op)
	host := &container.HostConfig{
		Binds: binds, Mounts: mounts, Tmpfs: c.Tmpfs, VolumesFrom: or(op.VolumesFrom, c.VolumesFrom),
		NetworkMode: container.NetworkMode(mode), PortBindings: bindings,
		DNS: c.DNS, DNSSearch: c.DNSSearch, DNSOptions: c.DNSOptions, ExtraHosts: c.ExtraHosts,
		IpcMode: container.IpcMode(cmp.Or(op.IPC, c.IPC)), PidMode: container.PidMode(cmp.Or(op.PID, c.PID)),
		UTSMode: container.UTSMode(c.UTS), UsernsMode: container.UsernsMode(c.Userns),
		CgroupnsMode:  container.CgroupnsMode(c.Cgroup),
		RestartPolicy: restartPolicy(c.Restart), Resources: convertResources(c),
		CapAdd: c.CapAdd, CapDrop: c.CapDrop, Privileged: c.Privileged, ReadonlyRootfs: c.ReadOnly,
		GroupAdd: c.GroupAdd, OomScoreAdj: int(c.OOMScoreAdj), ShmSize: c.ShmSize, Sysctls: c.Sysctls,
		StorageOpt: c.StorageOpt, Runtime: c.Runtime, Isolation: container.Isolation(c.Isolation),
		Init: c.Init, Annotations: c.Annotations, LogConfig: convertLogging(c.Logging),
	}
	if len(c.Networks) == 0 {
		host.Links = c.Links
	}
	convertSecurity(host, c.SecurityOpt)
	return host, nil
}

func or(first, second []string) []string {
	if len(first) > 0 {
		return first
	}
	return second
}

// networkMode names the namespace or the main network; "" is the engine's
// default network.
func networkMode(op engine.CreateContainer) (string, error) {
	switch mode := cmp.Or(op.NetworkMode, op.Definition.NetworkMode); {
	case strings.HasPrefix(mode, "service:"):
		return "", fmt.Errorf("attribute network_mode: %s: names a service, not a container: %w", mode, engine.ErrUnsupported)
	case mode != "":
		return mode, nil
	case len(op.Connect) > 0:
		return op.Connect[0], nil
	case len(op.Definition.Networks) > 0:
		return "", fmt.Errorf("attribute networks: none is named to create the container with: %w", engine.ErrUnsupported)
	}
	return "", nil
}

func convertLogging(l *spec.Logging) container.LogConfig {
	if l == nil {
		return container.LogConfig{}
	}
	return container.LogConfig{Type: l.Driver, Config: l.Options}
}

// convertSecurity takes systempaths=unconfined out of the options: to the
// engine that is two lists of paths, empty ones, as the docker command does it.
func convertSecurity(host *container.HostConfig, opts []string) {
	for _, opt := range opts {
		if opt == "systempaths=unconfined" || opt == "systempaths:unconfined" {
			host.MaskedPaths, host.ReadonlyPaths = []string{}, []string{}
			continue
		}
		host.SecurityOpt = append(host.SecurityOpt, opt)
	}
}

// convertPorts gives the exposed ports, published ones among them, and the
// bindings of the published ones.
func convertPorts(c spec.Container) (nat.PortSet, nat.PortMap, error) {
	exposed, bindings := nat.PortSet{}, nat.PortMap{}
	for _, text := range append(sortedKeys(c.Ports), c.Expose...) {
		ports, err := expand(text)
		if err != nil {
			return nil, nil, err
		}
		for _, p := range ports {
			exposed[p] = struct{}{}
			for _, host := range c.Ports[text] {
				bindings[p] = append(bindings[p], binding(host))
			}
		}
	}
	if len(bindings) == 0 {
		bindings = nil
	}
	if len(exposed) == 0 {
		exposed = nil
	}
	return exposed, bindings, nil
}

// expand turns "8000-8002/udp" into its ports.
func expand(text string) ([]nat.Port, error) {
	span, proto, _ := strings.Cut(text, "/")
	first, last, err := nat.ParsePortRange(span)
	if err != nil {
		return nil, fmt.Errorf("attribute ports: %q: %w", text, err)
	}
	var out []nat.Port
	for n := first; n <= last; n++ {
		out = append(out, nat.Port(fmt.Sprintf("%d/%s", n, cmp.Or(proto, "tcp"))))
	}
	return out, nil
}

// binding reads "[ip:]port"; an IPv6 address may stand in brackets, and a range
// of ports is left to the engine, which takes the first free one.
func binding(text string) nat.PortBinding {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return nat.PortBinding{HostPort: text}
	}
	return nat.PortBinding{HostIP: strings.Trim(text[:i], "[]"), HostPort: text[i+1:]}
}

// finalName is the name that a container has when a replace is over: it is made
// under <name>.new.
func finalName(name string) string {
	for _, suffix := range []string{".new", ".old"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
