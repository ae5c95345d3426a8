package docker

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// StartContainer starts a created or stopped container; a running one is left
// alone. The call is POST /containers/{id}/start.
func (e *Engine) StartContainer(ctx context.Context, op engine.StartContainer) error {
	return e.onContainer(ctx, op.Name, "start", func() error {
		return e.client.ContainerStart(ctx, op.Name, container.StartOptions{})
	})
}

// StopContainer asks the program to end, and ends it after the timeout. One
// that is stopped or gone is success. The call is POST /containers/{id}/stop.
func (e *Engine) StopContainer(ctx context.Context, op engine.StopContainer) error {
	return e.onContainer(ctx, op.Name, "stop", func() error {
		return gone(e.client.ContainerStop(ctx, op.Name, stopOptions(op.Timeout)))
	})
}

// RestartContainer stops and starts a container. The call is
// POST /containers/{id}/restart.
func (e *Engine) RestartContainer(ctx context.Context, op engine.RestartContainer) error {
	return e.onContainer(ctx, op.Name, "restart", func() error {
		return e.client.ContainerRestart(ctx, op.Name, stopOptions(op.Timeout))
	})
}

// stopOptions rounds up to seconds; nil leaves the timeout to the container.
func stopOptions(timeout *time.Duration) container.StopOptions {
	if timeout == nil {
		return container.StopOptions{}
	}
	if *timeout < 0 {
		forever := -1
		return container.StopOptions{Timeout: &forever}
	}
	n := int((*timeout + time.Second - 1) / time.Second)
	return container.StopOptions{Timeout: &n}
}

// UnpauseContainer lets a paused container go on; one that runs is success. The
// call is POST /containers/{id}/unpause.
func (e *Engine) UnpauseContainer(ctx context.Context, op engine.UnpauseContainer) error {
	return e.onContainer(ctx, op.Name, "unpause", func() error {
		err := e.client.ContainerUnpause(ctx, op.Name)
		if err == nil {
			return nil
		}
		if found, look := e.client.ContainerInspect(ctx, op.Name); look == nil && found.State.Running && !found.State.Paused {
			return nil
		}
		return err
	})
}

// RenameContainer gives a container another name. That it has the name already
// is success. The call is POST /containers/{id}/rename.
func (e *Engine) RenameContainer(ctx context.Context, op engine.RenameContainer) error {
	return e.onContainer(ctx, op.From, "rename to "+op.To, func() error {
		err := e.client.ContainerRename(ctx, op.From, op.To)
		if err != nil && e.renamed(ctx, op) {
			return nil
		}
		return err
	})
}

// renamed reports whether an earlier call did the work: what op calls From, an
// ID perhaps, has the name, or nothing is called From any more.
func (e *Engine) renamed(ctx context.Context, op engine.RenameContainer) bool {
	found, err := e.client.ContainerInspect(ctx, op.From)
	if errdefs.IsNotFound(err) {
		found, err = e.client.ContainerInspect(ctx, op.To)
	}
	return err == nil && found.Name == "/"+op.To
}

// RemoveContainer removes a container, running or not; one that is gone, or is
// on its way, is success. The call is DELETE /containers/{id}.
func (e *Engine) RemoveContainer(ctx context.Context, op engine.RemoveContainer) error {
	return e.onContainer(ctx, op.Name, "remove", func() error {
		err := gone(e.client.ContainerRemove(ctx, op.Name, container.RemoveOptions{Force: true, RemoveVolumes: op.Volumes}))
		if errdefs.IsConflict(err) {
			return e.removed(ctx, op.Name, err)
		}
		return err
	})
}

// removed waits for a removal that somebody else has begun, which answers this
// one with the conflict.
func (e *Engine) removed(ctx context.Context, name string, conflict error) error {
	found, err := e.client.ContainerInspect(ctx, name)
	switch {
	case errdefs.IsNotFound(err):
		return nil
	case err != nil:
		return err
	case found.State.Status != container.StateRemoving:
		return conflict
	}
	over, failed := e.client.ContainerWait(ctx, found.ID, container.WaitConditionRemoved)
	select {
	case <-over:
		return nil
	case err := <-failed:
		return gone(err)
	}
}

