package spec

import (
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// A Provider is a service that no engine runs: another program makes it, and
// says by which variables those who depend on it reach it. Specification,
// chapter 05, provider.
type Provider struct {
	Name    string
	Type    string              // names the program
	Options map[string][]string // what it is asked for
	At      Position            `json:"-"` // where the file says so
}

// A Model is one that the engine's model runner serves. Specification, chapter
// 16, models.
type Model struct {
	Model       string   // such as ai/smollm2
	ContextSize int      `json:",omitempty"` // in tokens; 0: the runner's own
	Flags       []string `json:",omitempty"` // for the runner
	At          Position `json:"-"`          // where the file says so
}

// A ModelUse is a model in a service: the variables that lead to it.
type ModelUse struct {
	Endpoint string // the variable with the runner's URL
	Model    string // the variable with the model's name
}

// outside adds what a service has from outside the engine.
func (r *resolver) outside(s types.ServiceConfig, out *Service) {
	for _, name := range slices.Sorted(maps.Keys(s.DependsOn)) {
		if r.project.Services[name].Provider != nil {
			delete(out.DependsOn, name)
			out.Providers = append(out.Providers, name)
		}
	}
	for name, use := range s.Models {
		prefix := VariablePrefix(name)
		u := ModelUse{Endpoint: prefix + "URL", Model: prefix + "MODEL"}
		if use != nil && use.EndpointVariable != "" {
			u.Endpoint = use.EndpointVariable
		}
		if use != nil && use.ModelVariable != "" {
			u.Model = use.ModelVariable
		}
		out.Models = with(out.Models, name, u)
	}
}

// VariablePrefix begins the names of the variables that lead to a provider or a
// model.
func VariablePrefix(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_"
}

// provider is a service that another program provides.
func (r *resolver) provider(s types.ServiceConfig) Provider {
	at := r.node(s.Name, "provider", "type").position()
	return Provider{Name: s.Name, Type: s.Provider.Type, Options: filled(s.Provider.Options), At: at}
}

// models are those that services use.
func (r *resolver) models(s *Stack) {
	for _, service := range s.Services {
		for name := range service.Models {
			m := r.project.Models[name]
			at := r.tree.get("models", name, "model").position()
			s.Models = with(s.Models, name, Model{Model: m.Model, ContextSize: m.ContextSize, Flags: m.RuntimeFlags, At: at})
		}
	}
}

// Declares reports whether a file of the stack has a service of that name, also
// outside the active profiles, and also one that no engine runs.
func (s *Stack) Declares(service string) bool {
	_, active := s.Services[service]
	_, provided := s.Providers[service]
	return active || provided || slices.Contains(s.Inactive, service)
}

// WithVariables is the stack with variables added to the environments of its
// services, by service; those that a service has of its own stay. The services
// wait for none any more. The stack itself is not changed.
func (s *Stack) WithVariables(variables map[string]map[string]string) *Stack {
	out := *s
	out.Services = maps.Clone(s.Services)
	for name, service := range out.Services {
		env, given := maps.Clone(service.Container.Env), []string(nil)
		for _, key := range slices.Sorted(maps.Keys(variables[name])) {
			if _, own := env[key]; !own {
				value := variables[name][key]
				env, given = with(env, key, &value), append(given, key)
			}
		}
		service.Container.Env, service.Outside, service.Providers, service.Models = env, given, nil, nil
		out.Services[name] = service
	}
	return &out
}
