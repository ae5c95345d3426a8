package planner

import (
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// known is the stack with the variables of providers and models that were not
// asked: as the services' containers have them. Those of a service without one
// stay unknown, which changes nothing of the plan: it is created in any case.
func known(desired *spec.Stack, observed engine.State) *spec.Stack {
	var variables map[string]map[string]string
	for _, c := range observed.Containers {
		s := desired.Services[c.Service]
		if len(s.Providers)+len(s.Models) == 0 || c.Recorded == nil || variables[c.Service] != nil {
			continue
		}
		if variables == nil {
			variables = map[string]map[string]string{}
		}
		variables[c.Service] = recordedVariables(c)
	}
	if variables == nil {
		return desired
	}
	return desired.WithVariables(variables)
}

// recordedVariables are those of a container that its label says are from
// outside.
func recordedVariables(c engine.Container) map[string]string {
	out := map[string]string{}
	for _, key := range strings.Split(c.Labels[engine.LabelOutside], ",") {
		if value := c.Recorded.Env[key]; value != nil {
			out[key] = *value
		}
	}
	return out
}