// UpdateContainer changes resources and the restart policy in place: the fields
// that op names, no others. What the engine cannot do is in the outcome's
// warnings. The call is POST /containers/{id}/update.
func (e *Engine) UpdateContainer(ctx context.Context, op engine.UpdateContainer) (plan.Outcome, error) {
	var answer container.UpdateResponse
	err := e.onContainer(ctx, op.Name, "update", func() error {
		change, err := convertUpdate(op)
		if err != nil {
			return err
		}
		answer, err = e.client.ContainerUpdate(ctx, op.Name, change)
		return err
	})
	return plan.Outcome{Warnings: answer.Warnings}, err
}

// convertUpdate refuses to take a limit away, which the engine cannot do.
func convertUpdate(op engine.UpdateContainer) (container.UpdateConfig, error) {
	var out container.UpdateConfig
	for _, field := range op.Fields {
		set, ok := updates[field]
		if !ok {
			return out, fmt.Errorf("attribute %s: cannot change in place: %w", field, engine.ErrUnsupported)
		}
		if !set(&out, op.Definition) {
			return out, fmt.Errorf("attribute %s: cannot be unset in place: %w", field, engine.ErrUnsupported)
		}
	}
	return out, nil
}

// updates holds, by JSON name, how each field that is live by "update" or "set"
// is sent. They report whether the definition has a value that can be sent.
var updates = map[string]func(*container.UpdateConfig, spec.Container) bool{
	"restart":       setRestart,
	"pids_limit":    setPids,
	"mem_limit":     setMemory,
	"memswap_limit": setMemory,
	"mem_reservation": func(u *container.UpdateConfig, c spec.Container) bool {
		return set(&u.MemoryReservation, c.MemoryReserve)
	},
	"cpus":       func(u *container.UpdateConfig, c spec.Container) bool { return set(&u.NanoCPUs, c.CPUs) },
	"cpu_shares": func(u *container.UpdateConfig, c spec.Container) bool { return set(&u.CPUShares, c.CPUShares) },
	"cpu_quota":  func(u *container.UpdateConfig, c spec.Container) bool { return set(&u.CPUQuota, c.CPUQuota) },
	"cpu_period": func(u *container.UpdateConfig, c spec.Container) bool { return set(&u.CPUPeriod, c.CPUPeriod) },
	"cpu_rt_runtime": func(u *container.UpdateConfig, c spec.Container) bool {
		return set(&u.CPURealtimeRuntime, c.CPURTRuntime)
	},
	"cpu_rt_period": func(u *container.UpdateConfig, c spec.Container) bool {
		return set(&u.CPURealtimePeriod, c.CPURTPeriod)
	},
	"cpuset":       func(u *container.UpdateConfig, c spec.Container) bool { return set(&u.CpusetCpus, c.CPUSet) },
	"blkio_weight": func(u *container.UpdateConfig, c spec.Container) bool { return set(&u.BlkioWeight, c.BlkioWeight) },
}

func set[T comparable](field *T, value T) bool {
	*field = value
	var unset T
	return value != unset
}

func setRestart(u *container.UpdateConfig, c spec.Container) bool {
	u.RestartPolicy = restartPolicy(c.Restart)
	return true
}

// setPids can unset: the engine takes -1 for no limit.
func setPids(u *container.UpdateConfig, c spec.Container) bool {
	limit := c.PidsLimit
	if limit == 0 {
		limit = -1
	}
	u.PidsLimit = &limit
	return true
}

// setMemory sends both limits at once, since the engine refuses a memory limit
// above the swap limit of before. An unset swap limit is twice the memory.
func setMemory(u *container.UpdateConfig, c spec.Container) bool {
	u.Memory, u.MemorySwap = c.Memory, c.MemorySwap
	if u.MemorySwap == 0 {
		u.MemorySwap = 2 * c.Memory
	}
	return c.Memory != 0
}

// onContainer runs one act on a container and names it in the error.
func (e *Engine) onContainer(ctx context.Context, name, act string, do func() error) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	return e.fail(do(), "container %s: %s", name, act)
}

// gone takes the absence of what is to be away for success.
func gone(err error) error {
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}
