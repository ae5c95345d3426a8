package docker

import (
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"

	"github.com/stackfile/stack/spec"
)

func convertResources(c spec.Container) container.Resources {
	r := container.Resources{
		CPUShares: c.CPUShares, NanoCPUs: c.CPUs, CPUPeriod: c.CPUPeriod, CPUQuota: c.CPUQuota,
		CPURealtimePeriod: c.CPURTPeriod, CPURealtimeRuntime: c.CPURTRuntime, CpusetCpus: c.CPUSet,
		CPUCount: c.CPUCount, CPUPercent: c.CPUPercent,
		Memory: c.Memory, MemorySwap: c.MemorySwap, MemoryReservation: c.MemoryReserve,
		MemorySwappiness: c.MemorySwappiness, BlkioWeight: c.BlkioWeight,
		CgroupParent: c.CgroupParent, DeviceCgroupRules: c.CgroupRules,
		Devices: convertDevices(c.Devices), DeviceRequests: convertRequests(c), Ulimits: convertUlimits(c.Ulimits),
	}
	if c.PidsLimit != 0 {
		r.PidsLimit = &c.PidsLimit
	}
	if c.OOMKillDisable {
		r.OomKillDisable = &c.OOMKillDisable
	}
	convertBlkio(&r, c.Blkio)
	return r
}

// restartPolicy reads "on-failure:3" and the like; "" is no.
func restartPolicy(text string) container.RestartPolicy {
	name, count, _ := strings.Cut(text, ":")
	if name == "" {
		name = string(container.RestartPolicyDisabled)
	}
	n, _ := strconv.Atoi(count) // spec has checked it
	return container.RestartPolicy{Name: container.RestartPolicyMode(name), MaximumRetryCount: n}
}

func convertUlimits(limits map[string]spec.Ulimit) (out []*container.Ulimit) {
	for _, name := range sortedKeys(limits) {
		out = append(out, &container.Ulimit{Name: name, Soft: limits[name].Soft, Hard: limits[name].Hard})
	}
	return out
}

// convertDevices leaves out devices by CDI name, which are requests.
func convertDevices(devices map[string]string) (out []container.DeviceMapping) {
	for _, key := range sortedKeys(devices) {
		if _, cdi := spec.CDIName(key); cdi {
			continue
		}
		source, target, ok := strings.Cut(key, ":")
		if !ok {
			target = source
		}
		permissions := devices[key]
		if permissions == "" {
			permissions = "rwm"
		}
		out = append(out, container.DeviceMapping{PathOnHost: source, PathInContainer: target, CgroupPermissions: permissions})
	}
	return out
}

func convertRequests(c spec.Container) (out []container.DeviceRequest) {
	for _, r := range c.Requests {
		request := container.DeviceRequest{Driver: r.Driver, Count: r.Count, DeviceIDs: r.IDs, Options: r.Options}
		if len(r.Capabilities) > 0 {
			request.Capabilities = [][]string{r.Capabilities}
		}
		out = append(out, request)
	}
	if names := cdiDevices(c); len(names) > 0 {
		out = append(out, container.DeviceRequest{Driver: "cdi", DeviceIDs: names})
	}
	return out
}

func cdiDevices(c spec.Container) (names []string) {
	for _, key := range sortedKeys(c.Devices) {
		if name, ok := spec.CDIName(key); ok {
			names = append(names, name)
		}
	}
	return names
}

func convertBlkio(r *container.Resources, b *spec.Blkio) {
	if b == nil {
		return
	}
	for _, path := range sortedKeys(b.WeightDevice) {
		r.BlkioWeightDevice = append(r.BlkioWeightDevice, &blkiodev.WeightDevice{Path: path, Weight: uint16(b.WeightDevice[path])})
	}
	r.BlkioDeviceReadBps = throttle(b.ReadBps)
	r.BlkioDeviceWriteBps = throttle(b.WriteBps)
	r.BlkioDeviceReadIOps = throttle(b.ReadIOps)
	r.BlkioDeviceWriteIOps = throttle(b.WriteIOps)
}

func throttle(rates map[string]uint64) (out []*blkiodev.ThrottleDevice) {
	for _, path := range sortedKeys(rates) {
		out = append(out, &blkiodev.ThrottleDevice{Path: path, Rate: rates[path]})
	}
	return out
}
