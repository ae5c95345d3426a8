package spec

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A castTree says at which paths a text becomes a number or a boolean once its
// variables are substituted, step by step along the path. The nil tree casts
// nothing.
type castTree struct {
	children map[string]*castTree
	cast     func(string) (any, error)
	want     string // for messages
}

func (c *castTree) next(step string) *castTree {
	if c == nil {
		return nil
	}
	if child, ok := c.children[step]; ok {
		return child
	}
	return c.children["*"]
}

// A scalarType is what a text is to become, with the paths of an attribute.
type scalarType struct {
	want  string
	cast  func(string) (any, error)
	paths []string
}

// The attributes that are cast: of what is at the top, of all containers, of
// services and jobs, and of services. As compose-go has them; a test keeps it so.
var (
	topCasts = []scalarType{{"true or false", toBool, []string{
		"networks.*.external", "networks.*.internal", "networks.*.attachable", "networks.*.enable_ipv4", "networks.*.enable_ipv6",
		"volumes.*.external", "secrets.*.external", "configs.*.external",
	}}}
	containerCasts = []scalarType{
		{"a whole number", toInt, []string{
			"cpu_count", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_shares",
			"oom_score_adj", "pids_limit", "ulimits.*", "ulimits.*.hard", "ulimits.*.soft",
		}},
		{"a whole number", toMask, []string{"umask"}},
		{"a number", toFloat, []string{"cpu_percent"}},
		{"a number", toShortFloat, []string{"cpus"}},
		{"true or false", toBool, []string{
			"init", "networks.*.use_service_name_alias", "oom_kill_disable", "privileged", "read_only",
			"volumes.[].read_only", "volumes.[].volume.nocopy",
		}},
	}
	workloadCasts = []scalarType{
		{"a whole number", toInt, []string{"healthcheck.retries", "ports.[].target"}},
		{"true or false", toBool, []string{
			"depends_on.*.required", "depends_on.*.restart", "healthcheck.disable", "stdin_open", "tty",
		}},
	}
	serviceCasts = []scalarType{
		{"a whole number", toInt, []string{
			"deploy.replicas", "deploy.update_config.parallelism", "deploy.rollback_config.parallelism",
			"deploy.restart_policy.max_attempts", "deploy.placement.max_replicas_per_node", "scale",
		}},
		{"a number", toFloat, []string{"deploy.update_config.max_failure_ratio", "deploy.rollback_config.max_failure_ratio"}},
		{"true or false", toBool, []string{"x-stack.update.shared_volumes"}},
	}
)

// casts is the tree of all of them, made when the first file is read.
var casts = sync.OnceValue(newCastTree)

func newCastTree() *castTree {
	root := &castTree{}
	root.add("", topCasts)
	root.add("services.*.", slices.Concat(containerCasts, workloadCasts, serviceCasts))
	root.add("services.*.pre_start.*.", containerCasts)
	root.add("jobs.*.", slices.Concat(containerCasts, workloadCasts))
	return root
}

func (c *castTree) add(prefix string, types []scalarType) {
	for _, t := range types {
		for _, path := range t.paths {
			at := c
			for _, step := range strings.Split(prefix+path, ".") {
				at = at.child(step)
			}
			at.cast, at.want = t.cast, t.want
		}
	}
}

func (c *castTree) child(step string) *castTree {
	if c.children == nil {
		c.children = map[string]*castTree{}
	}
	if c.children[step] == nil {
		c.children[step] = &castTree{}
	}
	return c.children[step]
}

var errNoBool = errors.New("neither true nor false")

// toBool knows the words of YAML 1.1 too.
func toBool(text string) (any, error) {
	switch strings.ToLower(text) {
	case "true", "y", "yes", "on":
		return true, nil
	case "false", "n", "no", "off":
		return false, nil
	}
	return nil, errNoBool
}

func toInt(text string) (any, error) { return strconv.Atoi(text) }

// toMask reads a mask as YAML has it: octal with a 0 before it.
func toMask(text string) (any, error) {
	mask, err := strconv.ParseUint(text, 0, 32)
	return int(mask), err
}

func toFloat(text string) (any, error) { return strconv.ParseFloat(text, 64) }

// toShortFloat is as exact as the engine's field for it.
func toShortFloat(text string) (any, error) {
	n, err := strconv.ParseFloat(text, 32)
	return n, err
}
