package docker

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/docker/docker/api/types/container"

	"github.com/stackfile/stack/engine"
)

// Processes are those of a container, by the ps of the engine's machine. The
// call is GET /containers/{id}/top.
func (e *Engine) Processes(ctx context.Context, name string) (engine.ProcessTable, error) {
	var out engine.ProcessTable
	err := e.onContainer(ctx, name, "top", func() error {
		found, err := e.client.ContainerTop(ctx, name, nil)
		out = engine.ProcessTable{Titles: found.Titles, Rows: found.Processes}
		return err
	})
	return out, err
}

// Usage measures what a container uses. Engines look twice, a second apart, for
// the processor's share. The call is GET /containers/{id}/stats.
func (e *Engine) Usage(ctx context.Context, name string) (engine.Usage, error) {
	var out engine.Usage
	err := e.onContainer(ctx, name, "stats", func() error {
		answer, err := e.client.ContainerStats(ctx, name, false)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		var measured container.StatsResponse
		if err := json.NewDecoder(answer.Body).Decode(&measured); err != nil {
			return err
		}
		out = decodeUsage(measured)
		return nil
	})
	return out, err
}

func decodeUsage(s container.StatsResponse) engine.Usage {
	out := engine.Usage{
		CPU: share(s), Memory: inUse(s.MemoryStats), MemoryLimit: s.MemoryStats.Limit, Processes: s.PidsStats.Current,
	}
	for _, n := range s.Networks {
		out.Received += n.RxBytes
		out.Sent += n.TxBytes
	}
	for _, entry := range s.BlkioStats.IoServiceBytesRecursive {
		switch strings.ToLower(entry.Op) {
		case "read":
			out.Read += entry.Value
		case "write":
			out.Written += entry.Value
		}
	}
	return out
}

// share is the container's part of the time that all cores had between the two
// looks, in percent of one core.
func share(s container.StatsResponse) float64 {
	used := float64(s.CPUStats.CPUUsage.TotalUsage) - float64(s.PreCPUStats.CPUUsage.TotalUsage)
	passed := float64(s.CPUStats.SystemUsage) - float64(s.PreCPUStats.SystemUsage)
	if used <= 0 || passed <= 0 {
		return 0
	}
	cores := float64(s.CPUStats.OnlineCPUs)
	if cores == 0 {
		cores = float64(len(s.CPUStats.CPUUsage.PercpuUsage))
	}
	return used / passed * cores * 100
}

// inUse leaves out the files that are kept in memory only until it is needed,
// under their names of cgroup v1 and v2, as the docker command does.
func inUse(m container.MemoryStats) uint64 {
	for _, name := range []string{"total_inactive_file", "inactive_file"} {
		if kept, ok := m.Stats[name]; ok && kept < m.Usage {
			return m.Usage - kept
		}
	}
	return m.Usage
}
