package docker

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/docker/docker/api/types/system"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// limits remembers what the engine's kernel can limit, once it was asked.
type limits struct {
	mu   sync.Mutex // several inspects may ask at once
	info *system.Info
}

// excuse takes a limit that was asked for and is not there for met, where the
// kernel cannot do it: the engine has said so when it was asked, and saying it
// again as drift would not end. For the same reason the field is untold, or a
// plan that changes or adds such a limit would not end. The engine is asked only
// if there is such a limit, or if one is desired.
func (e *Engine) excuse(ctx context.Context, c *engine.Container, desired bool) error {
	if c.Recorded == nil || !desired && len(missing(c.Recorded, c.Observed)) == 0 {
		return nil
	}
	info, err := e.info(ctx)
	if err != nil {
		return err
	}
	for _, l := range kernelLimits {
		if l.able(info) || !l.unset(c.Observed) {
			continue
		}
		if !l.unset(c.Recorded) {
			l.meet(c.Recorded, c.Observed)
		}
		c.Untold = append(c.Untold, l.name)
	}
	return nil
}

func (e *Engine) info(ctx context.Context) (*system.Info, error) {
	e.limits.mu.Lock()
	defer e.limits.mu.Unlock()
	if e.limits.info == nil {
		info, err := e.client.Info(ctx)
		if err != nil {
			return nil, err
		}
		e.limits.info = &info
	}
	return e.limits.info, nil
}

// A limit is a field that a kernel may be unable to do.
type limit struct {
	name  string // in spec.Container, as JSON
	unset func(c *spec.Container) bool
	able  func(*system.Info) bool
	meet  func(recorded, observed *spec.Container)
}

// missing are the limits which were asked for and read back as unset.
func missing(recorded, observed *spec.Container) (out []limit) {
	for _, l := range kernelLimits {
		if !l.unset(recorded) && l.unset(observed) {
			out = append(out, l)
		}
	}
	return out
}

var kernelLimits = []limit{
	field("mem_limit", func(c *spec.Container) *int64 { return &c.Memory }, func(i *system.Info) bool { return i.MemoryLimit }),
	{
		name:  "memswap_limit",
		unset: func(c *spec.Container) bool { return c.MemorySwap == 0 || c.MemorySwap == -1 },
		able:  func(i *system.Info) bool { return i.MemoryLimit && i.SwapLimit },
		meet:  func(recorded, observed *spec.Container) { observed.MemorySwap = recorded.MemorySwap },
	},
	field("cpus", func(c *spec.Container) *int64 { return &c.CPUs }, func(i *system.Info) bool { return i.CPUCfsQuota && i.CPUCfsPeriod }),
	field("cpu_quota", func(c *spec.Container) *int64 { return &c.CPUQuota }, func(i *system.Info) bool { return i.CPUCfsQuota }),
	field("cpu_period", func(c *spec.Container) *int64 { return &c.CPUPeriod }, func(i *system.Info) bool { return i.CPUCfsPeriod }),
	field("cpu_shares", func(c *spec.Container) *int64 { return &c.CPUShares }, func(i *system.Info) bool { return i.CPUShares }),
	field("cpuset", func(c *spec.Container) *string { return &c.CPUSet }, func(i *system.Info) bool { return i.CPUSet }),
	field("pids_limit", func(c *spec.Container) *int64 { return &c.PidsLimit }, func(i *system.Info) bool { return i.PidsLimit }),
	field("blkio_weight", func(c *spec.Container) *uint16 { return &c.BlkioWeight }, weighsIO),
	{
		name:  "blkio_config.weight_device",
		unset: func(c *spec.Container) bool { return c.Blkio == nil || len(c.Blkio.WeightDevice) == 0 },
		able:  weighsIO,
		meet:  func(recorded, observed *spec.Container) { observed.Blkio = recorded.Blkio }, // no live field
	},
	// The engine does not tell of soft limits. It has no way to unset one
	// either, so one that is not there was never taken.
	field("mem_reservation", func(c *spec.Container) *int64 { return &c.MemoryReserve }, func(*system.Info) bool { return false }),
}

func field[T comparable](name string, of func(*spec.Container) *T, able func(*system.Info) bool) limit {
	return limit{
		name:  name,
		unset: func(c *spec.Container) bool { var zero T; return *of(c) == zero },
		able:  able,
		meet:  func(recorded, observed *spec.Container) { *of(observed) = *of(recorded) },
	}
}

// weighsIO: on cgroup v1 kernels lost the weight with 5.0, of which the engine
// says nothing; on v2 it warns.
func weighsIO(i *system.Info) bool {
	major, _, _ := strings.Cut(i.KernelVersion, ".")
	if n, err := strconv.Atoi(major); i.CgroupVersion != "2" && err == nil && n >= 5 {
		return false
	}
	for _, w := range i.Warnings {
		if strings.Contains(w, "blkio weight") || strings.Contains(w, "io.weight") {
			return false
		}
	}
	return true
}
