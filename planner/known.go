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
		variables[c.Service] = recordedVariables(s, *c.Recorded)
	}
	if variables == nil {
		return desired
	}
	return desired.WithVariables(variables)
}

func recordedVariables(s spec.Service, c spec.Container) map[string]string {
	out := map[string]string{}
	for key, value := range c.Env {
		if value != nil && fromOutside(s, key) {
			out[key] = *value
		}
	}
	return out
}

// fromOutside reports whether a variable is one of those of a provider or a
// model.
func fromOutside(s spec.Service, key string) bool {
	for _, name := range s.Providers {
		if strings.HasPrefix(key, spec.VariablePrefix(name)) {
			return true
		}
	}
	for _, use := range s.Models {
		if key == use.Endpoint || key == use.Model {
			return true
		}
	}
	return false
}
