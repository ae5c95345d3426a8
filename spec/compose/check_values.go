package compose

import (
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

func (c checker) scale(s types.ServiceConfig) error {
	if s.Scale != nil && s.Deploy != nil {
		if s.Deploy.Replicas != nil && *s.Scale != *s.Deploy.Replicas {
			return invalid("services.%s: can't set distinct values on 'scale' and 'deploy.replicas'", s.Name)
		}
		s.Deploy.Replicas = s.Scale
	}
	switch {
	case s.Scale != nil && *s.Scale < 0:
		return fmt.Errorf("services.%s.scale: must be greater than or equal to 0", s.Name)
	case s.Deploy != nil && s.Deploy.Replicas != nil && *s.Deploy.Replicas < 0:
		return fmt.Errorf("services.%s.deploy.replicas: must be greater than or equal to 0", s.Name)
	case s.GetScale() > 1 && s.ContainerName != "":
		return invalid("services.%s: can't set container_name and scale as container name must be unique", s.Name)
	}
	return nil
}

func (c checker) limits(s types.ServiceConfig) error {
	if s.Deploy == nil {
		return nil
	}
	distinct := func(key, other string) error {
		return invalid("services.%s: can't set distinct values on '%s' and 'deploy.resources.%s'", s.Name, key, other)
	}
	if limits := s.Deploy.Resources.Limits; limits != nil {
		switch {
		case s.CPUS != 0 && limits.NanoCPUs.Value() != s.CPUS:
			return distinct("cpus", "limits.cpus")
		case s.MemLimit != 0 && limits.MemoryBytes != s.MemLimit:
			return distinct("mem_limit", "limits.memory")
		case s.PidsLimit != 0 && limits.Pids != s.PidsLimit:
			return distinct("pids_limit", "limits.pids")
		}
	}
	if kept := s.Deploy.Resources.Reservations; kept != nil && s.MemReservation != 0 && kept.MemoryBytes != s.MemReservation {
		return distinct("mem_reservation", "reservations.memory")
	}
	return nil
}

func (c checker) watches(s types.ServiceConfig) error {
	if s.Develop == nil {
		return nil
	}
	for _, w := range s.Develop.Watch {
		if w.Target == "" && w.Action != types.WatchActionRebuild && w.Action != types.WatchActionRestart {
			return invalid("services.%s.develop.watch: target is required for non-rebuild actions", s.Name)
		}
	}
	return nil
}

func (c checker) mounts(s types.ServiceConfig) error {
	taken := map[string]string{}
	take := func(key string, i int, target string) error {
		at := fmt.Sprintf("services.%s.%s[%d]", s.Name, key, i)
		if other, ok := taken[target]; ok {
			return fmt.Errorf("%s: target %s already mounted as %s", at, target, other)
		}
		taken[target] = at
		return nil
	}
	for i, tmpfs := range s.Tmpfs {
		target, _, _ := strings.Cut(tmpfs, ":")
		if err := take("tmpfs", i, target); err != nil {
			return err
		}
	}
	for i, volume := range s.Volumes {
		if err := take("volumes", i, volume.Target); err != nil {
			return err
		}
	}
	return nil
}
