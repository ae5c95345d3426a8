package docker

import (
	"maps"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// composeLabels is how all labels of docker compose begin.
const composeLabels = "com.docker.compose."

// config reads what stands in the container's config, but for its program.
func (b readBack) config(c *spec.Container) {
	own, image := b.found.Config, b.image
	c.Image, c.Tty, c.StdinOpen, c.DomainName = own.Image, own.Tty, own.OpenStdin, own.Domainname
	c.Env = unlikeEnv(pairs(own.Env), image.env)
	c.Labels = adoptedLabels(unlike(own.Labels, image.labels))
	c.WorkingDir = unless(own.WorkingDir, image.workingDir)
	c.User = unless(own.User, image.user)
	c.StopSignal = unless(own.StopSignal, b.stopSignal())
	c.Healthcheck = b.healthcheck()
	if own.Hostname != b.hostname() {
		c.Hostname = own.Hostname
	}
	if b.found.HostConfig.NetworkMode.IsContainer() {
		c.Hostname, c.DomainName = "", "" // those of the other one
	}
}

// hostname is the one that the engine gives.
func (b readBack) hostname() string {
	if b.found.HostConfig.NetworkMode.IsHost() {
		return b.info.Name
	}
	return b.found.ID[:min(shortID, len(b.found.ID))]
}

// stopSignal is what a program gets that nobody has said anything for.
func (b readBack) stopSignal() string {
	if signal := b.image.stopSignal; signal != "" {
		return signal
	}
	return "SIGTERM"
}

// healthcheck is the container's own, field by field: the engine fills in from
// the image what is not asked for.
func (b readBack) healthcheck() *spec.Healthcheck {
	own := fromHealth(b.found.Config.Healthcheck)
	if own == nil {
		return nil
	}
	if own.Disabled() {
		return &spec.Healthcheck{Test: own.Test}
	}
	if image := b.image.healthcheck; image != nil {
		if slices.Equal(own.Test, image.Test) {
			own.Test = nil
		}
		own.Interval = unless(own.Interval, image.Interval)
		own.Timeout = unless(own.Timeout, image.Timeout)
		own.StartPeriod = unless(own.StartPeriod, image.StartPeriod)
		own.StartInterval = unless(own.StartInterval, image.StartInterval)
		own.Retries = unless(own.Retries, image.Retries)
	}
	if len(own.Test)+own.Retries == 0 && own.Interval+own.Timeout+own.StartPeriod+own.StartInterval == 0 {
		return nil
	}
	return own
}

func fromHealth(h *container.HealthConfig) *spec.Healthcheck {
	if h == nil {
		return nil
	}
	return &spec.Healthcheck{
		Test: h.Test, Interval: h.Interval, Timeout: h.Timeout, Retries: h.Retries,
		StartPeriod: h.StartPeriod, StartInterval: h.StartInterval,
	}
}

// program reads command and entrypoint, which hang together: the image's
// command goes with the image's entrypoint only.
func (b readBack) program(c *spec.Container) {
	own, image := b.found.Config, b.image
	entrypoint, command := wordList(own.Entrypoint), wordList(own.Cmd)
	if !slices.Equal(entrypoint, image.entrypoint) {
		c.Entrypoint = &entrypoint
		if len(command) > 0 {
			c.Command = &command
		}
		return
	}
	if !slices.Equal(command, image.command) {
		c.Command = &command
	}
}

// wordList takes [""], by which no entrypoint can be asked for, for none.
func wordList(list []string) []string {
	if len(list) == 1 && list[0] == "" {
		return nil
	}
	return list
}

// defaults are what the container has without having been asked for it.
func (b readBack) defaults() spec.Container {
	image := b.image
	d := spec.Container{
		Platform: image.platform, Entrypoint: &image.entrypoint, Command: &image.command,
		Env: unlikeEnv(image.env, nil), Labels: image.labels, WorkingDir: image.workingDir, User: image.user,
		StopSignal: b.stopSignal(), Healthcheck: b.image.healthcheck, Expose: image.expose,
		Hostname: b.found.Config.Hostname, DomainName: b.found.Config.Domainname,
		Runtime: b.info.DefaultRuntime, Logging: &spec.Logging{Driver: b.info.LoggingDriver}, Isolation: "default",
		ShmSize: defaultShm, IPC: string(container.IPCModePrivate), Cgroup: b.cgroup(), MemorySwap: b.found.HostConfig.MemorySwap,
		SecurityOpt: b.addedSecurity(), Networks: b.addedEndpoints(),
	}
	for _, target := range image.volumes {
		if d.Mounts == nil {
			d.Mounts = map[string]spec.Mount{}
		}
		d.Mounts[target] = spec.Mount{Type: "volume"}
	}
	return d
}

// untold names what cannot be read back of this container, and is not simply
// absent.
func (b readBack) untold(recorded spec.Container) []string {
	var out []string
	for name, e := range b.found.NetworkSettings.Networks {
		out = append(out, "networks."+name+".priority", "networks."+name+".order")
		if e != nil && e.MacAddress == "" {
			out = append(out, "networks."+name+".mac_address")
		}
	}
	for target := range recorded.Mounts {
		out = append(out, "volumes."+target+".no_create", "volumes."+target+".consistency")
	}
	slices.Sort(out)
	return out
}

// pairs reads KEY=value.
func pairs(env []string) map[string]string {
	out := make(map[string]string, len(env))
	for _, line := range env {
		if key, value, ok := strings.Cut(line, "="); ok {
			out[key] = value
		}
	}
	return out
}

// unlikeEnv are the variables that the image does not have so, nil for those of
// the image that are unset.
func unlikeEnv(own, image map[string]string) map[string]*string {
	out := map[string]*string{}
	for key, value := range unlike(own, image) {
		out[key] = &value
	}
	for key := range image {
		if _, ok := own[key]; !ok {
			out[key] = nil
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// unlike are the entries of own that base does not have so.
func unlike(own, base map[string]string) map[string]string {
	out := maps.Clone(own)
	maps.DeleteFunc(out, func(key, value string) bool {
		same, ok := base[key]
		return ok && same == value
	})
	return out
}

// unless is the value, or nothing where it is the default.
func unless[T comparable](value, byDefault T) T {
	if value == byDefault {
		var none T
		return none
	}
	return value
}

// anonymousLabel is put by newer engines on the volumes that have no name.
const anonymousLabel = "com.docker.volume.anonymous"

// adoptedLabels are an object's labels without those of docker compose, and of
// the engine itself.
func adoptedLabels(labels map[string]string) map[string]string {
	out := maps.Clone(labels)
	maps.DeleteFunc(out, func(key, _ string) bool {
		return strings.HasPrefix(key, composeLabels) || key == engine.LabelDefinition || key == anonymousLabel
	})
	if len(out) == 0 {
		return nil
	}
	return out
}
