package spec

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

func (r *resolver) container(s types.ServiceConfig) Container {
	c := Container{
		Image: s.Image, Platform: s.Platform, Command: command(s.Command), Entrypoint: command(s.Entrypoint),
		Env: r.environment(s), Labels: r.labels(s), WorkingDir: s.WorkingDir, User: s.User, GroupAdd: s.GroupAdd,
		Hostname: s.Hostname, DomainName: s.DomainName, Init: s.Init, Tty: s.Tty, StdinOpen: s.StdinOpen,
		StopSignal: s.StopSignal, Runtime: s.Runtime, Annotations: filled(s.Annotations),
		Healthcheck: healthcheck(s.HealthCheck), Isolation: s.Isolation,
	}
	if c.Image == "" {
		c.Image = r.name + r.separator() + s.Name
	}
	if s.Logging != nil {
		c.Logging = &Logging{Driver: s.Logging.Driver, Options: filled(s.Logging.Options)}
	}
	c.networking(s)
	c.Networks = r.endpoints(s)
	c.Mounts, c.Tmpfs, c.VolumesFrom = r.mounts(s), tmpfs(s.Tmpfs), s.VolumesFrom
	r.devices(s, &c)
	c.security(s)
	c.SecurityOpt = r.securityOpt(s)
	c.Userns, c.UTS, c.PID, c.IPC = s.UserNSMode, s.Uts, s.Pid, s.Ipc
	c.resources(s)
	if n := r.node(s.Name, "mem_swappiness"); n != nil && n.kind == scalarNode {
		v := int64(s.MemSwappiness)
		c.MemorySwappiness = &v
	}
	c.Restart = restart(s)
	return c
}

// command keeps nil, the image's own, apart from empty, none.
func command(c types.ShellCommand) *[]string {
	if c == nil {
		return nil
	}
	list := []string(c)
	return &list
}

// environment is the env files' variables with environment over them.
func (r *resolver) environment(s types.ServiceConfig) map[string]*string {
	declared := r.values(s.Environment)
	read := map[string]string{}
	lookup := func(name string) (string, bool) {
		if v, ok := r.env[name]; ok {
			return v, true
		}
		if v := declared[name]; v != nil {
			return *v, true
		}
		v, ok := read[name]
		return v, ok
	}
	for i, file := range s.EnvFiles {
		path := r.abs(file.Path)
		if !bool(file.Required) && !isFile(path) {
			continue
		}
		unset := func(name string) {
			r.unsetIn(s.Name, "env_file", i, "env file "+shortPath(r.dir, path)+": ", name)
		}
		if err := readEnvFile(path, file.Format, read, lookup, unset); err != nil {
			r.fail(s.Name, "env_file", i, "env file "+shortPath(r.dir, path)+": "+reason(err))
		}
	}
	for key, value := range read {
		if _, ok := declared[key]; !ok {
			declared[key] = &value
		}
	}
	return filled(declared)
}

// labels is the label files' labels with labels over them.
func (r *resolver) labels(s types.ServiceConfig) map[string]string {
	read := map[string]string{}
	lookup := func(name string) (string, bool) { v, ok := read[name]; return v, ok }
	for i, file := range s.LabelFiles {
		unset := func(name string) {
			r.unsetIn(s.Name, "label_file", i, "label file "+shortPath(r.dir, file)+": ", name)
		}
		if err := readEnvFile(r.abs(file), "", read, lookup, unset); err != nil {
			r.fail(s.Name, "label_file", i, "label file "+shortPath(r.dir, file)+": "+reason(err))
		}
	}
	for key, value := range s.Labels {
		read[key] = value
	}
	return filled(read)
}

func healthcheck(h *types.HealthCheckConfig) *Healthcheck {
	if h == nil {
		return nil
	}
	if h.Disable {
		return &Healthcheck{Test: []string{"NONE"}}
	}
	out := &Healthcheck{
		Test: h.Test, Interval: duration(h.Interval), Timeout: duration(h.Timeout),
		StartPeriod: duration(h.StartPeriod), StartInterval: duration(h.StartInterval),
	}
	if h.Retries != nil {
		out.Retries = int(*h.Retries)
	}
	return out
}

func duration(d *types.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(*d)
}

func (c *Container) security(s types.ServiceConfig) {
	c.CapAdd, c.CapDrop = unordered(s.CapAdd), unordered(s.CapDrop)
	c.Privileged, c.ReadOnly = s.Privileged, s.ReadOnly
	c.Sysctls, c.Ulimits, c.StorageOpt = filled(s.Sysctls), ulimits(s.Ulimits), filled(s.StorageOpt)
	c.Cgroup, c.CgroupParent = s.Cgroup, s.CgroupParent
}

// unordered is a sorted copy of a list whose order means nothing.
func unordered(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return out
}

