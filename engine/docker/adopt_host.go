package docker

import (
	"slices"
	"strings"

	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// defaultShm is what the engine takes for shm_size where nobody says anything.
const defaultShm = 64 << 20

// host reads what stands in the host's config and belongs nowhere else.
func (b readBack) host(c *spec.Container) {
	h := b.found.HostConfig
	c.Init, c.GroupAdd, c.Annotations = h.Init, some(h.GroupAdd), filled(h.Annotations)
	c.Runtime = unless(h.Runtime, b.info.DefaultRuntime)
	c.Isolation = unless(string(h.Isolation), "default")
	c.Logging = b.logging()
	c.DNS, c.DNSSearch, c.DNSOptions = some(h.DNS), some(h.DNSSearch), some(h.DNSOptions)
	c.ExtraHosts = extraHosts(h.ExtraHosts)
	c.PID, c.IPC = b.namespace(string(h.PidMode)), unless(b.namespace(string(h.IpcMode)), string(container.IPCModePrivate))
	c.UTS, c.Userns = string(h.UTSMode), string(h.UsernsMode)
	c.Cgroup, c.CgroupParent = unless(string(h.CgroupnsMode), b.cgroup()), h.CgroupParent
	c.StorageOpt, c.Sysctls = filled(h.StorageOpt), filled(h.Sysctls)
	for _, from := range h.VolumesFrom {
		c.VolumesFrom = append(c.VolumesFrom, b.lender(from))
	}
	for _, d := range h.Devices {
		c.Devices = put(c.Devices, d.PathOnHost+":"+d.PathInContainer, d.CgroupPermissions)
	}
	c.CgroupRules = some(h.DeviceCgroupRules)
	b.requests(c)
}

// cgroup is the engine's choice of cgroup namespace.
func (b readBack) cgroup() string {
	if b.info.CgroupVersion == "2" {
		return string(container.CgroupnsModePrivate)
	}
	return string(container.CgroupnsModeHost)
}

// logging leaves out the engine's own driver, and with it the options that may
// be the engine's: it adds its own, and does not tell which those are.
func (b readBack) logging() *spec.Logging {
	l := b.found.HostConfig.LogConfig
	out := spec.Logging{Driver: unless(l.Type, b.info.LoggingDriver), Options: filled(l.Config)}
	if out.Driver == "" && out.Options == nil {
		return nil
	}
	return &out
}

// extraHosts are sorted, and in the older of the two notations.
func extraHosts(list []string) []string {
	var out []string
	for _, host := range list {
		if name, address, ok := strings.Cut(host, "="); ok {
			host = name + ":" + address
		}
		out = append(out, host)
	}
	slices.Sort(out)
	return out
}

// namespace puts a container back into the words of a file: a service of the
// same project, or another container by its name.
func (b readBack) namespace(mode string) string {
	id, ok := strings.CutPrefix(mode, "container:")
	if !ok {
		return mode
	}
	switch other, known := b.names[id]; {
	case !known:
		return mode
	case b.sibling(other):
		return "service:" + other.service
	default:
		return "container:" + other.name
	}
}

func (b readBack) sibling(other peer) bool {
	return other.service != "" && other.project == b.found.Config.Labels[engine.LabelProject]
}

// lender puts an entry of volumes_from back into the words of a file.
func (b readBack) lender(from string) string {
	id, mode, _ := strings.Cut(from, ":")
	if mode = strings.TrimPrefix(mode, "rw"); mode != "" {
		mode = ":" + mode
	}
	other, known := b.names[id]
	if !known {
		other.name = id
	}
	if b.sibling(other) {
		return other.service + mode
	}
	return "container:" + other.name + mode
}

// requests are of devices: those by CDI name stand among the devices.
func (b readBack) requests(c *spec.Container) {
	for _, r := range b.found.HostConfig.DeviceRequests {
		if r.Driver == "cdi" {
			for _, name := range r.DeviceIDs {
				c.Devices = put(c.Devices, name+":"+name, "rwm")
			}
			continue
		}
		request := spec.DeviceRequest{Driver: r.Driver, Count: r.Count, IDs: some(r.DeviceIDs), Options: filled(r.Options)}
		if len(r.Capabilities) > 0 {
			request.Capabilities = slices.Compact(slices.Sorted(slices.Values(r.Capabilities[0])))
		}
		c.Requests = append(c.Requests, request)
	}
}

func (b readBack) security(c *spec.Container) {
	h := b.found.HostConfig
	c.CapAdd, c.CapDrop = sorted(h.CapAdd), sorted(h.CapDrop)
	c.Privileged, c.ReadOnly = h.Privileged, h.ReadonlyRootfs
	added := b.addedSecurity()
	for _, opt := range h.SecurityOpt {
		if !slices.Contains(added, opt) {
			c.SecurityOpt = append(c.SecurityOpt, opt)
		}
	}
	// The engine tells the default paths, or none for a privileged one.
	if !h.Privileged && h.MaskedPaths != nil && len(h.MaskedPaths)+len(h.ReadonlyPaths) == 0 {
		c.SecurityOpt = append(c.SecurityOpt, "systempaths=unconfined")
	}
	slices.Sort(c.SecurityOpt)
	for _, u := range h.Ulimits {
		if c.Ulimits == nil {
			c.Ulimits = map[string]spec.Ulimit{}
		}
		c.Ulimits[u.Name] = spec.Ulimit{Soft: u.Soft, Hard: u.Hard}
	}
}

// addedSecurity are the options which the engine adds, or which change nothing.
func (b readBack) addedSecurity() []string {
	h := b.found.HostConfig
	var out []string
	if h.Privileged || h.PidMode.IsHost() || h.IpcMode.IsHost() {
		out = append(out, "label=disable")
	}
	if h.Privileged {
		out = append(out, "systempaths=unconfined")
	}
	return out
}

// resources are limits. Those that can change later are read as they are.
func (b readBack) resources(c *spec.Container) {
	r := b.found.HostConfig.Resources
	live := observe(spec.Container{NetworkMode: "untouched"}, b.found)
	c.Restart, c.CPUs, c.CPUShares, c.CPUQuota, c.CPUPeriod = live.Restart, live.CPUs, live.CPUShares, live.CPUQuota, live.CPUPeriod
	c.CPURTRuntime, c.CPURTPeriod, c.CPUSet = live.CPURTRuntime, live.CPURTPeriod, live.CPUSet
	c.Memory, c.MemorySwap, c.MemoryReserve = live.Memory, live.MemorySwap, live.MemoryReserve
	c.PidsLimit, c.BlkioWeight = live.PidsLimit, live.BlkioWeight
	if s := r.MemorySwappiness; s != nil && *s >= 0 {
		c.MemorySwappiness = s
	}
	c.OOMKillDisable = r.OomKillDisable != nil && *r.OomKillDisable
	c.OOMScoreAdj, c.ShmSize = int64(b.found.HostConfig.OomScoreAdj), unless(b.found.HostConfig.ShmSize, defaultShm)
	c.CPUCount, c.CPUPercent = r.CPUCount, r.CPUPercent
	c.Blkio = readBlkio(r)
}

func readBlkio(r container.Resources) *spec.Blkio {
	out := spec.Blkio{
		ReadBps: unthrottle(r.BlkioDeviceReadBps), WriteBps: unthrottle(r.BlkioDeviceWriteBps),
		ReadIOps: unthrottle(r.BlkioDeviceReadIOps), WriteIOps: unthrottle(r.BlkioDeviceWriteIOps),
	}
	for _, d := range r.BlkioWeightDevice {
		if out.WeightDevice == nil {
			out.WeightDevice = map[string]uint64{}
		}
		out.WeightDevice[d.Path] = uint64(d.Weight)
	}
	if len(out.WeightDevice)+len(out.ReadBps)+len(out.WriteBps)+len(out.ReadIOps)+len(out.WriteIOps) == 0 {
		return nil
	}
	return &out
}

func unthrottle(list []*blkiodev.ThrottleDevice) map[string]uint64 {
	var out map[string]uint64
	for _, d := range list {
		if out == nil {
			out = map[string]uint64{}
		}
		out[d.Path] = d.Rate
	}
	return out
}

// some is a list, nil when it is empty.
func some(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func filled(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}

func put(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}
