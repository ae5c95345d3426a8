package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// Placement is what a service asks of the machine that it runs on, from
// deploy.placement. It is no part of its containers.
type Placement struct {
	Constraints []Constraint `json:",omitempty"` // all of them have to hold
	MaxReplicas int          `json:",omitempty"` // on one engine; 0: any number
}

// A Constraint is one of deploy.placement.constraints, KEY==VALUE or
// KEY!=VALUE, as a swarm has them.
type Constraint struct {
	Key, Value string
	Not        bool `json:",omitempty"`
}

func (c Constraint) String() string {
	if c.Not {
		return c.Key + "!=" + c.Value
	}
	return c.Key + "==" + c.Value
}

// Reservation is what one replica wants to have for itself, from
// deploy.resources.reservations. Devices and memory are asked of the engine too,
// in the Container.
type Reservation struct {
	CPUs    int64            `json:",omitempty"` // in 1e-9 of a core
	Memory  int64            `json:",omitempty"` // in bytes
	Generic map[string]int64 `json:",omitempty"` // how many, by kind
}

// The keys of constraints, besides node.labels.* and engine.labels.*.
var constraintKeys = []string{"node.id", "node.hostname", "node.ip", "node.role", "node.platform.os", "node.platform.arch"}

// constraintForm is what a swarm accepts.
var constraintForm = regexp.MustCompile(`(?i)^([a-z_][a-z0-9\-_.]+)\s*(==|!=)\s*([a-z0-9:\-_\s.*()?+\[\]\\^$|/]+)$`)

func parseConstraint(text string) (Constraint, error) {
	m := constraintForm.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return Constraint{}, fmt.Errorf("%q: no constraint; write KEY==VALUE or KEY!=VALUE", shorten(text))
	}
	c := Constraint{Key: m[1], Value: strings.TrimSpace(m[3]), Not: m[2] == "!="}
	_, node := strings.CutPrefix(c.Key, "node.labels.")
	_, engine := strings.CutPrefix(c.Key, "engine.labels.")
	if !node && !engine && !slices.Contains(constraintKeys, c.Key) {
		return c, fmt.Errorf("%q: unknown key; there are %s, node.labels.NAME and engine.labels.NAME", shorten(c.Key), strings.Join(constraintKeys, ", "))
	}
	return c, nil
}

func checkConstraint(n *node) error {
	_, err := parseConstraint(n.text())
	return err
}

// placed reads placement and reservations, which were checked.
func placed(d *types.DeployConfig) (p Placement, want Reservation) {
	if d == nil {
		return p, want
	}
	for _, text := range d.Placement.Constraints {
		if c, err := parseConstraint(text); err == nil {
			p.Constraints = append(p.Constraints, c)
		}
	}
	p.MaxReplicas = int(d.Placement.MaxReplicas) //nolint:gosec // a small number, or all replicas anyhow
	if r := d.Resources.Reservations; r != nil {
		want.CPUs, want.Memory = cores64(r.NanoCPUs.Value()), int64(r.MemoryBytes)
		for _, g := range r.GenericResources {
			if g.DiscreteResourceSpec != nil {
				if want.Generic == nil {
					want.Generic = map[string]int64{}
				}
				want.Generic[g.DiscreteResourceSpec.Kind] += g.DiscreteResourceSpec.Value
			}
		}
	}
	return p, want
}