// resources are limits; those under deploy win.
func (c *Container) resources(s types.ServiceConfig) {
	c.CPUs = cores64(s.CPUS)
	c.CPUShares, c.CPUQuota, c.CPUPeriod = s.CPUShares, s.CPUQuota, s.CPUPeriod
	c.CPURTRuntime, c.CPURTPeriod = s.CPURTRuntime, s.CPURTPeriod
	c.CPUSet, c.CPUCount, c.CPUPercent = s.CPUSet, s.CPUCount, int64(s.CPUPercent)
	c.Memory, c.MemorySwap, c.MemoryReserve = int64(s.MemLimit), int64(s.MemSwapLimit), int64(s.MemReservation)
	c.PidsLimit, c.ShmSize = s.PidsLimit, int64(s.ShmSize)
	c.OOMKillDisable, c.OOMScoreAdj = s.OomKillDisable, s.OomScoreAdj
	c.blkio(s.BlkioConfig)
	if s.Deploy == nil {
		return
	}
	if l := s.Deploy.Resources.Limits; l != nil {
		c.CPUs = cmp.Or(cores64(l.NanoCPUs.Value()), c.CPUs)
		c.Memory = cmp.Or(int64(l.MemoryBytes), c.Memory)
		c.PidsLimit = cmp.Or(l.Pids, c.PidsLimit)
	}
	if l := s.Deploy.Resources.Reservations; l != nil {
		c.MemoryReserve = cmp.Or(int64(l.MemoryBytes), c.MemoryReserve)
	}
}

// cores64 is a number of cores in 1e-9 of one. compose-go holds it in 32 bits:
// what was written is the shortest text that gives the same 32 bits.
func cores64(n float32) int64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(float64(n), 'f', -1, 32), 64)
	if err != nil {
		return 0
	}
	return int64(math.Round(v * 1e9))
}

func (c *Container) blkio(b *types.BlkioConfig) {
	if b == nil {
		return
	}
	c.BlkioWeight = b.Weight
	weights := map[string]uint64{}
	for _, d := range b.WeightDevice {
		weights[d.Path] = uint64(d.Weight)
	}
	out := Blkio{
		WeightDevice: filled(weights), ReadBps: rates(b.DeviceReadBps), WriteBps: rates(b.DeviceWriteBps),
		ReadIOps: rates(b.DeviceReadIOps), WriteIOps: rates(b.DeviceWriteIOps),
	}
	if len(out.WeightDevice)+len(out.ReadBps)+len(out.WriteBps)+len(out.ReadIOps)+len(out.WriteIOps) > 0 {
		c.Blkio = &out
	}
}

func rates(list []types.ThrottleDevice) map[string]uint64 {
	out := map[string]uint64{}
	for _, d := range list {
		out[d.Path] = uint64(d.Rate)
	}
	return filled(out)
}

// restart is the restart policy in the engine's form; "" for none. The one
// under deploy wins, and there any is the default.
func restart(s types.ServiceConfig) string {
	policy := s.Restart
	if s.Deploy != nil && s.Deploy.RestartPolicy != nil {
		p := s.Deploy.RestartPolicy
		switch p.Condition {
		case "", "any":
			policy = types.RestartPolicyAlways
		case "none":
			policy = types.RestartPolicyNo
		default:
			policy = p.Condition
		}
		if policy == types.RestartPolicyOnFailure && p.MaxAttempts != nil && *p.MaxAttempts > 0 {
			policy = fmt.Sprintf("%s:%d", policy, *p.MaxAttempts)
		}
	}
	if policy == types.RestartPolicyNo {
		return ""
	}
	return strings.TrimSuffix(policy, ":0")
}

// devices are devices and requests for devices.
func (r *resolver) devices(s types.ServiceConfig, c *Container) {
	for _, d := range s.Devices {
		key := d.Source + ":" + cmp.Or(d.Target, d.Source)
		c.Devices = with(c.Devices, key, cmp.Or(d.Permissions, "rwm"))
	}
	c.CgroupRules = s.DeviceCgroupRules
	for _, g := range s.Gpus {
		g.Capabilities = append(slices.Clone(g.Capabilities), "gpu")
		c.Requests = append(c.Requests, deviceRequest(g))
	}
	if s.Deploy != nil && s.Deploy.Resources.Reservations != nil {
		for _, d := range s.Deploy.Resources.Reservations.Devices {
			c.Requests = append(c.Requests, deviceRequest(d))
		}
	}
}

func deviceRequest(d types.DeviceRequest) DeviceRequest {
	return DeviceRequest{
		Driver: d.Driver, Count: int(d.Count), IDs: d.IDs,
		Capabilities: slices.Compact(unordered(d.Capabilities)), Options: filled(d.Options),
	}
}
